// wsgi.file_wrapper: files as response bodies, over a real socket.

import { type EventEmitter, once } from "node:events";
import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { fileWrapper } from "../src/file-wrapper.ts";
import type { Application, Environ, FileBody, FileLike, Header } from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

let folder: string;
let file: string;
const text = "0123456789".repeat(20_000);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wsgi-"));
  file = join(folder, "file.txt");
  await writeFile(file, text);
  await writeFile(join(folder, "empty"), "");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function wrapping(
  wrap: (wrapper: Environ["wsgi.file_wrapper"]) => FileBody | Promise<FileBody>,
  headers: Header[] = [],
): Application {
  return (environ, startResponse) => {
    startResponse("200 OK", headers);
    return wrap(environ["wsgi.file_wrapper"]);
  };
}

/** A file-like object over text, which keeps what was asked of it. */
class Texts implements FileLike {
  readonly calls: (number | "close")[] = [];
  readonly #pieces: (string | Uint8Array | null)[];

  constructor(...pieces: (string | Uint8Array | null)[]) {
    this.#pieces = pieces;
  }

  read(size: number): string | Uint8Array | null {
    this.calls.push(size);
    return this.#pieces.shift() ?? "";
  }

  close(): void {
    this.calls.push("close");
  }
}

describe("a path", () => {
  test.each([
    ["as a string", () => file],
    ["as a URL", () => pathToFileURL(file)],
  ])("is sent with its length: %s", async (_name, path) => {
    const served = await serve(wrapping((wrapper) => wrapper(path())));
    const client = await served.connect();
    const answer = await askNext(client, get());
    expect(answer.header("content-length")).toBe("200000");
    expect(answer.body === text).toBe(true);
    expect((await askNext(client, get())).body).toHaveLength(200_000);
    expect(await served.exchange()).toMatchObject({ bodyBytes: 200_000, completed: true });
  });

  test("is sent with its length when it is empty", async () => {
    const served = await serve(wrapping((wrapper) => wrapper(join(folder, "empty"))));
    const client = await served.connect();
    expect((await askNext(client, get())).header("content-length")).toBe("0");
    expect((await askNext(client, get())).complete).toBe(true);
  });

  test.skipIf(process.platform !== "linux")("is sent whole when it calls itself empty and is not", async () => {
    const served = await serve(wrapping((wrapper) => wrapper("/proc/self/limits", 100)));
    const answer = await askNext(await served.connect(), get());
    expect(answer.body).toMatch(/^Limit.*Max open files.*us *\n$/s);
    expect(answer.header("content-length")).toBeUndefined();
  });

  test("is answered to HEAD with its length and nothing of it", async () => {
    const served = await serve(wrapping((wrapper) => wrapper(file)));
    const client = await served.connect();
    for (let i = 0; i < 2; i++) {
      const answer = await askNext(client, request("HEAD / HTTP/1.1"), "HEAD");
      expect(answer).toMatchObject({ status: 200, body: "" });
      expect(answer.header("content-length")).toBe("200000");
    }
  });

  test.each([
    ["a file that does not exist", () => join(folder, "none"), /ENOENT/],
    ["a directory", () => folder, /UsageError: .* is a directory/],
  ])("is answered with 500, and logged, for %s", async (_name, path, logged) => {
    const served = await serve(wrapping((wrapper) => wrapper(path())));
    const client = await served.connect();
    expect(await askNext(client, get())).toMatchObject({ status: 500, body: "", complete: true });
    expect(await served.logged(/the application failed/)).toMatch(logged);
    expect((await askNext(client, get())).status).toBe(500);
  });

  test("is cut at the Content-Length of the application", async () => {
    const served = await serve(wrapping((wrapper) => wrapper(file), [["Content-Length", "15"]]));
    const client = await served.connect();
    const answer = await askNext(client, get());
    expect(answer.header("content-length")).toBe("15");
    expect(answer.body).toBe("012345678901234");
    expect((await askNext(client, get())).complete).toBe(true);
    await served.exchange(1);
    expect(served.log.join("")).not.toMatch(/longer/); // a part of a file is no fault
  });

  test("breaks off when it is shorter than the Content-Length of the application", async () => {
    const served = await serve(wrapping((wrapper) => wrapper(file), [["Content-Length", "200001"]]));
    expect(await ask(served, get())).toMatchObject({ complete: false });
    expect(await served.logged(/1 bytes are missing/)).toContain("UsageError");
  });

  test("is sent to the end of a connection that has no other end", async () => {
    const served = await serve(wrapping((wrapper) => wrapper(file)));
    const answer = await ask(served, request("GET / HTTP/1.0"));
    expect(answer.header("content-length")).toBe("200000");
    expect(answer.body).toHaveLength(200_000);
  });

  test("is opened when it is sent, not before, and closed after", async () => {
    const bodies: FileBody[] = [];
    const path = join(folder, "later");
    const served = await serve(async (environ, startResponse) => {
      const body = environ["wsgi.file_wrapper"](path);
      bodies.push(body);
      await writeFile(path, "written later");
      startResponse("200 OK", []);
      return body;
    });
    expect((await askNext(await served.connect(), get())).body).toBe("written later");
    await served.exchange();
    expect(await bodies[0]?.[Symbol.asyncIterator]().next()).toMatchObject({ done: false }); // opens it again
    await bodies[0]?.close();
  });
});

