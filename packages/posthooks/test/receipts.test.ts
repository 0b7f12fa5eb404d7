// The receipt of a hook, the exchange: every kind of response and every phase in which a client can leave, to the byte.

import { once } from "node:events";
import type { Application, Body, Environ, Exchange } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { ClientDisconnected } from "../../core/src/index.ts";
import type { Client } from "../../core/test/support/client.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { expectTimesInOrder, WAYS_TO_LEAVE } from "../../core/test/support/leaving.ts";
import { until } from "../../core/test/support/until.ts";
import type { PostHookEnviron } from "../src/index.ts";
import { helloAfter } from "./support/hello.ts";
import { GET, type Hooked, serveHooked } from "./support/serve-hooked.ts";

interface Receipts extends Hooked {
  /** What hooks found at `wsgi.exchange`, in the order of their calls. */
  readonly receipts: Exchange[];
}

/** Serves an application before which a hook is added that keeps the receipt. */
async function serveReceipts(application: Application): Promise<Receipts> {
  const receipts: Exchange[] = [];
  const keep = (environ: PostHookEnviron): void => void receipts.push(environ["wsgi.exchange"]);
  const served = await serveHooked((environ, startResponse) => {
    environ["eventlet.posthooks"].push([keep]);
    return application(environ, startResponse);
  });
  return { ...served, receipts };
}

async function receipt({ receipts, exchange, hooks }: Receipts, n = 0): Promise<Exchange> {
  await until(() => receipts.length > n);
  const found = receipts[n] as Exchange;
  expect(found).toBe(await exchange(n)); // what every extension is told
  expectTimesInOrder(found as unknown as Parameters<typeof expectTimesInOrder>[0]);
  expect(hooks.counters).toMatchObject({ run: n + 1, failed: 0 });
  return found;
}

/** Sends a request, closes the sending side and resolves with everything that comes. */
async function whole(served: Hooked, request: string): Promise<string> {
  const client = await served.connect();
  client.send(request);
  client.finish();
  return await client.end();
}

describe("a response that is sent", () => {
  const hello = helloAfter(() => {});

  const answer =
    (status: string, body: () => Body): Application =>
    (_environ, startResponse) => {
      startResponse(status, []);
      return body();
    };
  const written: Application = (_environ, startResponse) => {
    startResponse("200 OK", [])("hello");
    return [];
  };

  test.each<[string, string, number, Application]>([
    ["with a body", GET, 5, hello],
    ["to HEAD", GET.replace("GET", "HEAD"), 0, hello],
    ["to HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 5, hello],
    ["in chunks", GET, 11, answer("200 OK", () => ["hello ", "world"].values())],
    ["by write()", GET, 5, written],
    ["with status 204", GET, 0, answer("204 No Content", () => [])],
    ["with status 304", GET, 0, answer("304 Not Modified", () => [])],
    ["with no bytes", GET, 0, answer("200 OK", () => [])],
  ])("%s", async (_kind, request, bodyBytes, application) => {
    const served = await serveReceipts(application);
    const received = await whole(served, request);
    expect(await receipt(served)).toMatchObject({
      requestLine: request.slice(0, request.indexOf("\r\n")),
      status: Number(received.slice(9, 12)),
      bodyBytes,
      totalBytes: received.length,
      bytesReceived: request.length,
      completed: true,
      disconnectPhase: undefined,
      error: undefined,
    });
  });

  test("after an error before the head is the page of the error", async () => {
    const error = new Error("on purpose");
    const served = await serveReceipts(() => Promise.reject(error));
    const received = await whole(served, GET);
    expect(received).toMatch(/^HTTP\/1\.1 500 /);
    const page = received.slice(received.indexOf("\r\n\r\n") + 4);
    expect(await receipt(served)).toMatchObject({
      status: 500,
      bodyBytes: page.length,
      totalBytes: received.length,
      completed: true,
      disconnectPhase: undefined,
      error,
    });
  });

  test("until an error after the head is what was sent by then", async () => {
    const error = new Error("on purpose");
    const served = await serveReceipts((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        yield "hello";
        throw error;
      })();
    });
    const client = await served.connect();
    client.send(GET);
    const received = await client.end();
    expect(await receipt(served)).toMatchObject({
      status: 200,
      bodyBytes: 5,
      totalBytes: received.length,
      completed: false,
      disconnectPhase: undefined,
      error,
    });
  });

  test("to pipelined requests comes in their order, each with its own bytes", async () => {
    const served = await serveReceipts((environ, startResponse) => {
      startResponse("200 OK", []);
      return ["x".repeat(environ.PATH_INFO.length)];
    });
    const paths = ["/", "/longer", "/even-longer"];
    const received = await whole(served, paths.map((path) => GET.replace("/", path)).join(""));
    await receipt(served, 2);
    expect(served.receipts.map(({ environ }) => environ.PATH_INFO)).toEqual(paths);
    expect(served.receipts.map(({ bodyBytes }) => bodyBytes)).toEqual(paths.map((path) => path.length));
    expect(served.receipts.reduce((sum, { totalBytes }) => sum + totalBytes, 0)).toBe(received.length);
  });

  test("on a kept connection counts the bytes of one request only", async () => {
    const served = await serveReceipts(async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read();
      startResponse("200 OK", []);
      return [body];
    });
    const client = await served.connect();
    for (const [n, text] of ["hello", "hello again"].entries()) {
      const before = client.received.length;
      const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
      client.send(request);
      expect(await receipt(served, n)).toMatchObject({ bodyBytes: text.length, bytesReceived: request.length });
      await until(() => client.received.length === before + (served.receipts[n]?.totalBytes ?? 0));
    }
  });

  test("after 100 Continue counts it too", async () => {
    const served = await serveReceipts(async (environ, startResponse) => {
      await environ["wsgi.input"].read();
      startResponse("200 OK", []);
      return ["hello"];
    });
    const client = await served.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    await client.receive("100 Continue\r\n\r\n");
    client.send("ab");
    const received = await client.end();
    expect(await receipt(served)).toMatchObject({ bodyBytes: 5, totalBytes: received.length, completed: true });
  });

  test("over a socket that was taken over counts until its end", async () => {
    const served = await serveReceipts((environ, startResponse) => {
      startResponse("101 Switching Protocols", Object.entries({ Connection: "upgrade", Upgrade: "echo" }));
      environ["wsgi.input"].getSocket().end("bye");
      return [];
    });
    const client = await served.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nbye$/);
    client.finish();
    expect(await receipt(served)).toMatchObject({ status: 101, bodyBytes: 0, completed: true });
  });
});

