// The reused buffer on its own: when it is to be had, what it leaves alone, and how a socket gets back to normal.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { type Duplex, PassThrough } from "node:stream";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ReadBuffer } from "../src/read-buffer.ts";
import { turn, until } from "./support/until.ts";

const NOBODY = { onBytes: () => true, expectsMuch: false };

/** Both ends of a connection; the server's end is paused, as a listener hands it out. */
async function connection(): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [near] = (await once(server, "connection")) as [net.Socket];
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { near, far };
}

test("reads an accepted socket of this Node version through one buffer", async () => {
  const { near, far } = await connection();
  const buffer = new ReadBuffer();
  const views: [text: string, memory: ArrayBufferLike][] = [];
  let wake = (): void => {};
  const onBytes = (bytes: Buffer, length: number): boolean => {
    views.push([bytes.toString("utf8", 0, length), bytes.buffer]);
    wake();
    return true;
  };
  expect(buffer.attach(near, { onBytes, expectsMuch: false })).toBe(true);
  near.resume();
  for (const text of ["first", "second"]) {
    const came = new Promise<void>((resolve) => {
      wake = resolve;
    });
    far.write(text);
    await came;
  }
  expect(views.map(([text]) => text)).toEqual(["first", "second"]);
  expect(views[0]?.[1]).toBe(views[1]?.[1]);
  expect(near.listenerCount("data")).toBe(0);
});

test("gives a detached socket its bytes as an ordinary stream, each piece its own", async () => {
  const { near, far } = await connection();
  const other = await connection();
  const buffer = new ReadBuffer();
  buffer.attach(near, { ...NOBODY, onBytes: () => expect.fail("detached") });
  const seen: string[] = [];
  buffer.attach(other.near, {
    ...NOBODY,
    onBytes: (bytes, length) => seen.push(bytes.toString("utf8", 0, length)) > 0,
  });
  buffer.detach(near);
  const pieces: Buffer[] = [];
  near.on("data", (bytes) => pieces.push(bytes));
  near.resume();
  far.write("for the application");
  await until(() => pieces.length > 0);
  other.near.resume();
  other.far.write("something else of the same length");
  await until(() => seen.length > 0);
  expect(Buffer.concat(pieces).toString()).toBe("for the application");
  far.end();
  await once(near, "end");
});

test("stops reading when it is told so, until the socket resumes", async () => {
  const { near, far } = await connection();
  const seen: string[] = [];
  let goesOn = false;
  new ReadBuffer().attach(near, {
    ...NOBODY,
    onBytes: (bytes, length) => {
      seen.push(bytes.toString("utf8", 0, length));
      return goesOn;
    },
  });
  near.resume();
  far.write("first");
  await until(() => seen.length > 0);
  await new Promise<void>((resolve) => far.write("second", () => resolve()));
  await turn();
  await turn();
  expect(seen).toEqual(["first"]);
  goesOn = true;
  near.resume();
  await until(() => seen.length > 1);
  expect(seen).toEqual(["first", "second"]);
});

