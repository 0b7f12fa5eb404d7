// The opening handshake: what is accepted, what is refused, and how. RFC 6455 §4.

import { once } from "node:events";
import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { type WebSocketOptions, websocket } from "../src/index.ts";
import { ACCEPT, HANDSHAKE, request } from "./support/raw.ts";
import { serve } from "./support/serve.ts";

/** The head of the answer, and what follows it when the server closes. */
async function ask(text: string, options: WebSocketOptions = {}): Promise<string> {
  const { port } = await serve(websocket(async () => {}, options));
  const socket = net.connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(text);
  let received = "";
  for await (const piece of socket) {
    received += piece.toString("latin1");
    if (received.includes("\r\n\r\n")) break;
  }
  return received;
}

test("is answered as in the RFC", async () => {
  const answer = await ask(request());
  expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  const lines = answer.split("\r\n").map((line) => line.toLowerCase());
  expect(lines).toContain(`sec-websocket-accept: ${ACCEPT}`.toLowerCase());
  expect(lines).toContain("upgrade: websocket");
  expect(lines).toContain("connection: upgrade");
  expect(answer).toContain(ACCEPT);
  expect(answer).not.toMatch(/sec-websocket-(protocol|extensions)/i);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test.each<[string, string, RegExp]>([
  [
    "a plain GET",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    /^HTTP\/1\.1 426 [\s\S]*\r\nUpgrade: websocket\r\n[\s\S]*Connection: upgrade\r\n/,
  ],
  ["HTTP/1.0", request({}, "GET / HTTP/1.0"), /^HTTP\/1\.1 426 /],
  ["a Connection without upgrade", request({ Connection: "keep-alive" }), /^HTTP\/1\.1 426 /],
  ["another protocol", request({ Upgrade: "h2c" }), /^HTTP\/1\.1 426 /],
  ["POST", request({ "Content-Length": "0" }, "POST / HTTP/1.1"), /^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET\r\n/],
  ["version 8", request({ "Sec-WebSocket-Version": "8" }), /^HTTP\/1\.1 426 [\s\S]*\r\nSec-Websocket-Version: 13\r\n/],
  ["no version", request({ "Sec-WebSocket-Version": undefined }), /^HTTP\/1\.1 426 /],
  ["no key", request({ "Sec-WebSocket-Key": undefined }), /^HTTP\/1\.1 400 /],
  ["a short key", request({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZQ==" }), /^HTTP\/1\.1 400 /],
  ["two keys", request({ "X-A": `1\r\nSec-WebSocket-Key: ${HANDSHAKE["Sec-WebSocket-Key"]}` }), /^HTTP\/1\.1 400 /],
  ["a body", request({ "Content-Length": "5" }), /^HTTP\/1\.1 400 /],
  ["a chunked body", request({ "Transfer-Encoding": "chunked" }), /^HTTP\/1\.1 400 /],
  [
    "bad subprotocols",
    request({ "Sec-WebSocket-Protocol": "a, a" }),
    /^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n/,
  ],
])("refuses %s", async (_what, text, answer) => {
  expect(await ask(text)).toMatch(answer);
});

test.each<[string, string]>([
  ["words in lists and other cases", request({ Connection: "keep-alive, UPGRADE", Upgrade: "WebSocket" })],
  ["a Content-Length of 0", request({ "Content-Length": "0" })],
])("accepts %s", async (_what, text) => {
  expect(await ask(text)).toMatch(/^HTTP\/1\.1 101 /);
});

test("refuses a bad offer of compression when it compresses, and ignores it otherwise", async () => {
  const text = request({ "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=99" });
  expect(await ask(text, { perMessageDeflate: true })).toMatch(/^HTTP\/1\.1 400 /);
  expect(await ask(text)).toMatch(/^HTTP\/1\.1 101 /);
});

test.each<[WebSocketOptions["protocols"], string | undefined]>([
  [undefined, undefined],
  [["b", "a"], "b"],
  [["c"], undefined],
  [(offered) => offered.at(-1), "b"],
  [() => undefined, undefined],
])("chooses of a, b with protocols %o: %s", async (protocols, chosen) => {
  const answer = await ask(request({ "Sec-WebSocket-Protocol": "a, b" }), { protocols });
  const [, name] = /\r\nSec-Websocket-Protocol: (.+)\r\n/.exec(answer) ?? [];
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(name).toBe(chosen);
});

test.each<[WebSocketOptions["origin"], string | undefined, number]>([
  [undefined, "https://evil.example", 101],
  [["https://good.example"], "https://good.example", 101],
  [["https://good.example"], "https://evil.example", 403],
  [["https://good.example"], "https://good.example.evil.example", 403],
  [["https://good.example"], undefined, 101],
  [(origin) => origin?.endsWith(".example") === true, "https://any.example", 101],
  [(origin) => origin !== undefined, undefined, 403],
])("origin %o lets %s in: %i", async (origin, given, status) => {
  expect(await ask(request({ Origin: given }), { origin })).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test.skipIf(!hasCurl)("serves curl", async () => {
  const { port } = await serve(
    websocket(
      async (ws) => {
        await ws.send("hello, curl");
      },
      { closeTimeout: 0.1 }, // curl answers no close
    ),
  );
  const headers = Object.entries(HANDSHAKE).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  const { stdout } = await curl("--include", "--no-buffer", "--http1.1", ...headers, `http://127.0.0.1:${port}/`);
  expect(stdout).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n\x81\x0bhello, curl\x88\x02\x03\xe8$/);
});

test("keeps the connection after a refusal", async () => {
  const { port } = await serve(websocket(async () => {}));
  const socket = net.connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${request()}`);
  let received = "";
  for await (const piece of socket) {
    received += piece.toString("latin1");
    if (received.includes("101 Switching")) break;
  }
  expect(received).toMatch(/^HTTP\/1\.1 426 [\s\S]*HTTP\/1\.1 101 /);
});