describe.each(WAYS_TO_LEAVE)("a client that leaves by %s", (way, leave) => {
  /** After a FIN alone the client may still read: it is sent the page of the error, and the receipt says so. */
  const sentAnyway =
    way === "FIN"
      ? { status: expect.any(Number), bodyBytes: expect.any(Number), totalBytes: expect.any(Number) }
      : { status: 0, bodyBytes: 0, totalBytes: 0, firstByteTime: undefined };

  /** Serves, waits until the application is at the place, leaves, and resolves with the receipt. */
  async function leaveAt(
    request: string,
    application: (environ: Environ, start: Parameters<Application>[1], reached: () => void) => ReturnType<Application>,
    ready: (client: Client) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<[Exchange, Client]> {
    const place = deferred();
    const served = await serveReceipts((environ, start) => application(environ, start, place.resolve));
    const client = await served.connect();
    client.send(request);
    await place.promise;
    await ready(client);
    leave(client);
    return [await receipt(served), client];
  }

  /** Waits until the client is gone and gives up, as `wsgi.signal` asks. */
  async function giveUp(environ: Environ): Promise<never> {
    const signal = environ["wsgi.signal"];
    if (!signal.aborted) await once(signal, "abort");
    throw signal.reason;
  }

  test("before the head", async () => {
    const [exchange] = await leaveAt(GET, async (environ, _start, reached) => {
      reached();
      return await giveUp(environ);
    });
    expect(exchange).toMatchObject({
      completed: false,
      disconnectPhase: "before-head",
      bytesReceived: GET.length,
      ...sentAnyway,
    });
    expect(exchange.error).toBeInstanceOf(ClientDisconnected);
  });

  test("during its upload", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
    const [exchange] = await leaveAt(`${head}0123456789`, async (environ, _start, reached) => {
      await environ["wsgi.input"].read(10);
      const rest = environ["wsgi.input"].read();
      reached();
      return [await rest];
    });
    expect(exchange).toMatchObject({
      completed: false,
      disconnectPhase: "request-body",
      bytesReceived: head.length + 10,
      ...sentAnyway,
    });
    expect(exchange.error).toBeInstanceOf(ClientDisconnected);
  });

  test("in the middle of the body", async () => {
    const [exchange, client] = await leaveAt(
      GET,
      (environ, start, reached) => {
        start("200 OK", [["Content-Length", "1000"]]);
        return (async function* () {
          yield "hello";
          reached();
          await giveUp(environ);
        })();
      },
      (client) => client.receive(/hello$/),
    );
    expect(exchange).toMatchObject({
      status: 200,
      completed: false,
      disconnectPhase: "response-body",
      bodyBytes: 5,
      totalBytes: client.received.length,
    });
    expect(exchange.error).toBeInstanceOf(ClientDisconnected);
  });

  test("after the last byte", async () => {
    const [exchange, client] = await leaveAt(
      GET,
      (_environ, start, reached) => {
        start("200 OK", []);
        reached();
        return ["hello"];
      },
      (client) => client.receive(/hello$/),
    );
    expect(exchange).toMatchObject({
      completed: true,
      disconnectPhase: undefined,
      error: undefined,
      bodyBytes: 5,
      totalBytes: client.received.length,
    });
  });
});

test("a client that stops reading a large body and leaves is accounted with what was sent", async () => {
  const length = 100_000_000;
  const piece = Buffer.alloc(65536);
  const served = await serveReceipts((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", String(length)]]);
    return (function* () {
      for (let sent = 0; sent < length; sent += piece.length) yield piece;
    })();
  });
  const client = await served.connect();
  client.send(GET);
  await until(() => client.received.length > 1_000_000);
  client.reset();
  const { bodyBytes, totalBytes, completed, disconnectPhase } = await receipt(served);
  expect({ completed, disconnectPhase }).toEqual({ completed: false, disconnectPhase: "response-body" });
  expect(totalBytes).toBeGreaterThanOrEqual(client.received.length);
  expect(totalBytes - bodyBytes).toBe(client.received.indexOf("\r\n\r\n") + 4);
  expect(bodyBytes).toBeLessThan(length / 2);
});
