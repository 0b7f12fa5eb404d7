// Asks a server once, as the load will, and throws where the answer is not the right one: a fast wrong answer is worth nothing.
// A load and a port in. Reads answers with node:http, or bytes where requests are pipelined.

import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { Load } from "./load-types.ts";

const TIMEOUT = 10_000;

export async function verify(load: Load, port: number): Promise<void> {
  const headers: Record<string, string> = Object.fromEntries(load.headers);
  if (load.reconnect) headers["Connection"] = "close";
  if (load.body !== undefined) headers["Content-Length"] = String(Buffer.byteLength(load.body));
  const options = {
    ...{ host: "127.0.0.1", port, method: load.method, path: load.path, headers, rejectUnauthorized: false },
    ...{ agent: false as const, timeout: TIMEOUT },
  };
  const request = load.scheme === "https" ? https.request(options) : http.request(options);
  // The load's head as it is: node:http would add a field, which may be one too many.
  if (!load.reconnect) request.removeHeader("Connection");
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.end(load.body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const body = await read(response);
  request.destroy();
  if (response.statusCode !== 200) throw new Error(`wrong answer: status ${response.statusCode}: ${show(body)}`);
  checkBody(load.answer, body);
  if (load.pipelined > 1) await verifyPipelined(load, port);
}

async function read(response: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response) pieces.push(piece);
  return Buffer.concat(pieces);
}

function checkBody(answer: string | number, body: Buffer): void {
  const isRight = typeof answer === "number" ? body.length === answer : body.equals(Buffer.from(answer));
  const expected = typeof answer === "number" ? `${answer} bytes` : show(Buffer.from(answer));
  if (!isRight) throw new Error(`wrong answer: expected ${expected}, got ${show(body)}`);
}

function show(body: Buffer): string {
  return body.length > 80 ? `${body.length} bytes` : JSON.stringify(body.toString());
}

/** As many answers as requests, with the right text in each. */
async function verifyPipelined({ path, pipelined, answer }: Load, port: number): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  const socket = net.connect(port, "127.0.0.1");
  socket.setTimeout(TIMEOUT, () => socket.destroy(new Error("no answer in time")));
  const followers = `${request}\r\n`.repeat(pipelined - 1);
  socket.write(`${followers}${request}Connection: close\r\n\r\n`);
  const text = (await read(socket)).toString("latin1");
  const count = (part: string): number => text.split(part).length - 1;
  const found = [count("HTTP/1.1 200 OK\r\n"), count(String(answer))];
  if (found.some((one) => one !== pipelined)) {
    throw new Error(`wrong answer: expected ${pipelined} of both, got ${found[0]} heads and ${found[1]} bodies`);
  }
}
