// The parts that others give a server misbehave: extensions, pools, listeners and their sockets. Each fault is told in the log, the
// request in question has its one answer and its one line or is visibly broken off, and the next one is served.
//
// Told elsewhere: extensions that throw (extensions.test.ts), pools (pool.test.ts), listeners that cannot be bound
// (listener.errors.test.ts), sockets that a listener is slow to hand out (lifecycle.test.ts).

import { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Application,
  type ConnectionPool,
  type Extension,
  type Listener,
  type ListenerHandlers,
  listen,
} from "../src/index.ts";
import { ask } from "./support/answers.ts";
import { listenWith, MemoryListener } from "./support/listeners.ts";
import { type Served, serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";
import { request } from "./wire/wire.ts";

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["hello"];
};

/** What nobody caught while the test ran. */
function alarms(): unknown[] {
  const caught: unknown[] = [];
  const onAlarm = (reason: unknown): void => void caught.push(reason);
  for (const event of ["unhandledRejection", "uncaughtException"]) {
    process.on(event, onAlarm);
    onTestFinished(() => void process.off(event, onAlarm));
  }
  return caught;
}

async function expectHello(served: Served): Promise<void> {
  expect(await ask(served, request("GET / HTTP/1.0"))).toMatchObject({ status: 200, body: "hello", complete: true });
}

describe("an extension that rejects", () => {
  const boom = async (): Promise<void> => {
    throw new Error("boom");
  };

  test.each(["onStart", "onEnviron", "onResponded", "onClose"] as const)("in %s is named in the log", async (door) => {
    const caught = alarms();
    const extension: Extension = { name: "rejecter", [door]: boom };
    const served = await serve(hello, { extensions: [extension] });
    await expectHello(served);
    await served.exchange();
    await served.server.close();
    await turn();
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([
      expect.stringMatching(/extension rejecter failed: Error: boom/),
    ]);
    expect(served.exchanges).toHaveLength(1);
    expect(caught).toEqual([]);
  });
});

describe("a pool", () => {
  const rows: readonly [name: string, spawn: ConnectionPool["spawn"], serves: boolean][] = [
    [
      "that throws before",
      () => {
        throw new Error("no room");
      },
      false,
    ],
    [
      "that throws after",
      (task) => {
        void task();
        throw new Error("no room");
      },
      true,
    ],
  ];

  test.each(rows)("%s it runs a connection is told of, and no connection is left", async (_name, spawn, serves) => {
    const caught = alarms();
    const served = await serve(hello, { customPool: { spawn, waitall: async () => {} } });
    const client = await served.connect();
    client.send(request("GET / HTTP/1.0"));
    const text = await client.end();
    expect(text.endsWith("hello")).toBe(serves);
    await served.logged(/the pool failed: Error: no room/);
    await until(() => served.server.counters.connections === 0);
    expect(served.server.counters.waiting).toBe(0);
    expect(caught).toEqual([]);
  });

  test("that runs a connection twice has it served once", async () => {
    const ends: Promise<void>[] = [];
    const spawn = (task: () => Promise<void>): void => void ends.push(task(), task());
    const served = await serve(hello, { customPool: { spawn, waitall: async () => {} } });
    await expectHello(served);
    await Promise.all(ends);
    expect(served.exchanges).toHaveLength(1);
    expect(served.server.counters).toMatchObject({ connections: 0, accepted: 1, requests: 1 });
  });

  test("that loses a connection has it closed by the end of the server", async () => {
    const served = await serve(hello, { customPool: { spawn: () => {}, waitall: async () => {} } });
    const client = await served.connect();
    await until(() => served.server.counters.waiting === 1);
    await served.server.close();
    expect(await client.end()).toBe("");
    expect(served.server.counters.waiting).toBe(0);
  });
});

