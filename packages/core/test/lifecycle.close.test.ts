// What becomes of connections when the server closes: idle ones end, active ones finish, the deadline cuts the rest.

import { readFile } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Environ, Options } from "../src/index.ts";
import type { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
  startResponse("200 OK", []);
  return ["hello"];
};

/** A server whose application answers when told to, with one request in it. */
async function serveHeld(options: Options = {}) {
  const called = deferred<Environ>();
  const mayAnswer = deferred();
  const served = await serve(async (environ, startResponse) => {
    called.resolve(environ);
    await mayAnswer.promise;
    return hello(environ, startResponse);
  }, options);
  const client = await served.connect();
  client.send(GET);
  await called.promise;
  return { served, client, answer: () => mayAnswer.resolve() };
}

/** Takes the end of the server's side and closes its own, as clients do. */
async function hangUp(client: Client): Promise<string> {
  const received = await client.end();
  client.finish();
  return received;
}

describe("close()", () => {
  test("ends idle connections, fresh and used, at once", async () => {
    const served = await serve(hello, { lingerTimeout: 30 });
    const fresh = await served.connect();
    const used = await served.connect();
    used.send(GET);
    await used.receive("hello");
    await until(() => served.server.counters.idle === 2);
    const closed = served.server.close({ timeout: 30 });
    expect(await hangUp(fresh)).toBe("");
    expect(await hangUp(used)).toMatch(/hello$/);
    expect(await closed).toEqual({ cut: 0 });
    expect([fresh.error, used.error]).toEqual([undefined, undefined]);
  });

  test("lets an active request finish, with Connection: close", async () => {
    const { served, client, answer } = await serveHeld();
    const closed = served.server.close({ timeout: 30 });
    await served.logged(/wsgi exiting/);
    await turn();
    expect(served.server.counters.connections).toBe(1);
    answer();
    expect(await hangUp(client)).toMatch(/^HTTP\/1.1 200 OK\r\n.*Connection: close\r\n.*hello$/s);
    expect(await closed).toEqual({ cut: 0 });
    expect(await served.exchange()).toMatchObject({ completed: true });
  });

  test("ends a connection after the response whose head had promised more", async () => {
    const mayEnd = deferred();
    const served = await serve((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        yield "begun ";
        await mayEnd.promise;
        yield "ended";
      })();
    });
    const client = await served.connect();
    client.send(GET);
    expect(await client.receive("begun")).not.toContain("Connection: close");
    const idle = await served.connect();
    await until(() => served.server.counters.idle === 1);
    const closed = served.server.close({ timeout: 30 });
    await hangUp(idle); // the server has told its connections
    mayEnd.resolve();
    expect(await hangUp(client)).toMatch(/ended\r\n0\r\n\r\n$/);
    expect(await closed).toEqual({ cut: 0 });
  });

  test("lets an upload finish", async () => {
    const served = await serve(async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read();
      startResponse("200 OK", []);
      return [body];
    });
    const client = await served.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    await until(() => served.server.counters.active === 1);
    const closed = served.server.close({ timeout: 30 });
    await served.logged(/wsgi exiting/);
    client.send("67890");
    expect(await hangUp(client)).toMatch(/Connection: close\r\n.*1234567890$/s);
    expect(await closed).toEqual({ cut: 0 });
  });

  test("answers the next of pipelined requests no more after the one that says so", async () => {
    const { served, client, answer } = await serveHeld();
    client.send(GET + GET);
    const closed = served.server.close({ timeout: 30 });
    answer();
    const received = await hangUp(client);
    expect(received.match(/Connection: close/g)).toHaveLength(1);
    expect(received.match(/hello/g)).toHaveLength(1);
    await closed;
    expect(served.exchanges).toHaveLength(1);
  });

  test("waits for a head that has begun", async () => {
    const served = await serve(hello);
    const client = await served.connect();
    client.send("GET / HT");
    await until(() => served.server.counters.connections === 1 && served.server.counters.idle === 0);
    const closed = served.server.close({ timeout: 30 });
    await served.logged(/wsgi exiting/);
    await turn();
    client.send("TP/1.1\r\nHost: a\r\n\r\n");
    expect(await hangUp(client)).toMatch(/Connection: close\r\n.*hello$/s);
    expect(await closed).toEqual({ cut: 0 });
  });

  test("ends a connection whose response is out and whose unread body is still to come", async () => {
    const served = await serve(hello);
    const client = await served.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    await client.receive("hello");
    const closed = served.server.close({ timeout: 30 });
    await served.logged(/wsgi exiting/);
    client.send("67890");
    await hangUp(client);
    expect(await closed).toEqual({ cut: 0 });
  });

  describe("answers requests that the system has when it is called", () => {
    test.each<[string, (action: () => void) => void]>([
      ["at once", (action) => action()],
      ["from a timer", (action) => void setTimeout(action, 0)],
      ["from setImmediate", (action) => void setImmediate(action)],
      ["from a file's callback", (action) => readFile(import.meta.filename, action)],
      ["from process.nextTick", (action) => process.nextTick(action)],
    ])("%s", async (_when, run) => {
      const served = await serve(hello);
      const clients = await Promise.all(Array.from({ length: 20 }, () => served.connect()));
      for (const client of clients) {
        client.send(GET);
        await client.receive("hello");
        client.received = "";
      }
      const closing = new Promise<unknown>((resolve) => {
        run(() => {
          for (const client of clients) client.send(GET);
          resolve(served.server.close({ timeout: 30 }));
        });
      });
      for (const client of clients) expect(await hangUp(client)).toMatch(/Connection: close\r\n.*hello$/s);
      expect(await closing).toEqual({ cut: 0 });
    });
  });
});

