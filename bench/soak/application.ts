// The application of the soak: one path for each kind of traffic, each with an answer that its client can check. Environs in,
// every kind of body out; and a post hook for every request.

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import type { Application, Body, Environ, StartResponse } from "@wsgi/core";
import { addPostHook } from "@wsgi/posthooks";

const BLOCK = Buffer.alloc(16 * 1024, "0123456789abcdef");
const TURN = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Answer = (environ: Environ, startResponse: StartResponse) => Body | Promise<Body>;

/** The kind of traffic that a path is for. */
export function kindOf(path: string): string {
  return path.split("/", 2)[1] ?? "";
}

/** The number that a path ends with: how much is asked for. */
function amountOf({ PATH_INFO: path }: Environ): number {
  return Number(path.slice(path.lastIndexOf("/") + 1));
}

/** The first `bytes` of what every long body is made of. */
function* blocks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= BLOCK.length) yield BLOCK.subarray(0, left);
}

async function* slowBlocks(bytes: number): AsyncGenerator<Buffer> {
  for (const block of blocks(bytes)) {
    await TURN();
    yield block;
  }
}

const hello: Answer = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`<${environ.PATH_INFO}>`];
};

const digest: Answer = async (environ, startResponse) => {
  const hash = createHash("sha1");
  for (;;) {
    const piece = await environ["wsgi.input"].read1(65536);
    if (piece.length === 0) break;
    hash.update(piece);
  }
  startResponse("200 OK", []);
  return hash.digest("hex");
};

const streaming =
  (body: (bytes: number) => Body): Answer =>
  (environ, startResponse) => {
    startResponse("200 OK", []);
    return body(amountOf(environ));
  };

const writing: Answer = async (environ, startResponse) => {
  const write = startResponse("200 OK", []);
  for (const block of blocks(amountOf(environ))) await write(block);
  return [];
};

/** What clients do that leave in the middle: upload, take a stream, or wait. */
const abortable: Answer = async (environ, startResponse) => {
  if (environ.PATH_INFO.startsWith("/abort/upload/")) return digest(environ, startResponse);
  if (environ.PATH_INFO.startsWith("/abort/wait/")) {
    const signal = environ["wsgi.signal"];
    await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      if (signal.aborted) reject(signal.reason);
    });
  }
  startResponse("200 OK", []);
  return environ.PATH_INFO.startsWith("/abort/stream/") ? slowBlocks(amountOf(environ)) : blocks(amountOf(environ));
};

const upgraded: Answer = (environ, startResponse) => {
  startResponse("101 Switching Protocols", [["Upgrade", "echo"]]);
  const socket = environ["wsgi.input"].getSocket();
  socket.on("error", () => {});
  socket.pipe(socket);
  return [];
};

/** @param file of as many bytes as are a whole number of blocks */
export function makeApplication(file: string, onHook: (kind: string) => void): Application {
  const answers: Readonly<Record<string, Answer>> = {
    discarded: hello,
    upload: digest,
    chunked: digest,
    continued: digest,
    generator: streaming(blocks),
    stream: streaming(slowBlocks),
    readable: streaming((bytes) => Readable.from(blocks(bytes), { objectMode: false })),
    web: streaming((bytes) => ReadableStream.from(blocks(bytes))),
    write: writing,
    slow: streaming(blocks),
    abort: abortable,
    upgrade: upgraded,
    file: (environ, startResponse) => {
      startResponse("200 OK", []);
      return environ["wsgi.file_wrapper"](file);
    },
    empty: (_environ, startResponse) => {
      startResponse("204 No Content", []);
      return [];
    },
    failing: async (environ) => {
      if (amountOf(environ) % 2 === 0) await TURN();
      throw new Error("as the soak wants it");
    },
    broken: async function* (environ: Environ, startResponse: StartResponse) {
      startResponse("200 OK", []);
      yield* blocks(amountOf(environ));
      throw new Error("as the soak wants it");
    } as Answer,
  };
  return (environ, startResponse) => {
    const kind = kindOf(environ.PATH_INFO);
    addPostHook(environ, () => onHook(kind));
    return (answers[kind] ?? hello)(environ, startResponse);
  };
}