describe("a listener", () => {
  /** One that does so when it is closed. */
  function closing(close: () => Promise<void>): Listener {
    const inner = listen(["127.0.0.1", 0]);
    onTestFinished(() => inner.close());
    return {
      scheme: "http",
      ready: inner.ready,
      served: false,
      accept: (handlers) => inner.accept(handlers),
      close,
    };
  }

  test.each<[string, () => Promise<void>]>([
    [
      "throws",
      () => {
        throw new Error("cannot close");
      },
    ],
    ["rejects", () => Promise.reject(new Error("cannot close"))],
  ])("whose close() %s does not keep the server", async (_how, close) => {
    const caught = alarms();
    const served = await serve(hello, {}, closing(close));
    await expectHello(served);
    expect(await served.server.close()).toEqual({ cut: 0 });
    await served.logged(/closing a listener failed: cannot close/);
    await turn();
    expect(caught).toEqual([]);
  });

  test("whose close() never ends keeps the server until the deadline", async () => {
    const served = await serve(
      hello,
      {},
      closing(() => new Promise(() => {})),
    );
    expect(await served.server.close({ timeout: 0.05 })).toEqual({ cut: 0 });
  });

  test("that tells of an error which is none is quoted", async () => {
    const memory = new MemoryListener();
    const served = await serve(hello, {}, memory);
    memory.failAccept(undefined as unknown as Error);
    await served.logged(/accepting connections failed: undefined/);
  });

  test("that hands out what is no socket is told of", async () => {
    const caught = alarms();
    let handlers: ListenerHandlers | undefined;
    const served = await serve(
      hello,
      {},
      {
        ...closing(async () => {}),
        accept: (given) => {
          handlers = given;
        },
      },
    );
    handlers?.onConnection({ destroy: () => {}, on: () => {} } as unknown as Duplex);
    await served.logged(/a connection cannot be served: TypeError/);
    await until(() => served.server.counters.connections === 0);
    expect(caught).toEqual([]);
  });

  test("that hands out a socket which is destroyed already leaves nothing", async () => {
    const served = await serve(
      hello,
      {},
      listenWith((socket) => socket.destroy()),
    );
    const client = await served.connect();
    expect(await client.end()).toBe("");
    await until(() => served.server.counters.accepted === 1);
    expect(served.server.counters).toMatchObject({ connections: 0, waiting: 0 });
  });
});

describe("a socket", () => {
  type Broken = { readonly write?: () => Error | null; readonly final?: () => Error | null };

  /** A stream of a client that sends a request, whose calls fail like those of the system. */
  function failing({ write = () => null, final = () => null }: Broken): Duplex {
    return new Duplex({
      allowHalfOpen: true,
      read() {},
      write: (_chunk, _encoding, done) => void setImmediate(done, write()),
      final: (done) => void setImmediate(done, final()),
    });
  }

  const code = (name: string): Error => Object.assign(new Error(`write ${name}`), { code: name });
  const BODY = Buffer.alloc(40_000, "x");
  /** A head and pieces of a body in writes of their own. */
  const pieces: Application = async (_environ, startResponse) => {
    const write = startResponse("200 OK", []);
    for (let piece = 0; piece < 10; piece++) await write(BODY);
    return [];
  };

  test.each([
    ["EPIPE", 1, "before-head"],
    ["ECONNRESET", 1, "before-head"],
    ["ENOBUFS", 1, "before-head"],
    ["EPIPE", 4, "response-body"],
    ["ECONNRESET", 4, "response-body"],
    ["ENOBUFS", 4, "response-body"],
    ["ETIMEDOUT", 4, "response-body"],
  ])("whose write fails with %s at call %i is a client that left", async (name, call, phase) => {
    const caught = alarms();
    const memory = new MemoryListener();
    const served = await serve(pieces, {}, memory);
    let calls = 0;
    const socket = failing({ write: () => (++calls === call ? code(name) : null) });
    memory.handOut(socket);
    socket.push(request("GET / HTTP/1.1"));
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({ completed: false, disconnectPhase: phase, status: 200 });
    expect(exchange.error).toMatchObject({ code: "CLIENT_DISCONNECTED", cause: { code: name } });
    await until(() => served.server.counters.connections === 0);
    expect(served.log.filter((line) => line.includes("GET / HTTP/1.1"))).toHaveLength(1);
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
    expect(served.exchanges).toHaveLength(1);
    expect(caught).toEqual([]);
  });

  test("whose shutdown fails with ENOTCONN had its response all the same", async () => {
    const caught = alarms();
    const memory = new MemoryListener();
    const served = await serve(hello, {}, memory);
    const socket = failing({ final: () => code("ENOTCONN") });
    memory.handOut(socket);
    socket.push(request("GET / HTTP/1.1", "Connection: close"));
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
    await until(() => served.server.counters.connections === 0);
    expect(caught).toEqual([]);
  });

  test.each(["ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"])("whose read fails with %s inside a body", async (name) => {
    const caught = alarms();
    const memory = new MemoryListener();
    const served = await serve(
      async (environ, startResponse) => {
        await environ["wsgi.input"].read();
        return hello(environ, startResponse);
      },
      {},
      memory,
    );
    const socket = failing({});
    memory.handOut(socket);
    socket.push(request("POST / HTTP/1.1", "Content-Length: 5"));
    await until(() => served.server.counters.active === 1);
    socket.destroy(code(name));
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({
      completed: false,
      disconnectPhase: "request-body",
      error: { cause: { code: name } },
    });
    expect(caught).toEqual([]);
  });
});
