import { expect, test } from "vitest";
import { runExample } from "./support/program.ts";

test("hono.ts answers, echoes, streams and works on afterwards", async () => {
  const { url, program } = await runExample("hono.ts");
  const hello = await fetch(new URL("/hello/w%C3%B6rld", url));
  expect(await hello.json()).toEqual({ hello: "wörld", from: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) });
  await program.prints(/^greeted wörld$/m);
  const echo = await fetch(new URL("/echo", url), { method: "POST", body: "é".repeat(100_000) });
  expect(await echo.text()).toBe("é".repeat(100_000));
  const events = await fetch(new URL("/events", url));
  expect(events.headers.get("content-type")).toBe("text/event-stream");
  expect(await events.text()).toBe("data: event 1\n\ndata: event 2\n\ndata: event 3\n\n");
});
