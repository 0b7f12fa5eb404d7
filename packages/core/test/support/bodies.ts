// The kinds of response bodies there are, each made of 64 KiB pieces, each telling how much was asked of it and when it
// was closed.

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { onTestFinished } from "vitest";
import type { Body, Environ, StartResponse } from "../../src/index.ts";
import { deferred } from "./deferred.ts";

export const PIECE_BYTES = 64 * 1024;
const PIECE = Buffer.alloc(PIECE_BYTES, "x");

/** What became of a body. */
export interface Fate {
  /** Bytes that were taken from the application; Infinity where that cannot be seen. */
  produced: number;
  /** How often it was closed. */
  closed: number;
  readonly whenClosed: Promise<void>;
}

export type Respond = (environ: Environ, startResponse: StartResponse) => Body | Promise<Body>;

/** Makes an application's answer of so many bytes, and follows its fate. */
export type BodyKind = (bytes: number) => { respond: Respond; fate: Fate };

function follow(): { fate: Fate; onClosed: () => void } {
  const { promise, resolve } = deferred();
  const fate: Fate = { produced: 0, closed: 0, whenClosed: promise };
  const onClosed = (): void => {
    fate.closed++;
    resolve();
  };
  return { fate, onClosed };
}

function start(bytes: number, startResponse: StartResponse): ReturnType<StartResponse> {
  return startResponse("200 OK", [["Content-Length", String(bytes)]]);
}

export const BODY_KINDS: Readonly<Record<string, BodyKind>> = {
  "a synchronous generator": (bytes) => {
    const { fate, onClosed } = follow();
    function* generate() {
      try {
        for (; fate.produced < bytes; fate.produced += PIECE_BYTES) yield PIECE;
      } finally {
        onClosed();
      }
    }
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      return generate();
    };
    return { fate, respond };
  },

  "an asynchronous generator": (bytes) => {
    const { fate, onClosed } = follow();
    async function* generate() {
      try {
        for (; fate.produced < bytes; fate.produced += PIECE_BYTES) yield PIECE;
      } finally {
        onClosed();
      }
    }
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      return generate();
    };
    return { fate, respond };
  },

  "an iterable with close()": (bytes) => {
    const { fate, onClosed } = follow();
    const iterator: Iterator<Uint8Array> = {
      next: () => {
        if (fate.produced >= bytes) return { done: true, value: undefined };
        fate.produced += PIECE_BYTES;
        return { done: false, value: PIECE };
      },
    };
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      return { [Symbol.iterator]: () => iterator, close: onClosed } as Iterable<Uint8Array>;
    };
    return { fate, respond };
  },

  "write()": (bytes) => {
    const { fate, onClosed } = follow();
    const respond: Respond = async (_environ, startResponse) => {
      const write = start(bytes, startResponse);
      try {
        for (; fate.produced < bytes; fate.produced += PIECE_BYTES) await write(PIECE);
      } finally {
        onClosed();
      }
      return [];
    };
    return { fate, respond };
  },

  "one large Uint8Array": (bytes) => {
    const { fate, onClosed } = follow();
    fate.produced = Number.POSITIVE_INFINITY;
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      const items = [new Uint8Array(bytes).fill(0x78)];
      return { [Symbol.iterator]: () => items.values(), close: onClosed } as Iterable<Uint8Array>;
    };
    return { fate, respond };
  },

  "a Readable": (bytes) => {
    const { fate, onClosed } = follow();
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      const readable = new Readable({
        read() {
          this.push(fate.produced < bytes ? PIECE : null);
          fate.produced += PIECE_BYTES;
        },
      });
      return readable.on("close", onClosed);
    };
    return { fate, respond };
  },

  "a web ReadableStream": (bytes) => {
    const { fate, onClosed } = follow();
    const respond: Respond = (_environ, startResponse) => {
      start(bytes, startResponse);
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(PIECE);
          fate.produced += PIECE_BYTES;
          if (fate.produced >= bytes) controller.close();
        },
        cancel: onClosed,
      }) as AsyncIterable<Uint8Array>;
    };
    return { fate, respond };
  },

  "a file": (bytes) => {
    const { fate, onClosed } = follow();
    const folder = mkdtempSync(join(tmpdir(), "wsgi-body-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "file");
    writeFileSync(path, "");
    truncateSync(path, bytes);
    fate.produced = Number.POSITIVE_INFINITY;
    const respond: Respond = (environ, startResponse) => {
      startResponse("200 OK", []);
      const body = environ["wsgi.file_wrapper"](path);
      const close = body.close.bind(body);
      body.close = async () => {
        await close();
        onClosed();
      };
      return body;
    };
    return { fate, respond };
  },
};
