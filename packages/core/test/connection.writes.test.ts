// A peer that takes writes only when told to: what is queued when, when an exchange counts as over, and with how many
// bytes.

import { describe, expect, test } from "vitest";
import type { Application } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { MemoryListener, type MemoryPeer } from "./support/listeners.ts";
import { type Served, serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SIZE = 60_000;

const large: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.PATH_INFO, "x".repeat(SIZE)];
};

async function connect(application: Application): Promise<{ served: Served; peer: MemoryPeer }> {
  const listener = new MemoryListener();
  const served = await serve(application, {}, listener);
  return { served, peer: listener.connect() };
}

describe("a response", () => {
  test("that is complete leaves in one write, head and body", async () => {
    const { peer } = await connect((_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["hello"];
    });
    peer.send(GET);
    await until(() => peer.received.endsWith("hello"));
    expect(peer.writes).toBe(1);
  });

  test("is reported when its last byte was taken, not before", async () => {
    const { served, peer } = await connect(large);
    peer.taking = false;
    peer.send(GET);
    await until(() => peer.held > 0);
    await turn();
    expect(served.exchanges).toHaveLength(0);
    peer.take();
    expect(await served.exchange()).toMatchObject({
      completed: true,
      bodyBytes: SIZE + 1,
      totalBytes: peer.received.length,
    });
  });

  test("that was not taken before the socket broke is reported so", async () => {
    const { served, peer } = await connect(large);
    peer.taking = false;
    peer.send(GET);
    await until(() => peer.held > 0);
    peer.socket.destroy(new Error("broken on purpose"));
    expect(await served.exchange()).toMatchObject({
      status: 200,
      completed: false,
      bodyBytes: 0,
      totalBytes: 0,
      disconnectPhase: "before-head",
      error: { code: "CLIENT_DISCONNECTED", cause: { message: "broken on purpose" } },
    });
    await until(() => served.server.counters.connections === 0);
  });

  test("before another one that was not taken is reported on its own", async () => {
    const { served, peer } = await connect(large);
    peer.send(GET.replace("/", "/1"));
    await served.exchange();
    peer.taking = false;
    peer.send(GET.replace("/", "/2"));
    await until(() => peer.held > 0);
    peer.socket.destroy();
    await served.exchange(1);
    expect(
      served.exchanges.map(({ environ, completed, bodyBytes }) => [environ.PATH_INFO, completed, bodyBytes]),
    ).toEqual([
      ["/1", true, SIZE + 2],
      ["/2", false, 0],
    ]);
  });

  test("that breaks off is reported with what was taken of it in the end", async () => {
    const { served, peer } = await connect(async (_environ, startResponse) => {
      const write = startResponse("200 OK", [["Content-Length", "10"]]);
      void write("12345");
      throw new Error("on purpose");
    });
    peer.taking = false;
    peer.send(GET);
    await until(() => peer.held > 0);
    await turn();
    peer.take();
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({ completed: false, bodyBytes: 5, error: { message: "on purpose" } });
    expect(exchange.totalBytes).toBe(peer.received.length);
  });
});

test("reports a response that broke off as the application's failure, though the client took none of it", async () => {
  const { served, peer } = await connect(async (_environ, startResponse) => {
    const write = startResponse("200 OK", []);
    void write("begun");
    throw new Error("on purpose");
  });
  peer.taking = false;
  peer.send(GET.replace("1.1", "1.0"));
  expect(await served.exchange()).toMatchObject({
    completed: false,
    bodyBytes: 0,
    disconnectPhase: undefined,
    error: { message: "on purpose" },
  });
});

