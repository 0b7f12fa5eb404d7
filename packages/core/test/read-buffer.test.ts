// The reused buffer on its own: when it is to be had, what it leaves alone, and how a socket gets back to normal.

import { once } from "node:events";
import net from "node:net";
import { type Duplex, PassThrough } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { ReadBuffer } from "../src/read-buffer.ts";
import { turn, until } from "./support/until.ts";

const NOBODY = { onBytes: () => true };

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
  expect(buffer.attach(near, { onBytes })).toBe(true);
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
  buffer.attach(near, { onBytes: () => expect.fail("detached") });
  const seen: string[] = [];
  buffer.attach(other.near, { onBytes: (bytes, length) => seen.push(bytes.toString("utf8", 0, length)) > 0 });
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

test("stops reading a detached socket that nobody empties", async () => {
  const { near, far } = await connection();
  const buffer = new ReadBuffer();
  buffer.attach(near, { onBytes: () => expect.fail("detached") });
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
