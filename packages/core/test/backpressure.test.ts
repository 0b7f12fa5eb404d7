// What is not taken is not sent, what is not read is not received; and nobody's stream takes the turns of the others.

import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { Extension, Write } from "../src/index.ts";
import { BODY_KINDS, PIECE_BYTES } from "./support/bodies.ts";
import { deferred } from "./support/deferred.ts";
import { Download } from "./support/download.ts";
import { startFastReader } from "./support/fast-reader.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const MIB = 1024 * 1024;
/** What the system's own buffers may hold of a connection. */
const KERNEL_BYTES = 40 * MIB;

/** Resolves when the value has not changed for many turns. */
async function settled(value: () => number): Promise<number> {
  let before = value();
  for (let unchanged = 0; unchanged < 20; unchanged++) {
    await turn();
    const now = value();
    if (now !== before) unchanged = 0;
    before = now;
  }
  return before;
}

/** Remembers the server's sockets. */
function socketSpy(): Extension & { readonly sockets: Socket[] } {
  const sockets: Socket[] = [];
  return { name: "spy", sockets, onEnviron: (_environ, { socket }) => sockets.push(socket as Socket) };
}

describe.each(
  ["a synchronous generator", "an asynchronous generator", "write()", "a Readable", "a web ReadableStream"].map(
    (kind) => [kind, BODY_KINDS[kind]!] as const,
  ),
)("a stalled client and %s", (_kind, makeBody) => {
  test("waits, and goes on when the client does", async () => {
    const whole = 100 * MIB;
    const { respond, fate } = makeBody(whole);
    const served = await serve(respond);
    const download = await Download.begin(served.port);
    await download.receive(1);
    download.socket.pause();
    const produced = await settled(() => fate.produced);
    expect(produced).toBeLessThan(download.bytes + KERNEL_BYTES);
    download.socket.resume();
    await until(() => fate.produced > produced + MIB);
    download.socket.destroy();
  });
});

describe("an upload", () => {
  test("that nobody reads stays with the system", async () => {
    const called = deferred();
    const mayRead = deferred();
    const spy = socketSpy();
    const served = await serve(
      async (environ, startResponse) => {
        called.resolve();
        await mayRead.promise;
        const first = await environ["wsgi.input"].read(10);
        startResponse("200 OK", [["Connection", "close"]]);
        return [first];
      },
      { extensions: [spy] },
    );
    const client = await served.connect();
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${60 * MIB}\r\n\r\n`;
    client.send(head);
    client.send(Buffer.alloc(60 * MIB, "0123456789"));
    await called.promise;
    const read = await settled(() => spy.sockets[0]?.bytesRead ?? 0);
    expect(read).toBeLessThanOrEqual(2 * 64 * 1024); // what is read ahead, and the read that reached it
    expect(client.socket.writableLength).toBeGreaterThan(0);
    mayRead.resolve();
    await client.receive(/\r\n\r\n0123456789/);
  });

  test("is read no faster than the application reads it", async () => {
    const spy = socketSpy();
    const step = deferred();
    const served = await serve(
      async (environ, startResponse) => {
        const input = environ["wsgi.input"];
        const first = await input.read(MIB);
        await step.promise;
        let length = first.length;
        for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) length += piece.length;
        startResponse("200 OK", []);
        return [`read ${length}`];
      },
      { extensions: [spy] },
    );
    const client = await served.connect();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${30 * MIB}\r\n\r\n`);
    client.send(Buffer.alloc(30 * MIB));
    await until(() => (spy.sockets[0]?.bytesRead ?? 0) > MIB);
    expect(await settled(() => spy.sockets[0]?.bytesRead ?? 0)).toBeLessThanOrEqual(MIB + 3 * 64 * 1024);
    step.resolve();
    await client.receive(`read ${30 * MIB}`);
  });

  test("is read ahead for an application that answers pipelined requests one at a time", async () => {
    const spy = socketSpy();
    const mayAnswer = deferred();
    let calls = 0;
    const served = await serve(
      async (_environ, startResponse) => {
        calls++;
        await mayAnswer.promise;
        startResponse("200 OK", []);
        return [];
      },
      { extensions: [spy] },
    );
    const client = await served.connect();
    const count = 200_000;
    client.send(GET.repeat(count));
    await until(() => calls === 1);
    expect(await settled(() => spy.sockets[0]?.bytesRead ?? 0)).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(calls).toBe(1);
  });
});

test("pauses a pipelining client that never reads", async () => {
  const spy = socketSpy();
  let calls = 0;
  const served = await serve(
    (_environ, startResponse) => {
      calls++;
      startResponse("200 OK", []);
      return ["x".repeat(50_000)];
    },
    { extensions: [spy] },
  );
  const client = await served.connect();
  client.socket.pause();
  const count = 20_000;
  client.send(GET.repeat(count));
  await until(() => calls > 0);
  expect(await settled(() => calls)).toBeLessThan(KERNEL_BYTES / 50_000);
  expect(spy.sockets[0]?.bytesRead).toBeLessThan(count * GET.length);
  expect(spy.sockets[0]?.writableLength).toBeLessThan(256 * 1024);
  client.reset();
  await until(() => served.server.counters.connections === 0);
  expect(served.exchanges.length).toBe(calls);
});