describe("the deadline", () => {
  test("cuts what is left, tells the application, and says so", async () => {
    const reason = deferred<unknown>();
    const served = await serve(async (environ) => {
      const signal = environ["wsgi.signal"];
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reason.resolve(signal.reason);
      throw signal.reason;
    });
    const clients = [await served.connect(), await served.connect()];
    for (const client of clients) client.send(GET);
    await until(() => served.server.counters.active === 2);
    expect(await served.server.close({ timeout: 0.1 })).toEqual({ cut: 2 });
    expect(await reason.promise).toMatchObject({ message: expect.stringMatching(/its time to close was up/) });
    for (const client of clients) expect(await client.end()).toBe("");
    await served.logged(/wsgi exited, 2 requests served, 2 connections cut at the deadline$/);
    expect(served.exchanges).toHaveLength(2);
    expect(served.exchanges[0]).toMatchObject({ status: 0, completed: false, error: await reason.promise });
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
  });

  test("is the option's when none is given", async () => {
    const { served } = await serveHeld({ shutdownTimeout: 0.1 });
    expect(await served.server.close()).toEqual({ cut: 1 });
  });

  test("may be brought nearer, not put off", async () => {
    const { served } = await serveHeld();
    const closed = served.server.close({ timeout: Number.POSITIVE_INFINITY });
    void served.server.close({ timeout: 0.1 });
    void served.server.close({ timeout: 30 });
    expect(await closed).toEqual({ cut: 1 });
  });

  test("of Infinity waits", async () => {
    const { served, client, answer } = await serveHeld({ shutdownTimeout: 0.05 });
    const closed = served.server.close({ timeout: Number.POSITIVE_INFINITY });
    await new Promise((resolve) => setTimeout(resolve, 150));
    answer();
    expect(await hangUp(client)).toMatch(/hello$/);
    expect(await closed).toEqual({ cut: 0 });
  });

  test("of a year does not overflow the system's timers", async () => {
    const { served, client, answer } = await serveHeld();
    const closed = served.server.close({ timeout: 365 * 24 * 3600 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer();
    expect(await hangUp(client)).toMatch(/hello$/);
    expect(await closed).toEqual({ cut: 0 });
  });

  test("of 0 cuts at once, a connection with half a head too", async () => {
    const { served, client } = await serveHeld();
    const partial = await served.connect();
    partial.send("GET");
    await until(() => served.server.counters.connections === 2);
    expect(await served.server.close({ timeout: 0 })).toMatchObject({ cut: 2 });
    await client.end();
    await partial.end();
  });

  test("does not count connections that only linger, as their responses are out", async () => {
    const served = await serve(hello, { lingerTimeout: 30 });
    const client = await served.connect();
    client.send(GET);
    await client.receive("hello");
    const closed = served.server.close({ timeout: 0.2 });
    await client.end();
    expect(await closed).toEqual({ cut: 0 });
  });
});

describe("eventlet.set_idle", () => {
  test("makes close() end the connection at once", async () => {
    const left = deferred();
    const served = await serve(async (environ, startResponse) => {
      environ["eventlet.set_idle"]();
      startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
      environ["wsgi.signal"].addEventListener("abort", () => left.resolve());
      return (async function* () {
        yield "data: 1\n\n";
        await left.promise;
      })();
    });
    const client = await served.connect();
    client.send(GET);
    await client.receive("data: 1");
    expect(served.server.counters).toMatchObject({ active: 1 });
    expect(await served.server.close({ timeout: 30 })).toEqual({ cut: 0 });
    await left.promise;
    expect(await served.exchange()).toMatchObject({ completed: false });
  });

  test("holds for its request only", async () => {
    const { served, client, answer } = await serveHeld();
    answer();
    await client.receive("hello");
    expect(served.server.counters.idle).toBe(1);
  });
});

describe("the idle grace", () => {
  test("answers one more request on a connection between requests, and one on a fresh one", async () => {
    const served = await serve(hello);
    const fresh = await served.connect();
    const used = await served.connect();
    used.send(GET);
    await used.receive("hello");
    await until(() => served.server.counters.idle === 2);
    const closed = served.server.close({ timeout: 30, idleGrace: 20 });
    await served.logged(/wsgi exiting/);
    await turn();
    for (const client of [fresh, used]) {
      client.send(GET);
      expect(await hangUp(client)).toMatch(/connection: close\r\n.*hello$/is);
    }
    expect(await closed).toEqual({ cut: 0 }); // long before the grace is over
  });

  test("ends with idle connections closed", async () => {
    const served = await serve(hello);
    const client = await served.connect();
    await until(() => served.server.counters.idle === 1);
    const closed = served.server.close({ timeout: 30, idleGrace: 0.02 });
    expect(await hangUp(client)).toBe("");
    expect(await closed).toEqual({ cut: 0 });
  });

  test("ends at the deadline", async () => {
    const served = await serve(hello);
    const client = await served.connect();
    await until(() => served.server.counters.idle === 1);
    expect(await served.server.close({ timeout: 0.02, idleGrace: 1000 })).toEqual({ cut: 1 });
    client.leave();
  });

  test("is refused when it is no number of seconds", async () => {
    const served = await serve(hello);
    expect(() => served.server.close({ idleGrace: -1 })).toThrow(
      "close: idleGrace: expected a number of seconds, got -1",
    );
  });
});
