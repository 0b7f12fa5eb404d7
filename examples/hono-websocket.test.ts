import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { frame, request } from "../packages/websocket/test/support/raw.ts";
import { runExample } from "./support/program.ts";

test("hono-websocket.ts echoes, by Hono's helper for WebSockets", async () => {
  const { url, port, program } = await runExample("hono-websocket.ts");
  const plain = await fetch(new URL("echo", url));
  expect([plain.status, await plain.text()]).toEqual([426, "A WebSocket is here\r\n"]);

  const client = await Client.connect(port);
  client.send(request({}, "GET /echo?name=Ada HTTP/1.1"));
  expect(await client.receive("hello, Ada")).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\naccess-control-allow-origin: \*\r\n/i);
  client.send(frame({ opcode: 1, payload: "and back" }));
  await client.receive("\x81\x08and back");
  client.send(frame({ opcode: 2, payload: "\x01\x02" }));
  await client.receive("\x82\x02\x01\x02");
  client.send(frame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) }));
  await client.end();
  client.leave();
  await program.prints(/^closed with 1000$/m);
});
