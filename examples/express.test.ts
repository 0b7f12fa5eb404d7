import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { runExample } from "./support/program.ts";

test("express.ts serves an Express application", async () => {
  const { url, port, program } = await runExample("express.ts");
  const home = await fetch(url);
  expect([home.status, home.headers.get("x-powered-by")]).toEqual([200, "Express"]);
  expect(await home.text()).toMatch(/^Hello, \S+, by HTTP\/1\.1\r\n$/);

  const notes = new URL("notes", url);
  const headers = { "Content-Type": "application/json" };
  const made = await fetch(notes, { method: "POST", body: '{"text":"milk"}', headers });
  expect([made.status, await made.json()]).toEqual([201, { count: 1 }]);
  expect(await (await fetch(notes)).json()).toEqual(["milk"]);
  expect((await fetch(new URL("none", url))).status).toBe(404);

  const client = await Client.connect(port);
  client.send("GET /ticks HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.receive("data: 1");
  client.leave();
  await program.prints(/^The client left after \d+ ticks$/m);
  expect(program.stderr).not.toMatch(/failed/);
});
