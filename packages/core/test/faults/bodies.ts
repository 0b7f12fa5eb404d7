// Bodies, files and promises that misbehave, one row each: what is injected where, what the client sees, what the operator reads.
//
// Told elsewhere: bodies too short or too long (responses.test.ts), values that are no body (start-response.test.ts), files that do
// not exist and directories (file-wrapper.test.ts), clients that leave (disconnect*.test.ts).

import { appendFileSync, chmodSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Application, Body, Environ, FileLike, Item } from "../../src/index.ts";
import { brokenFor, type Fault, pageFor, wholeFor } from "./fault.ts";
import { thenable } from "./thrown.ts";

const FAILED = /the application failed: /;
const CLOSING = /closing a body failed: /;
const BEGUN = "x".repeat(5000);
const soon = (action: () => void): void => void setImmediate(action);
const boom = (): never => {
  throw new Error("boom");
};

const ok =
  (body: (environ: Environ) => unknown): Application =>
  (environ, startResponse) => {
    startResponse("200 OK", []);
    return body(environ) as Body;
  };

type Settle = (value: unknown) => void;

/** A body that is this iterator. */
const iterating = (iterator: unknown): unknown => ({ [Symbol.iterator]: () => iterator });
const iteratingLater = (iterator: unknown): unknown => ({ [Symbol.asyncIterator]: () => iterator });
/** Gives one item, then this. */
const itemThen = (next: () => unknown) => {
  let steps = 0;
  return { next: () => (steps++ === 0 ? { done: false, value: BEGUN } : next()) };
};

const PROMISES: readonly Fault[] = [
  wholeFor(
    "a thenable that resolves twice",
    ok(() => thenable({ value: (resolve: Settle) => [["one"], ["two"]].forEach(resolve) })),
  ),
  wholeFor(
    "a thenable that resolves and rejects",
    ok(() =>
      thenable({
        value: (resolve: Settle, reject: Settle) => {
          resolve(["one"]);
          reject(new Error("boom"));
        },
      }),
    ),
  ),
  wholeFor(
    "a thenable that resolves and throws",
    ok(() =>
      thenable({
        value: (resolve: Settle) => {
          resolve(["one"]);
          boom();
        },
      }),
    ),
  ),
  wholeFor(
    "a thenable that resolves with a thenable",
    ok(() => thenable({ value: (resolve: Settle) => resolve(thenable({ value: (inner: Settle) => inner(["one"]) })) })),
  ),
  pageFor(
    "a thenable that resolves with one whose then throws",
    ok(() => thenable({ value: (resolve: Settle) => resolve(thenable({ get: boom })) })),
    FAILED,
  ),
  {
    ...wholeFor("a promise that never settles", () => new Promise(() => {})),
    ...{ leavesAfter: "", phase: "before-head", hasError: true },
  },
];

const PROMISED = /an item that is a promise: await it/;
const rejected = (): Promise<Item> => Promise.reject(new Error("boom"));

/** Rejections that nobody hears fail the run, as they end a process. */
const PROMISED_ITEMS: readonly Fault[] = [
  pageFor(
    "a list of promises that reject",
    ok(() => ["one", rejected(), rejected()]),
    PROMISED,
  ),
  pageFor(
    "a promise that rejects, of a synchronous iterator",
    ok(() => [rejected()][Symbol.iterator]()),
    PROMISED,
  ),
  pageFor(
    "a promise that rejects, of an async iterator",
    ok(() => iteratingLater({ next: async () => ({ done: false, value: rejected() }) })),
    PROMISED,
  ),
];

