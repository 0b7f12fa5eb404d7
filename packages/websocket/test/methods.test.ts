// The methods of a WebSocket as a handler has it, by what ws's own suite is about: they do here what they do for a client of ws.

import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Client } from "../../core/test/support/client.ts";
import { type ConnectedSocket, websocket } from "../src/index.ts";
import { frame, request } from "./support/raw.ts";
import { serve } from "./support/serve.ts";

async function open(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

/** Messages, pings and pongs that a client gets from a handler, and how the connection closed. */
async function told(handler: (ws: ConnectedSocket) => unknown): Promise<unknown[]> {
  const { port } = await serve(websocket(handler));
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const events: unknown[] = [];
  client.on("message", (data: Buffer, isBinary) => events.push(isBinary ? data.toString("hex") : data.toString()));
  client.on("ping", (data) => events.push(`ping ${data}`)).on("pong", (data) => events.push(`pong ${data}`));
  const [code, reason] = await once(client, "close");
  return [...events, `${code} ${reason}`];
}

describe("a handler", () => {
  test.each<[string, (ws: ConnectedSocket) => unknown, unknown[]]>([
    ["sends text and nothing", async (ws) => { ws.send("é"); await ws.send(""); }, ["é", "", "1000 "]],
    ["sends a number as text", async (ws) => ws.send(0), ["0", "1000 "]],
    ["sends bytes of every kind", async (ws) => {
      ws.send(Buffer.from([1]));
      ws.send(new Uint16Array([0x0302]));
      ws.send(new Uint8Array([9, 4, 9]).subarray(1, 2));
      await ws.send(new Uint8Array([5]).buffer);
    }, ["01", "0203", "04", "05", "1000 "]],
    ["sends text as bytes, and bytes as text", async (ws) => {
      ws.send("a", { binary: true });
      await ws.send(Buffer.from("b"), { binary: false });
    }, ["61", "b", "1000 "]],
    ["sends a message in fragments", async (ws) => {
      ws.send("one ", { fin: false });
      await ws.send("two", { fin: true });
    }, ["one two", "1000 "]],
    ["pings and pongs", async (ws) => {
      ws.ping("a");
      ws.pong("b");
      await once(ws, "pong");
    }, ["ping a", "pong b", "1000 "]],
    ["closes with a code and a reason, and sends nothing after it", async (ws) => {
      ws.send("last");
      ws.close(4001, "enough");
      await expect(ws.send("late")).rejects.toThrow(/not open/i);
    }, ["last", "4001 enough"]],
    ["closes with a code that came later", (ws) => ws.close(1013), ["1013 "]],
    ["is told of a code that there is not", async (ws) => {
      expect(() => ws.close(1005)).toThrow(TypeError);
      await ws.send("still open");
    }, ["still open", "1000 "]],
    ["breaks off", (ws) => ws.terminate(), ["1006 "]],
  ])("%s", async (_title, handler, expected) => {
    expect(await told(handler)).toEqual(expected);
  }); // biome-ignore format: a table

  test("gets what came in one packet with the request", async () => {
    const { port } = await serve(
      websocket(async (ws) => {
        for await (const message of ws) await ws.send(`got ${message}`);
      }),
    );
    const client = await Client.connect(port);
    client.send(Buffer.concat([Buffer.from(request()), frame({ opcode: 1, payload: "early" })]));
    await client.receive("got early");
  });

  test.each([
    ["addEventListener()", (ws: ConnectedSocket, heard: (data: unknown) => void) => ws.addEventListener("message", ({ data }) => heard(data))],
    ["onmessage", (ws: ConnectedSocket, heard: (data: unknown) => void) => { ws.onmessage = ({ data }) => heard(data); }],
  ])("may listen as browsers do: %s", async (_title, listen) => {
    const { port } = await serve(websocket((ws) => listen(ws, (data) => ws.send(`heard ${String(data)}`))));
    const client = await open(port);
    client.send("this");
    expect(String((await once(client, "message"))[0])).toBe("heard this");
  }); // biome-ignore format: short

  test("takes and gives a message of megabytes", async () => {
    const { port } = await serve(
      websocket(
        async (ws) => {
          for await (const message of ws) await ws.send(message);
        },
        { maxPayload: 6_000_000 },
      ),
    );
    const client = await open(port);
    const bytes = Buffer.alloc(5_000_000, "0123456789");
    client.send(bytes);
    const [data, isBinary] = await once(client, "message");
    expect([Buffer.compare(data, bytes), isBinary]).toEqual([0, true]);
  });

  test.each(["", "a,,b", "a b", ", a"])("is not called for subprotocols that cannot be read: %j", async (offered) => {
    let calls = 0;
    const { port } = await serve(websocket(() => calls++, { protocols: ["a"] }));
    const client = await Client.connect(port);
    client.send(request({ "Sec-WebSocket-Protocol": offered }));
    expect(await client.receive(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 400 /);
    expect(calls).toBe(0);
  });
});
