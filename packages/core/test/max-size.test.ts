// How many connections are served at a time: maxSize, customPool, and Pool itself.

import { describe, expect, test } from "vitest";
import { type Application, type ConnectionPool, Pool } from "../src/index.ts";
import { answersIn, askNext } from "./support/answers.ts";
import type { Client } from "./support/client.ts";
import { type Served, serve } from "./support/serve.ts";
import { until } from "./support/until.ts";
import { get, request } from "./wire/wire.ts";

const path: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.PATH_INFO];
};

/** Opens a connection that the server has accepted. */
async function connected(served: Served): Promise<Client> {
  const { accepted: before } = served.server.counters;
  const client = await served.connect();
  await until(() => served.server.counters.accepted > before);
  return client;
}

describe("maxSize", () => {
  test("lets further connections wait, unread, until one ends", async () => {
    const served = await serve(path, { maxSize: 2 });
    const first = await connected(served);
    const second = await connected(served);
    const third = await connected(served);
    const fourth = await connected(served);
    fourth.send(request("GET /4 HTTP/1.1"));
    third.send(Buffer.concat([request("GET /3 HTTP/1.1"), request("GET /33 HTTP/1.1")]));
    expect((await askNext(first, request("GET /1 HTTP/1.1"))).body).toBe("/1");
    expect((await askNext(second, request("GET /2 HTTP/1.1"))).body).toBe("/2");
    expect(served.server.counters).toMatchObject({ connections: 2, waiting: 2, accepted: 4, requests: 2 });
    expect([third.received, fourth.received]).toEqual(["", ""]);

    first.leave();
    await third.receive("/33");
    expect(answersIn(third.received).map(({ body }) => body)).toEqual(["/3", "/33"]);
    expect(fourth.received).toBe("");
    expect(served.server.counters).toMatchObject({ connections: 2, waiting: 1 });

    second.leave();
    await fourth.receive("/4");
    expect(served.server.counters).toMatchObject({ connections: 2, waiting: 0, requests: 5 });
  });

  test("forgets a connection that gave up while it waited", async () => {
    const served = await serve(path, { maxSize: 1 });
    const first = await connected(served);
    const second = await connected(served);
    const third = await connected(served);
    await askNext(first, get());
    second.reset();
    third.send(request("GET /3 HTTP/1.1"));
    first.leave();
    await third.receive("/3");
    expect(served.exchanges).toHaveLength(2);
  });

  test("closes connections that wait when the server closes", async () => {
    const served = await serve(path, { maxSize: 1 });
    const first = await connected(served);
    const second = await connected(served);
    await askNext(first, get());
    second.send(get());
    const closed = served.server.close();
    expect(await second.end()).toBe("");
    first.leave();
    expect(await closed).toEqual({ cut: 0 });
    expect(served.exchanges).toHaveLength(1);
  });
});

describe("customPool", () => {
  test("runs the connections in place of maxSize", async () => {
    const tasks: Promise<void>[] = [];
    const ended: number[] = [];
    const customPool: ConnectionPool = {
      spawn: (task) => {
        const number = tasks.length;
        tasks.push(task().then(() => void ended.push(number)));
      },
      waitall: async () => void (await Promise.all(tasks)),
    };
    const served = await serve(path, { customPool, maxSize: 1 });
    const first = await connected(served);
    const second = await connected(served);
    expect((await askNext(first, get())).body).toBe("/");
    expect((await askNext(second, get())).body).toBe("/");
    expect(tasks).toHaveLength(2);
    expect(ended).toEqual([]);
    second.leave();
    await tasks[1];
    expect(ended).toEqual([1]);
    first.leave();
    await customPool.waitall();
    expect(ended).toEqual([1, 0]);
  });

  test("begins a connection when its task is run, not before", async () => {
    const tasks: (() => Promise<void>)[] = [];
    const customPool: ConnectionPool = {
      spawn: (task) => void tasks.push(task),
      waitall: () => Promise.resolve(),
    };
    const served = await serve(path, { customPool });
    const client = await connected(served);
    await client.sendAll(get());
    expect(served.server.counters).toMatchObject({ connections: 0, waiting: 1 });
    void tasks[0]?.();
    await client.receive("/");
    expect(served.server.counters).toMatchObject({ connections: 1, waiting: 0 });
  });

  test("is one budget for two servers that share it", async () => {
    const customPool = new Pool(1);
    const one = await serve(path, { customPool });
    const other = await serve(path, { customPool });
    const first = await connected(one);
    const second = await connected(other);
    second.send(request("GET /other HTTP/1.1"));
    expect((await askNext(first, request("GET /one HTTP/1.1"))).body).toBe("/one");
    expect([customPool.running, customPool.waiting]).toEqual([1, 1]);
    expect(second.received).toBe("");
    first.leave();
    await second.receive("/other");
    expect([customPool.running, customPool.waiting]).toEqual([1, 0]);
    second.leave();
    await customPool.waitall();
    expect([customPool.running, customPool.waiting]).toEqual([0, 0]);
  });

  test("goes on for one server when the other has closed with connections that wait", async () => {
    const customPool = new Pool(1);
    const one = await serve(path, { customPool });
    const other = await serve(path, { customPool });
    const first = await connected(one);
    await askNext(first, get());
    const second = await connected(other);
    const third = await connected(one);
    await other.server.close();
    expect(await second.end()).toBe("");
    third.send(request("GET /third HTTP/1.1"));
    first.leave();
    await third.receive("/third");
  });
});

describe("Pool", () => {
  const open = (): { task: () => Promise<void>; end: (error?: Error) => void; begun: () => boolean } => {
    let settle: (error?: Error) => void = () => {};
    let begun = false;
    const promise = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const task = (): Promise<void> => {
      begun = true;
      return promise;
    };
    return { task, end: (error) => settle(error), begun: () => begun };
  };

  test("runs tasks up to its size, the others in their order", async () => {
    const pool = new Pool(2);
    const tasks = [open(), open(), open(), open()] as const;
    for (const { task } of tasks) pool.spawn(task);
    expect(tasks.map(({ begun }) => begun())).toEqual([true, true, false, false]);
    expect([pool.running, pool.waiting]).toEqual([2, 2]);
    tasks[1].end(new Error("a task that fails has ended too"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(tasks.map(({ begun }) => begun())).toEqual([true, true, true, false]);
    expect([pool.running, pool.waiting]).toEqual([2, 1]);
    const all = pool.waitall();
    for (const { end } of tasks) end();
    await all;
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
    expect(tasks[3].begun()).toBe(true);
  });

  test("gives back the room of a task that throws at once", async () => {
    const pool = new Pool(1);
    pool.spawn(() => {
      throw new Error("at once");
    });
    await pool.waitall();
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  test("has nothing to wait for when nothing runs", async () => {
    expect(await new Pool(1).waitall()).toBeUndefined();
  });
});
