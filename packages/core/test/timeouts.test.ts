// How long a head is waited for, the next request, and the end of a connection. Real clocks, short times.

import { describe, expect, test } from "vitest";
import type { Application, Options } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { MemoryListener } from "./support/listeners.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Limits that end whatever they are applied to at once. */
const STRICT: Options = { socketTimeout: 0.05, minimumDataRate: 1e9, dataRateGrace: 0.05 };
const LAX: Options = { socketTimeout: 0, minimumDataRate: 0, headTimeout: 0, keepalive: Number.POSITIVE_INFINITY };

const closing: Application = (_environ, startResponse) => {
  startResponse("200 OK", [["Connection", "close"]]);
  return ["hello"];
};

const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
  startResponse("200 OK", []);
  return ["hello"];
};

const after = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Seconds that a promise takes. */
async function secondsOf(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise;
  return (performance.now() - start) / 1000;
}

describe("headTimeout", () => {
  test("closes a connection quietly that asked for nothing", async () => {
    const served = await serve(hello, { headTimeout: 0.1 });
    const client = await served.connect();
    expect(await client.end()).toBe("");
    expect(client.error).toBeUndefined();
    expect(served.exchanges).toEqual([]);
  });

  test("answers a part of a head with 408 and closes", async () => {
    const served = await serve(hello, { headTimeout: 0.1 });
    const client = await served.connect();
    client.send(GET.slice(0, -2));
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n.*Connection: close\r\n/s);
    expect(served.exchanges).toEqual([]);
  });

  test("answers a part of a later head with 408", async () => {
    const served = await serve(hello, { headTimeout: 0.1 });
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
    client.send("G");
    expect(await client.end()).toMatch(/hello.*HTTP\/1.1 408 /s);
  });

  test("is not extended by single bytes", async () => {
    const served = await serve(hello, { headTimeout: 0.2 });
    const client = await served.connect();
    client.send("GET / HTTP/1.1\r\nX: ");
    const dripping = setInterval(() => client.send("x"), 10);
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 /);
    clearInterval(dripping);
  });

  test("does not end a request whose head has arrived", async () => {
    const served = await serve(
      async (_environ, startResponse) => {
        await after(0.3);
        return hello(undefined, startResponse);
      },
      { headTimeout: 0.1 },
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
  });

  test("of 0 waits", async () => {
    const served = await serve(hello, { ...LAX, ...STRICT });
    const silent = await served.connect();
    const partial = await served.connect();
    partial.send("GET");
    await after(0.3);
    for (const client of [silent, partial]) expect(client.ended).toBe(false);
    silent.send(GET);
    partial.send(GET.slice(3));
    await silent.receive(/hello$/);
    await partial.receive(/hello$/);
  });
});