const ITERATORS: readonly Fault[] = [
  pageFor(
    "a synchronous iterator whose next() gives a promise that rejects",
    ok(() => iterating({ next: rejected })),
    /got a promise from next\(\)/,
  ),
  pageFor(
    "an iterator whose item is undefined",
    ok(() => iterating({ next: () => ({ done: false }) })),
    /got an item that is undefined/,
  ),
  pageFor(
    "an iterator that is undefined",
    ok(() => iterating(undefined)),
    FAILED,
  ),
  pageFor(
    "an iterator that is null",
    ok(() => iterating(null)),
    FAILED,
    CLOSING,
  ),
  pageFor(
    "an iterator without next",
    ok(() => iterating({})),
    FAILED,
  ),
  pageFor(
    "a next() that returns nothing",
    ok(() => iterating({ next: () => undefined })),
    FAILED,
  ),
  pageFor(
    "a next() that returns a number",
    ok(() => iterating({ next: () => 5 })),
    FAILED,
  ),
  pageFor(
    "a synchronous next() that returns a promise",
    ok(() => iterating({ next: async () => ({ done: true }) })),
    FAILED,
  ),
  pageFor(
    "an async next() that returns nothing",
    ok(() => iteratingLater({ next: async () => undefined })),
    FAILED,
  ),
  pageFor(
    "an async next() that returns no promise and no step",
    ok(() => iteratingLater({ next: () => 5 })),
    FAILED,
  ),
  wholeFor(
    "an async next() that returns no promise",
    ok(() => iteratingLater({ next: () => ({ done: true, value: "" }) })),
  ),
  brokenFor(
    "a second next() that returns nothing",
    ok(() => iterating(itemThen(() => undefined))),
    FAILED,
  ),
  brokenFor(
    "a second async next() that returns nothing",
    ok(() => iteratingLater(itemThen(() => undefined))),
    FAILED,
  ),
  brokenFor(
    "an item that is none, after one that is",
    ok(() => [Buffer.alloc(70_000), "x", 5][Symbol.iterator]()),
    FAILED,
  ),
  brokenFor(
    "a failure whose return() fails too",
    ok(() => iterating({ ...itemThen(boom), return: boom })),
    FAILED,
    CLOSING,
  ),
  brokenFor(
    "a failure whose return() rejects",
    ok(() => iteratingLater({ ...itemThen(boom), return: () => Promise.reject(new Error("closing")) })),
    FAILED,
    CLOSING,
  ),
  brokenFor(
    "a failure whose return() never settles",
    ok(() => iteratingLater({ ...itemThen(boom), return: () => new Promise(() => {}) })),
    FAILED,
  ),
  brokenFor(
    "a failure whose return() returns nothing",
    ok(() => iterating({ ...itemThen(boom), return: () => undefined })),
    FAILED,
  ),
  {
    ...brokenFor(
      "an async next() that never settles",
      ok(() => iteratingLater(itemThen(() => new Promise(() => {})))),
    ),
    ...{ leavesAfter: BEGUN, phase: "response-body" },
  },
  {
    ...wholeFor(
      "a first async next() that never settles",
      ok(() => iteratingLater({ next: () => new Promise(() => {}) })),
    ),
    ...{ leavesAfter: "", phase: "before-head", hasError: true },
  },
  {
    ...brokenFor(
      "an async next() that fails when the client has left",
      ok((environ) => iteratingLater(itemThen(() => leftThen(environ, boom)))),
    ),
    ...{ leavesAfter: BEGUN, phase: "response-body", operator: [/failed after its response was over: Error: boom/] },
  },
];

/** Goes on when the client has left. */
async function leftThen(environ: Environ, action: () => unknown): Promise<unknown> {
  await new Promise((resolve) => environ["wsgi.signal"].addEventListener("abort", resolve));
  return action();
}

function failingLater(error: unknown): Readable {
  const stream = new PassThrough();
  stream.write(BEGUN);
  setTimeout(() => stream.destroy(error as Error), 5);
  return stream;
}

const STREAMS: readonly Fault[] = [
  brokenFor(
    "a Readable that errors midway",
    ok(() => failingLater(new Error("boom"))),
    FAILED,
  ),
  brokenFor(
    "a Readable that is destroyed midway without a word",
    ok(() => failingLater(undefined)),
    /PREMATURE_CLOSE|Premature close/,
  ),
  pageFor(
    "a Readable that was destroyed before",
    ok(() => new PassThrough().destroy()),
    FAILED,
  ),
  pageFor(
    "a Readable that had an error before",
    ok(() => new PassThrough().on("error", () => {}).destroy(new Error("boom"))),
    FAILED,
  ),
  brokenFor(
    "a Readable that emits an error again and again",
    ok(() => {
      const stream = new PassThrough();
      stream.write(BEGUN);
      setTimeout(() => {
        stream.emit("error", new Error("boom"));
        soon(() => stream.listenerCount("error") > 0 && stream.emit("error", new Error("boom again")));
      }, 5);
      return stream;
    }),
    FAILED,
    /closing a body failed: Error: boom again/,
  ),
  {
    ...wholeFor(
      "a Readable whose destruction fails, for a client that left before it came",
      async (environ) =>
        (await leftThen(environ, () => new Readable({ destroy: (_error, done) => done(new Error("boom")) }))) as Body,
    ),
    ...{ leavesAfter: "", phase: "before-head", hasError: true, operator: [/closing a body failed: Error: boom/] },
  },
  pageFor(
    "a web stream that somebody else reads",
    ok(() => {
      const stream = new ReadableStream<Item>();
      stream.getReader();
      return stream;
    }),
    FAILED,
    CLOSING,
  ),
];