test.each(["GET", "HEAD"])("reads a FileHandle from its position and closes it, for %s", async (method) => {
  const handle = await open(file);
  const closed = once(handle as unknown as EventEmitter, "close");
  await handle.read(Buffer.alloc(4), 0, 4);
  const served = await serve(wrapping((wrapper) => wrapper(handle)));
  const answer = await askNext(await served.connect(), request(`${method} / HTTP/1.1`), method);
  expect(answer.body === (method === "GET" ? text.slice(4) : "")).toBe(true);
  await closed;
  expect(handle.fd).toBe(-1);
});

describe("a file-like object", () => {
  test("is read in blocks until it gives nothing, and closed", async () => {
    const texts = new Texts("one ", Buffer.from("two "), "drei€");
    const served = await serve(wrapping((wrapper) => wrapper(texts)));
    const answer = await askNext(await served.connect(), get());
    expect(Buffer.from(answer.body, "latin1").toString()).toBe("one two drei€");
    await served.exchange();
    expect(texts.calls).toEqual([65536, 65536, 65536, 65536, "close"]);
  });

  test("ends with null too, and is asked for the block size that was given", async () => {
    const texts = new Texts("one", null, "two");
    const served = await serve(wrapping((wrapper) => wrapper(texts, 3)));
    expect((await askNext(await served.connect(), get())).body).toBe("one");
    await served.exchange();
    expect(texts.calls).toEqual([3, 3, "close"]);
  });

  test("may answer with promises and have no close()", async () => {
    const pieces = ["one ", "two"];
    const like: FileLike = { read: () => Promise.resolve(pieces.shift() ?? null) };
    const served = await serve(wrapping((wrapper) => wrapper(like)));
    expect((await askNext(await served.connect(), get())).body).toBe("one two");
  });

  test("that fails is closed and logged", async () => {
    const texts = new Texts("x".repeat(5000));
    const read = texts.read.bind(texts);
    texts.read = (size) => {
      if (texts.calls.length > 0) throw new Error("disk gone");
      return read(size);
    };
    const served = await serve(wrapping((wrapper) => wrapper(texts)));
    expect((await ask(served, get())).complete).toBe(false);
    expect(await served.logged(/disk gone/)).toContain("the application failed");
    await served.exchange();
    expect(texts.calls.at(-1)).toBe("close");
  });
});

test.each([
  ["nothing", undefined, undefined, "expected a path, a FileHandle or an object with read(size)"],
  ["a descriptor", 3, undefined, "expected a path, a FileHandle or an object with read(size)"],
  ["an object without read", {}, undefined, "expected a path, a FileHandle or an object with read(size)"],
  ["a block size of 0", "file", 0, "expected a block size above 0, got 0"],
  ["a negative block size", "file", -1, "expected a block size above 0, got -1"],
  ["a broken block size", "file", 1.5, "expected a block size above 0, got 1.5"],
])("refuses %s", async (_name, value, size, message) => {
  const served = await serve(wrapping((wrapper) => wrapper(value as unknown as string, size)));
  expect((await askNext(await served.connect(), get())).status).toBe(500);
  expect(await served.logged(/UsageError/)).toContain(`wsgi.file_wrapper: ${message}`);
});

test("closes a file whose client left", async () => {
  const texts = new Texts(...Array.from({ length: 2000 }, () => "x".repeat(65536)));
  const closed = new Promise<void>((resolve) => {
    texts.close = resolve;
  });
  const served = await serve(wrapping((wrapper) => wrapper(texts)));
  const client = await served.connect();
  client.send(get());
  await client.receive("xxx");
  client.reset();
  await closed;
  expect((await served.exchange()).disconnectPhase).toBe("response-body");
  expect(answersIn(client.received)[0]?.complete).toBe(false);
});

test("reads a file in larger blocks while the client keeps pace, unless told how large", async () => {
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const asked = async (blockSize?: number): Promise<number[]> => {
    const sizes: number[] = [];
    const read = async (buffer: Buffer, _offset: number, length: number): Promise<unknown> => {
      sizes.push(length);
      return { bytesRead: length, buffer };
    };
    const blocks = fileWrapper({ fd: 0, read } as unknown as FileHandle, blockSize)[Symbol.asyncIterator]();
    for (const wait of [0, 0.5, 0, 0, 2, 0.5]) {
      await blocks.next();
      now += wait;
    }
    return sizes.map((size) => size / 1024);
  };
  expect(await asked()).toEqual([64, 128, 256, 256, 256, 64]);
  expect(await asked(1024)).toEqual([1, 1, 1, 1, 1, 1]);
});