describe("keepalive", () => {
  test("closes a connection quietly that has been idle for so many seconds", async () => {
    const served = await serve(hello, { keepalive: 0.1, headTimeout: 30 });
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
    expect(await client.end()).toMatch(/hello$/);
    expect(client.error).toBeUndefined();
  });

  test("begins anew with each request", async () => {
    const served = await serve(hello, { keepalive: 0.4, headTimeout: 30 });
    const client = await served.connect();
    for (let i = 1; i <= 4; i++) {
      client.send(GET);
      await client.receive(new RegExp(`^(?:HTTP.*?hello){${i}}$`, "s"));
      await after(0.2);
    }
    expect(client.ended).toBe(false);
    await client.end();
  });

  test("does not end a first request that is late", async () => {
    const served = await serve(hello, { keepalive: 0.05, headTimeout: 30 });
    const client = await served.connect();
    await after(0.25);
    client.send(GET);
    await client.receive(/hello$/);
  });

  test("lasts as long as was announced, whenever it begins", async () => {
    const served = await serve(hello, { keepalive: 1 });
    const idle = async (delay: number): Promise<number> => {
      await after(delay);
      const client = await served.connect();
      client.send(GET.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"));
      expect(await client.receive(/hello$/)).toContain("Keep-Alive: timeout=1\r\n");
      return secondsOf(client.end());
    };
    const times = await Promise.all([0, 0.06, 0.12, 0.18, 0.24].map(idle));
    expect(Math.min(...times)).toBeGreaterThan(0.99);
    expect(Math.max(...times)).toBeLessThan(5); // by default it would be 75
  });

  test("does not end a connection that still takes its response", async () => {
    const listener = new MemoryListener();
    const served = await serve(hello, { keepalive: 0.1 }, listener);
    const peer = listener.connect();
    peer.taking = false;
    peer.send(GET);
    await until(() => served.server.counters.idle === 1 && peer.held === 1);
    await after(0.3);
    expect(peer.socket.writableEnded).toBe(false);
    peer.take();
    await until(() => peer.socket.writableEnded);
    peer.finish();
  });

  test("of Infinity waits", async () => {
    const served = await serve(hello, { ...STRICT, keepalive: Number.POSITIVE_INFINITY, headTimeout: 0.05 });
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
    await after(0.25);
    client.send(GET);
    await client.receive(/hello.*hello$/s);
  });
});

describe("lingerTimeout", () => {
  const CLOSING = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");

  test("ends a connection whose client does not close", async () => {
    const served = await serve(closing, { lingerTimeout: 0.1 });
    const client = await served.connect();
    client.send(GET);
    await client.end();
    expect(served.server.counters.connections).toBe(1);
    expect(await secondsOf(until(() => served.server.counters.connections === 0))).toBeLessThan(1.8); // the default is 2
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
  });

  test("begins when the client has taken its response", async () => {
    const listener = new MemoryListener();
    const served = await serve(hello, { lingerTimeout: 0.1 }, listener);
    const peer = listener.connect();
    peer.taking = false;
    peer.send(CLOSING);
    await until(() => peer.held === 1);
    await after(0.3);
    expect(peer.socket.destroyed).toBe(false);
    peer.take();
    await until(() => peer.socket.destroyed);
    expect(peer.received).toMatch(/hello$/);
    expect(await served.exchange()).toMatchObject({ completed: true });
  });

  test("lets a client that still sends take the refusal of what it sent before", async () => {
    const served = await serve(hello);
    const client = await served.connect();
    client.send("BAD REQUEST LINE OF MANY WORDS\r\n\r\n");
    for (let i = 0; i < 50; i++) await client.sendAll("x".repeat(10_000));
    expect(await client.end()).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*\r\n\r\n.*\r\n$/s);
    expect(client.error).toBeUndefined();
    client.finish();
    await until(() => served.server.counters.connections === 0);
  });

  test("lets a client take the answer to an upload that had been paused, and finish sending", async () => {
    const mayAnswer = deferred();
    const length = 900_000;
    const served = await serve(
      async (environ, startResponse) => {
        await mayAnswer.promise;
        return hello(environ, startResponse);
      },
      { lingerTimeout: 30 },
    );
    const client = await served.connect();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
    const sent = client.sendAll(Buffer.alloc(length));
    await until(() => served.server.counters.active === 1);
    for (let i = 0; i < 20; i++) await turn();
    mayAnswer.resolve();
    expect(await client.end()).toMatch(/Connection: close\r\n.*hello$/s);
    await sent;
    client.finish();
    await until(() => served.server.counters.connections === 0);
    expect(client.error).toBeUndefined();
  });

  test("is not waited for when the client said that it asks for nothing more, and has sent nothing more", async () => {
    const served = await serve(hello, { lingerTimeout: 30 });
    for (const last of [CLOSING, "GET / HTTP/1.0\r\n\r\n"]) {
      const client = await served.connect();
      client.send(last);
      expect(await client.end()).toMatch(/hello$/);
      await until(() => served.server.counters.connections === 0);
      expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
    }
    const client = await served.connect();
    client.send(`${CLOSING}${GET}`);
    await client.end();
    await turn();
    expect(served.server.counters.connections).toBe(1);
  });

  test("does not wait for a client that has closed", async () => {
    const served = await serve(closing, { lingerTimeout: 30 });
    const client = await served.connect();
    client.send(GET);
    client.finish();
    await client.end();
    await until(() => served.server.counters.connections === 0);
  });

  test("bounds what a client may send on", async () => {
    const served = await serve(closing, { lingerTimeout: 30 });
    const client = await served.connect();
    client.send(GET);
    await client.end();
    client.send("x".repeat(3_000_000));
    await until(() => served.server.counters.connections === 0);
  });
});