const folder = mkdtempSync(join(tmpdir(), "wsgi-faults-"));
const FILE_BYTES = 600_000;
let files = 0;

/** A new file. */
function newFile(): string {
  const path = join(folder, String(files++));
  writeFileSync(path, Buffer.alloc(FILE_BYTES, "x"));
  return path;
}

/** A file that is changed once its first bytes were asked for. */
const changing =
  (change: (path: string) => void): Application =>
  async (environ, startResponse) => {
    const path = newFile();
    const body = environ["wsgi.file_wrapper"](path);
    startResponse("200 OK", []);
    const open = body.open.bind(body);
    body.open = async () => {
      const size = await open();
      change(path);
      return size;
    };
    return body;
  };

const reading = (read: FileLike["read"]): Application => ok((environ) => environ["wsgi.file_wrapper"]({ read }));
const systemError = (code: string) => Object.assign(new Error(`${code}: i/o error, read`), { code });
const afterBlock = (): FileLike["read"] => {
  let blocks = 0;
  return async () => {
    if (blocks++ > 0) throw systemError("EIO");
    return BEGUN;
  };
};

const FILES: readonly Fault[] = [
  brokenFor(
    "a file that shrinks while it is sent",
    changing((path) => truncateSync(path, 1000)),
    /BODY_TOO_SHORT|bytes are missing/,
  ),
  brokenFor(
    "a file that is emptied while it is sent",
    changing((path) => truncateSync(path, 0)),
    /600000 bytes are missing/,
  ),
  wholeFor(
    "a file that grows while it is sent",
    changing((path) => appendFileSync(path, "more")),
  ),
  wholeFor("a file that is removed while it is sent", changing(unlinkSync)),
  wholeFor(
    "a file that becomes unreadable while it is sent",
    changing((path) => chmodSync(path, 0)),
  ),
  pageFor(
    "a file whose folder is a file",
    ok((environ) => environ["wsgi.file_wrapper"](join(newFile(), "below"))),
    /ENOTDIR/,
  ),
  pageFor(
    "a file name that is too long",
    ok((environ) => environ["wsgi.file_wrapper"](`/${"x".repeat(300)}`)),
    /ENAMETOOLONG/,
  ),
  pageFor(
    "a file name with a NUL",
    ok((environ) => environ["wsgi.file_wrapper"]("/a\0b")),
    FAILED,
  ),
  pageFor(
    "a read that fails at once",
    reading(() => {
      throw systemError("EIO");
    }),
    /EIO/,
  ),
  pageFor(
    "a first read that rejects",
    reading(async () => {
      throw systemError("EIO");
    }),
    /EIO/,
  ),
  brokenFor(
    "a read that fails midway",
    ok((environ) => environ["wsgi.file_wrapper"]({ read: afterBlock() })),
    /EIO/,
  ),
  pageFor("a read that gives a number", reading((() => 5) as never), FAILED),
  pageFor("a read that gives undefined", reading((() => undefined) as never), FAILED),
  {
    ...wholeFor(
      "a read that never settles",
      reading(() => new Promise(() => {})),
    ),
    ...{ leavesAfter: "", phase: "before-head", hasError: true },
  },
];

export const removeFiles = (): void => rmSync(folder, { recursive: true });

export const BODY_FAULTS: readonly Fault[] = [...PROMISES, ...PROMISED_ITEMS, ...ITERATORS, ...STREAMS, ...FILES];