describe("a peer that takes nothing", () => {
  test("gets no more queued than the high-water mark and one response", async () => {
    let calls = 0;
    const { served, peer } = await connect((environ, startResponse) => {
      calls++;
      return large(environ, startResponse);
    });
    peer.taking = false;
    peer.send(GET.repeat(10));
    await until(() => calls > 0);
    await turn();
    expect(calls).toBe(2);
    peer.take();
    await until(() => calls === 10);
    await served.exchange(9);
  });

  test("is given more only when it has taken most of what is queued", async () => {
    let produced = 0;
    const { peer } = await connect((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        for (;;) {
          produced++;
          yield Buffer.alloc(30_000);
        }
      })();
    });
    peer.taking = false;
    peer.send(GET);
    await until(() => produced === 3);
    const written = peer.socket.writableLength;
    while (peer.socket.writableLength > written - 30_000) {
      peer.takeOne();
      await turn();
    }
    expect(produced).toBe(3);
    while (peer.socket.writableLength > written - 60_000) peer.takeOne();
    await until(() => produced > 3);
  });

  test("gets what an asynchronous body yields without waiting in one write, and the rest when it comes", async () => {
    const gate = deferred();
    const { peer } = await connect((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        for (let i = 0; i < 100; i++) yield `item ${i};`;
        await gate.promise;
        yield "last";
      })();
    });
    peer.send(GET);
    await until(() => peer.received.includes("item 99;"));
    expect(peer.writes).toBe(1);
    gate.resolve();
    await until(() => peer.received.endsWith("0\r\n\r\n"));
    expect(peer.received).toMatch(/item 99;\r\n4\r\nlast\r\n0\r\n\r\n$/);
  });

  test("gets an asynchronous body item by item as it takes them", async () => {
    let produced = 0;
    const { peer } = await connect((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        for (; produced < 10; produced++) yield "x".repeat(SIZE);
      })();
    });
    peer.taking = false;
    peer.send(GET);
    await until(() => peer.held > 0);
    await turn();
    expect(produced).toBeLessThanOrEqual(2);
    peer.take();
    await until(() => peer.received.endsWith("0\r\n\r\n"));
    expect(produced).toBe(10);
  });
});

test("lets an idle connection send what is still queued when the server closes", async () => {
  const { served, peer } = await connect(large);
  peer.taking = false;
  peer.send(GET);
  await until(() => peer.held > 0 && served.server.counters.idle === 1);
  const closed = served.server.close({ timeout: 30 });
  await served.logged(/wsgi exiting/);
  await turn();
  await turn();
  peer.take();
  expect(await served.exchange()).toMatchObject({ completed: true, totalBytes: peer.received.length });
  peer.finish();
  expect(await closed).toEqual({ cut: 0 });
});

describe("a peer that has closed its side", () => {
  test("gets what is queued, and the connection ends then, with a request's body unfinished", async () => {
    const { served, peer } = await connect(large);
    peer.taking = false;
    peer.send(`${GET}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n1234567890`);
    await until(() => peer.held > 0);
    await turn();
    peer.finish();
    await turn();
    peer.take();
    await until(() => served.server.counters.connections === 0);
    expect(peer.received.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
    expect(served.exchanges.map(({ completed }) => completed)).toEqual([true, true]);
  });

  test("gets the answers to all its pipelined requests, though it took none before", async () => {
    const { served, peer } = await connect(large);
    peer.taking = false;
    peer.send(GET.repeat(20));
    peer.finish();
    await until(() => peer.held > 0);
    await turn();
    peer.take();
    await until(() => served.server.counters.connections === 0);
    expect(peer.received.match(/HTTP\/1.1 200 OK/g)).toHaveLength(20);
  });
});

test("resets a connection whose body ends by closing, when it breaks off", async () => {
  const received = deferred();
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return (async function* () {
      yield "begun";
      await received.promise;
      throw new Error("on purpose");
    })();
  });
  const client = await served.connect();
  client.send(GET.replace("1.1", "1.0"));
  await client.receive("begun");
  received.resolve();
  await client.end();
  await until(() => client.closed);
  expect(client.error).toMatchObject({ code: "ECONNRESET" });
  expect(await served.exchange()).toMatchObject({ completed: false, bodyBytes: 5 });
});

test.each([
  ["quietly", undefined],
  ["with an error that nobody has heard of yet", new Error("gone")],
])("does not serve a socket that is gone when its turn comes, %s", async (_how, error) => {
  const listener = new MemoryListener();
  const served = await serve(large, {}, listener);
  const peer = listener.connect((socket) => socket.destroy(error));
  await until(() => peer.socket.closed);
  expect(served.server.counters).toMatchObject({ accepted: 1, connections: 0, waiting: 0 });
});
