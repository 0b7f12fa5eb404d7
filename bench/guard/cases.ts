// The microbenchmarks, one entry each: what it is called, and how to make the call whose cost is guarded. A call does one
// whole piece of work and returns a number that depends on it, so that no compiler can leave the work out.

import { buildEnviron } from "../../packages/core/src/environ.ts";
import { HeadMemory } from "../../packages/core/src/head-memory.ts";
import type { RequestHead } from "../../packages/core/src/request-head.ts";
import { RequestParser } from "../../packages/core/src/request-parser.ts";
import { encodeResponseHead, ResponseHeadEncoder } from "../../packages/core/src/response-head.ts";
import type { Application } from "../../packages/core/src/types.ts";
import { FakeConnection } from "./fake-socket.ts";
import { BASE, BROWSER_HEAD, CHUNKED_HEAD, chunks, ENDS, LAST_CHUNK, LIMITS, PARTS, SMALL_HEAD } from "./samples.ts";

export type Work = () => number;

export const CASES: Readonly<Record<string, () => Work>> = {
  "parse a small head": () => parsing(SMALL_HEAD, new HeadMemory()),
  "parse a browser's head": () => parsing(BROWSER_HEAD),
  "parse a browser's head that is known": () => parsing(BROWSER_HEAD, new HeadMemory()),
  "build an environ": buildingEnvirons,
  "start a response and encode its head": encodingHeads,
  "decode 64 chunks": () => decoding(Buffer.concat([CHUNKED_HEAD, chunks(64, 20), LAST_CHUNK])),
  "encode 100 items as chunks": () => answering(SMALL_HEAD, hundredItems, { minimumChunkSize: 1 }),
  "answer a request": () => answering(SMALL_HEAD, hello),
  "answer a browser's request": () => answering(BROWSER_HEAD, hello),
};

function parsing(bytes: Buffer, memory?: HeadMemory): Work {
  const parser = new RequestParser(LIMITS, memory);
  return () => {
    parser.push(bytes);
    const head = parser.readHead() as RequestHead;
    parser.takeConsumed();
    return head.fields.length;
  };
}

function buildingEnvirons(): Work {
  const parser = new RequestParser(LIMITS);
  parser.push(BROWSER_HEAD);
  const head = parser.readHead() as RequestHead;
  return () => (buildEnviron(head, ENDS, BASE, PARTS)["PATH_INFO"] as string).length;
}

function encodingHeads(): Work {
  const encoder = new ResponseHeadEncoder(true);
  const out = Buffer.alloc(1024);
  const dateLine = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
  const sessions = Array.from({ length: 16 }, (_, i) => `session=${i}f1d2a9b7c3e8f60; Path=/; HttpOnly; SameSite=Lax`);
  let turn = 0;
  return () => {
    turn++;
    const start = encoder.start("200 OK", [
      ["Content-Type", "text/html; charset=utf-8"],
      ["Cache-Control", "no-cache"],
      ["Vary", "Accept-Encoding, Cookie"],
      ["Set-Cookie", sessions[turn % sessions.length] as string],
      ["Content-Length", "5120"],
    ]);
    const text = encodeResponseHead(start, {
      method: "GET",
      framing: { kind: "length", length: 5120 },
      dateLine,
      connection: undefined,
      keepAliveTimeout: undefined,
      lengthWithoutBody: 5120,
    });
    return out.write(text, 0, "latin1");
  };
}

function decoding(bytes: Buffer): Work {
  const parser = new RequestParser(LIMITS);
  return () => {
    parser.push(bytes);
    parser.readHead();
    let length = 0;
    for (let piece = parser.peekBody(); piece !== undefined; piece = parser.peekBody()) {
      length += piece.length;
      parser.consumeBody(piece.length);
    }
    parser.takeConsumed();
    return length;
  };
}

const HEADERS: [string, string][] = [["Content-Type", "text/plain"]];

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", HEADERS);
  return ["Hello, World!\r\n"];
};

const hundredItems: Application = function* (_environ, startResponse) {
  startResponse("200 OK", HEADERS);
  for (let i = 0; i < 100; i++) yield "an item of 20 bytes\n";
};

/** A whole request on a connection in memory. */
function answering(request: Buffer, application: Application, options: { minimumChunkSize?: number } = {}): Work {
  const connection = new FakeConnection(application, options);
  let before = 0;
  return () => {
    const written = connection.receive(request);
    if (written === before) throw new Error("a request was not answered in the call that brought it");
    before = written;
    return written;
  };
}