describe("a socket with much to come", () => {
  /** Attaches, and keeps what is given; `sent` resolves when so many bytes have come. */
  async function attached(expectsMuch: () => boolean) {
    const { near, far } = await connection();
    const other = await connection();
    const buffer = new ReadBuffer();
    const kept: Buffer[] = [];
    const copied: Buffer[] = [];
    const shared = new Set<ArrayBufferLike>();
    let received = 0;
    const reader = {
      onBytes(bytes: Buffer, length: number, isGiven: boolean) {
        received += length;
        if (isGiven) kept.push(bytes.subarray(0, length));
        else {
          copied.push(Buffer.from(bytes.subarray(0, length)));
          shared.add(bytes.buffer);
        }
        return true;
      },
      get expectsMuch() {
        return expectsMuch();
      },
    };
    const memory: ArrayBufferLike[] = [];
    buffer.attach(near, reader);
    buffer.attach(other.near, { ...NOBODY, onBytes: (bytes) => memory.push(bytes.buffer) > 0 });
    near.resume();
    other.near.resume();
    const send = async (bytes: Buffer): Promise<void> => {
      const all = received + bytes.length;
      far.write(bytes);
      await until(() => received === all);
    };
    /** What the others read into. */
    const sharedMemory = async (): Promise<ArrayBufferLike> => {
      const before = memory.length;
      other.far.write("x");
      await until(() => memory.length > before);
      return memory.at(-1) as ArrayBufferLike;
    };
    return { near, kept, copied, shared, send, sharedMemory };
  }

  test("is given the memory of its large reads, and nobody writes to it again", async () => {
    const { kept, copied, send, sharedMemory } = await attached(() => true);
    const sent = randomBytes(4_000_000);
    await send(sent);
    const memories = new Set(kept.map((piece) => piece.buffer));
    expect(kept.length).toBeGreaterThan(0);
    expect(memories.size).toBe(kept.length);
    expect(memories.has(await sharedMemory())).toBe(false);
    const keptBytes = kept.reduce((sum, piece) => sum + piece.length, 0);
    const copiedBytes = copied.reduce((sum, piece) => sum + piece.length, 0);
    expect(keptBytes + copiedBytes).toBe(sent.length);
    for (const piece of kept) {
      expect(piece.length).toBeGreaterThanOrEqual(32 * 1024);
      const at = sent.indexOf(piece.subarray(0, 64));
      expect(at >= 0 && sent.subarray(at, at + piece.length).equals(piece)).toBe(true);
    }
  });

  test("reads into the shared memory again when little comes, and it asks for no buffer then", async () => {
    const { near, kept, shared, copied, send, sharedMemory } = await attached(() => true);
    await send(randomBytes(2_000_000));
    expect(kept.length).toBeGreaterThan(0);
    await send(Buffer.from("one"));
    shared.clear();
    await send(Buffer.from("two"));
    expect([...shared]).toEqual([await sharedMemory()]);
    expect(copied.at(-1)?.toString()).toBe("two");
    const generator = Object.getOwnPropertySymbols(near).find(({ description }) => description === "kBufferGen");
    expect((near as unknown as Record<symbol, unknown>)[generator as symbol]).toBeNull();
  });

  test("shares the memory of all while it keeps nothing", async () => {
    const { kept, shared, send, sharedMemory } = await attached(() => false);
    await send(randomBytes(2_000_000));
    expect(kept).toEqual([]);
    expect([...shared]).toEqual([await sharedMemory()]);
  });

  test("is an ordinary stream when it is detached with a buffer of its own", async () => {
    const { near, far } = await connection();
    const buffer = new ReadBuffer();
    let given: Buffer | undefined;
    buffer.attach(near, {
      expectsMuch: true,
      onBytes(bytes, length, isGiven) {
        if (isGiven) given ??= bytes.subarray(0, length);
        return given === undefined;
      },
    });
    near.resume();
    far.write(Buffer.alloc(1_000_000, "a"));
    await until(() => given !== undefined);
    near.pause();
    buffer.detach(near);
    const before = Buffer.from(given as Buffer);
    let [last, count] = [0, 0];
    near.on("data", (bytes: Buffer) => {
      count += bytes.length;
      last = bytes.at(-1) as number;
    });
    near.resume();
    far.end("b");
    await once(near, "end");
    expect(count).toBeGreaterThan(0);
    expect(String.fromCharCode(last)).toBe("b");
    expect((given as Buffer).equals(before)).toBe(true);
  });
});

test("stops reading a detached socket that nobody empties", async () => {
  const { near, far } = await connection();
  const buffer = new ReadBuffer();
  buffer.attach(near, { ...NOBODY, onBytes: () => expect.fail("detached") });
  buffer.detach(near);
  near.read(0);
  far.write(Buffer.alloc(20_000_000));
  await until(() => near.readableLength >= near.readableHighWaterMark);
  await turn();
  expect(near.readableLength).toBeLessThan(1_000_000);
  expect(far.writableLength).toBeGreaterThan(0);
  near.resume();
  await once(far, "drain");
});

test.each<[string, () => Duplex]>([
  ["a stream that is no socket", () => new PassThrough()],
  ["a socket without a handle", () => new net.Socket()],
  ["a stream with a handle that cannot", () => Object.assign(new PassThrough(), { _handle: {} })],
  [
    "a stream with a handle that can, but not Node's fields",
    () => Object.assign(new PassThrough(), { _handle: { useUserBuffer: () => expect.fail("touched") } }),
  ],
])("does not attach to %s, and leaves it as it is", (_what, make) => {
  const stream = make();
  const before = Object.getOwnPropertySymbols(stream);
  expect(new ReadBuffer().attach(stream, NOBODY)).toBe(false);
  expect(Object.getOwnPropertySymbols(stream)).toEqual(before);
  new ReadBuffer().detach(stream);
  stream.destroy();
});

test("does not attach to a stream without Node's fields after it met a socket with them", async () => {
  const { near } = await connection();
  const buffer = new ReadBuffer();
  expect(buffer.attach(near, NOBODY)).toBe(true);
  const stream = Object.assign(new PassThrough(), { _handle: { useUserBuffer: () => expect.fail("touched") } });
  expect(buffer.attach(stream, NOBODY)).toBe(false);
  buffer.detach(stream);
  expect(stream.listenerCount("data")).toBe(0);
});

test("does not attach where a read completes after it was begun, as on Windows", async () => {
  const { near } = await connection();
  vi.spyOn(process, "platform", "get").mockReturnValue("win32");
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  expect(new ReadBuffer().attach(near, NOBODY)).toBe(false);
});