describe("write()", () => {
  test("resolves only when a stalled client has taken more", async () => {
    let written = 0;
    const served = await serve(async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      for (let i = 0; i < 1000; i++) {
        await write(Buffer.alloc(PIECE_BYTES));
        written++;
      }
      return [];
    });
    const download = await Download.begin(served.port);
    await download.receive(1);
    download.socket.pause();
    const before = await settled(() => written);
    expect(before).toBeLessThan(1000);
    download.socket.resume();
    await until(() => written === 1000);
  });

  test("keeps the order of calls that nobody awaits", async () => {
    const served = await serve((_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      for (let i = 0; i < 200; i++) void write(`<${i}:${"x".repeat(i % 3 === 0 ? 200_000 : 10)}>`);
      return ["<end>"];
    });
    const client = await served.connect();
    client.socket.pause();
    client.send(GET.replace("1.1", "1.0"));
    await until(() => served.server.counters.active === 1);
    client.socket.resume();
    const received = await client.end();
    expect(received.match(/<\w+/g)).toEqual([...Array.from({ length: 200 }, (_, i) => `<${i}`), "<end"]);
    expect(await served.exchange()).toMatchObject({ completed: true });
  });

  test("within an asynchronous body that nobody awaits loses nothing with a stalled client", async () => {
    const served = await serve((_environ, startResponse) => {
      const write: Write = startResponse("200 OK", []);
      return (async function* () {
        for (let i = 0; i < 100; i++) {
          void write(`<w${i}${"x".repeat(60_000)}>`);
          yield `<y${i}${"x".repeat(60_000)}>`;
        }
      })();
    });
    const client = await served.connect();
    client.socket.pause();
    client.send(GET.replace("1.1", "1.0"));
    await until(() => served.server.counters.active === 1);
    await turn();
    client.socket.resume();
    const received = await client.end();
    const names = received.match(/<[wy]\d+/g) ?? [];
    expect(names.filter((name) => name.startsWith("<y"))).toEqual(Array.from({ length: 100 }, (_, i) => `<y${i}`));
    expect(names.filter((name) => name.startsWith("<w"))).toEqual(Array.from({ length: 100 }, (_, i) => `<w${i}`));
    expect(await served.exchange()).toMatchObject({ completed: true });
  });
});

test("loses nothing of a synchronous body that waits while the application writes besides", async () => {
  let write: Write | undefined;
  const served = await serve((_environ, startResponse) => {
    write = startResponse("200 OK", []);
    return (function* () {
      for (let i = 0; i < 100; i++) yield `<y${i}${"x".repeat(60_000)}>`;
    })();
  });
  const client = await served.connect();
  client.socket.pause();
  client.send(GET.replace("1.1", "1.0"));
  await until(() => write !== undefined);
  for (let i = 0; i < 20; i++) await turn();
  for (let i = 0; i < 3; i++) void write?.(`<w${i}>`);
  client.socket.resume();
  const received = await client.end();
  const names = received.match(/<[wy]\d+/g) ?? [];
  expect(names.filter((name) => name.startsWith("<y"))).toEqual(Array.from({ length: 100 }, (_, i) => `<y${i}`));
  expect(names.filter((name) => name.startsWith("<w"))).toEqual(["<w0", "<w1", "<w2"]);
});

describe("while a fast client takes", () => {
  const SECONDS = 3;
  let stop = false;
  const going = (started: number): boolean => !stop && performance.now() - started < SECONDS * 1000;
  const piece = Buffer.alloc(1000, "x");

  test.each<[string, (write: Write) => Iterable<Uint8Array> | AsyncIterable<Uint8Array> | Promise<never[]>]>([
    [
      "a synchronous generator",
      function* () {
        for (const started = performance.now(); going(started); ) yield piece;
      },
    ],
    [
      "an asynchronous generator",
      async function* () {
        for (const started = performance.now(); going(started); ) yield piece;
      },
    ],
    [
      "a write() loop",
      async (write) => {
        for (const started = performance.now(); going(started); ) await write(piece);
        return [];
      },
    ],
    [
      "write() calls of next to nothing",
      async (write) => {
        for (const started = performance.now(); going(started); ) await write("x");
        return [];
      },
    ],
  ])("%s others are served", async (_kind, makeBody) => {
    stop = false;
    const served = await serve((environ, startResponse) => {
      const write = startResponse("200 OK", []);
      return environ.PATH_INFO === "/stream" ? (makeBody(write) as Iterable<Uint8Array>) : ["hello"];
    });
    const client = await served.connect();
    const reader = await startFastReader(served.port, "/stream");
    for (let i = 0; i < 5; i++) {
      client.received = "";
      client.send(GET);
      await client.receive(/hello$/);
    }
    expect(served.exchanges.map(({ environ }) => environ.PATH_INFO)).toEqual(["/", "/", "/", "/", "/"]);
    stop = true;
    await reader.ended;
  });
});

test("tells a waiting write() of a client that leaves", async () => {
  const failed = deferred<unknown>();
  const served = await serve(async (environ, startResponse) => {
    const write = startResponse("200 OK", []);
    const left = once(environ["wsgi.signal"], "abort");
    const writing = write(Buffer.alloc(80 * MIB));
    await left;
    await writing.catch(failed.resolve);
    return [];
  });
  const client = await served.connect();
  client.socket.pause();
  client.send(GET);
  await until(() => served.server.counters.active === 1);
  client.reset();
  expect(await failed.promise).toMatchObject({ code: "CLIENT_DISCONNECTED" });
});
