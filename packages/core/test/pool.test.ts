// The pool on its own, and what becomes of connections that wait in one: max-size.test.ts has the rest.

import { describe, expect, test } from "vitest";
import { type ConnectionPool, Pool } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { MemoryListener } from "./support/listeners.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

/** Tasks that end when told, and the order in which they began. */
function tasks() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const make = (name: string) => () => {
    begun.push(name);
    const { promise, resolve } = deferred();
    ends.set(name, resolve);
    return promise;
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await turn();
  };
  return { begun, make, end };
}

test.each([0, -1, 1.5, Number.NaN, "5", undefined])("a pool of %s connections is refused", (size) => {
  expect(() => new Pool(size as number)).toThrow(
    expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringContaining(`got ${typeof size === "string" ? '"5"' : String(size)}`),
    }),
  );
});

test("a pool without a limit runs everything", () => {
  const { begun, make } = tasks();
  const pool = new Pool(Number.POSITIVE_INFINITY);
  for (const name of ["a", "b", "c"]) pool.spawn(make(name));
  expect(begun).toEqual(["a", "b", "c"]);
});

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
  startResponse("200 OK", []);
  return ["hello"];
};

describe("a pool", () => {
  test("runs as many tasks as it has room for, the others in their order", async () => {
    const pool = new Pool(2);
    const { begun, make, end } = tasks();
    for (const name of ["a", "b", "c", "d"]) pool.spawn(make(name));
    expect(begun).toEqual(["a", "b"]);
    expect([pool.running, pool.waiting]).toEqual([2, 2]);
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("a");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    expect([pool.running, pool.waiting]).toEqual([2, 0]);
    await end("c");
    await end("d");
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  test("runs everything at once when its size is Infinity", () => {
    const pool = new Pool(Number.POSITIVE_INFINITY);
    const { begun, make } = tasks();
    for (let i = 0; i < 1000; i++) pool.spawn(make(String(i)));
    expect(begun).toHaveLength(1000);
  });

  test("resolves waitall() when the last task has ended, those that waited included", async () => {
    const pool = new Pool(2);
    const { make, end } = tasks();
    await pool.waitall();
    for (const name of ["a", "b", "c"]) pool.spawn(make(name));
    let resolved = 0;
    void pool.waitall().then(() => resolved++);
    void pool.waitall().then(() => resolved++);
    await end("a");
    await end("b");
    expect(resolved).toBe(0);
    await end("c");
    expect(resolved).toBe(2);
    await pool.waitall();
  });

  test.each<[string, () => Promise<void>]>([
    ["rejects", () => Promise.reject(new Error("on purpose"))],
    [
      "throws",
      () => {
        throw new Error("on purpose");
      },
    ],
  ])("loses no room by a task that %s", async (_how, fail) => {
    const pool = new Pool(1);
    const { begun, make } = tasks();
    try {
      pool.spawn(fail);
    } catch {
      // it may be told to the caller
    }
    pool.spawn(make("next"));
    await turn();
    expect(begun).toEqual(["next"]);
    expect(pool.running).toBe(1);
  });
});

describe("a server with maxSize", () => {
  test("forgets clients that leave while they wait", async () => {
    const served = await serve(hello, { maxSize: 1 });
    const first = await served.connect();
    first.send(GET);
    await first.receive("hello");
    const impatient = [await served.connect(), await served.connect()];
    const last = await served.connect();
    last.send(GET);
    await until(() => served.server.counters.waiting === 3);
    impatient[0]?.reset();
    impatient[1]?.leave();
    await turn();
    first.finish();
    await last.receive("hello");
    expect(served.exchanges).toHaveLength(2);
    await until(() => served.server.counters.connections === 1);
    expect(served.server.counters.waiting).toBe(0);
  });

  test("outlives an error of a socket that waits, and forgets it", async () => {
    const listener = new MemoryListener();
    const served = await serve(hello, { maxSize: 1 }, listener);
    const [first, broken, last] = [listener.connect(), listener.connect(), listener.connect()];
    for (const peer of [first, broken, last]) peer.send(GET);
    await until(() => first.received.endsWith("hello"));
    expect(served.server.counters.waiting).toBe(2);
    broken.socket.destroy(new Error("on purpose"));
    await until(() => served.server.counters.waiting === 1);
    first.finish();
    await until(() => last.received.endsWith("hello"));
    expect(served.exchanges).toHaveLength(2);
  });

  test("closes those that wait when it closes", async () => {
    const mayAnswer = deferred();
    const served = await serve(
      async (environ, startResponse) => {
        await mayAnswer.promise;
        return hello(environ, startResponse);
      },
      { maxSize: 1 },
    );
    const first = await served.connect();
    first.send(GET);
    await until(() => served.server.counters.active === 1);
    const waiting = await served.connect();
    await until(() => served.server.counters.waiting === 1);
    const closed = served.server.close();
    expect(await waiting.end()).toBe("");
    expect(served.server.counters.waiting).toBe(0);
    mayAnswer.resolve();
    await first.receive("hello");
    first.finish();
    expect(await closed).toEqual({ cut: 0 });
  });
});

describe("a customPool", () => {
  test("that starts a connection only after the server closed does no harm", async () => {
    const late: (() => Promise<void>)[] = [];
    const customPool: ConnectionPool = { spawn: (task) => void late.push(task), waitall: async () => {} };
    const served = await serve(() => [], { customPool });
    const client = await served.connect();
    client.send(GET);
    await until(() => served.server.counters.waiting === 1);
    expect(await served.server.close()).toEqual({ cut: 0 });
    await client.end();
    await late[0]?.();
    expect(served.server.counters).toMatchObject({ connections: 0, waiting: 0 });
  });
});
