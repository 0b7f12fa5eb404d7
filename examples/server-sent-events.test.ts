import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { curl, runExample } from "./support/program.ts";

test("server-sent-events.ts sends what is posted to every listener until it leaves", async () => {
  const { url, port, program } = await runExample("server-sent-events.ts");
  const listeners = [await Client.connect(port), await Client.connect(port)];
  for (const listener of listeners) {
    listener.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await listener.receive(" listening\n\n");
  }
  await curl("--data", "Hello!", new URL("/", url).href);
  for (const listener of listeners) {
    expect(await listener.receive(/data: "Hello!"\n\n/)).toMatch(/^Content-Type: text\/event-stream\r$/m);
  }

  listeners[0]?.leave();
  await program.prints(/^a listener left, 1 stay$/m);
  listeners[1]?.finish(); // closes its sending side only: the stream ends as a complete response
  expect(await listeners[1]?.end()).toMatch(/\r\n0\r\n\r\n$/);
  await program.prints(/^a listener left, 0 stay$/m);
  expect(program.stderr).not.toMatch(/failed/);
});

test("server-sent-events.ts is read with EventSource's headers by fetch, and says where to listen", async () => {
  const { url } = await runExample("server-sent-events.ts");
  expect(await curl(new URL("/", url).href)).toBe("Listen at /events, POST to /\r\n");
  const leaving = new AbortController();
  const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal: leaving.signal });
  expect(response.headers.get("cache-control")).toBe("no-store");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect(await reader?.read()).toEqual({ done: false, value: ": 1 listening\n\n" });
  leaving.abort();
});
