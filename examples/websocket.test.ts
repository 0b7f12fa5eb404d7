import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { frame, request } from "../packages/websocket/test/support/raw.ts";
import { runExample } from "./support/program.ts";

async function join(port: number): Promise<Client> {
  const client = await Client.connect(port);
  client.send(request({ "Sec-WebSocket-Protocol": "room" }, "GET /chat HTTP/1.1"));
  await client.receive(/\r\nSec-Websocket-Protocol: room\r\n[\s\S]*\r\n\r\n/);
  return client;
}

test("websocket.ts is a chat room, and says goodbye", async () => {
  const { url, port, program } = await runExample("websocket.ts");
  expect(await (await fetch(url)).text()).toContain('new WebSocket("/chat"');

  const first = await join(port);
  await first.receive(`${first.socket.localPort} is here`);
  const second = await join(port);
  await first.receive(`${second.socket.localPort} is here`);
  second.send(frame({ opcode: 1, payload: "hello, all" }));
  for (const client of [first, second]) await client.receive(`${second.socket.localPort}: hello, all`);
  second.send(frame({ opcode: 8 }));
  await first.receive(`${second.socket.localPort} has left`);

  program.kill("SIGTERM");
  expect((await first.end()).endsWith("\x88\x02\x03\xe9")).toBe(true); // 1001
  expect(await program.exit).toEqual({ code: 0, signal: null });
});
