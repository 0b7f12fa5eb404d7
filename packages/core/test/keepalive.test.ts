// Whether a connection serves another request, and what is said about it: RFC 9112 §9.3, and the keepalive option.

import { describe, expect, test } from "vitest";
import type { Application, Body, Options } from "../src/index.ts";
import { type Answer, answersIn, askNext } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { type Served, serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["Hello"];
};

const get10 = (...fields: string[]): Buffer => request("GET / HTTP/1.0", ...fields);

/** Expects the connection to serve a second request; the first answer is returned. */
async function expectKept(served: Served, bytes: Uint8Array, method = "GET"): Promise<Answer> {
  const client = await served.connect();
  const answer = await askNext(client, bytes, method);
  expect((await askNext(client, bytes, method)).statusLine).toBe(answer.statusLine);
  return answer;
}

/** Expects the connection to close, though a second request has arrived; the only answer is returned. */
async function expectClosed(served: Served, bytes: Uint8Array): Promise<Answer> {
  const client = await served.connect();
  client.send(Buffer.concat([bytes, get()]));
  const [answer, ...others] = answersIn(await client.end());
  expect(others).toEqual([]);
  expect(served.exchanges).toHaveLength(1);
  expect(answer?.header("connection")).toBe("close");
  expect(answer?.header("keep-alive")).toBeUndefined();
  return answer as Answer;
}

describe("a connection", () => {
  test("is kept for an HTTP/1.1 client, without a word", async () => {
    const answer = await expectKept(await serve(hello), get());
    expect(answer.header("connection")).toBeUndefined();
    expect(answer.header("keep-alive")).toBeUndefined();
  });

  test.each(["close", "Close", "x, close", "keep-alive, close"])(
    "is closed when an HTTP/1.1 client says Connection: %s",
    async (value) => {
      await expectClosed(await serve(hello), get(`Connection: ${value}`));
    },
  );

  test("is closed after an HTTP/1.0 client", async () => {
    await expectClosed(await serve(hello), get10());
    await expectClosed(await serve(hello), get10("Connection: x"));
  });

  test.each(["keep-alive", "Keep-Alive", "x, KEEP-ALIVE"])(
    "is kept for an HTTP/1.0 client that says Connection: %s",
    async (value) => {
      const answer = await expectKept(await serve(hello), get10(`Connection: ${value}`));
      expect(answer.header("connection")).toBe("keep-alive");
      expect(answer.header("keep-alive")).toBeUndefined();
      expect(answer.header("content-length")).toBe("5");
    },
  );

  test.each<[string, string, string, () => Body]>([
    ["HEAD", "HEAD", "200 OK", () => new Set(["Hello"])],
    ["204", "GET", "204 No Content", () => []],
    ["304", "GET", "304 Not Modified", () => []],
    ["205", "GET", "205 Reset Content", () => new Set()],
  ])(
    "is kept for an HTTP/1.0 client that asks, after a response without a body: %s",
    async (_name, method, status, body) => {
      const served = await serve((_environ, startResponse) => {
        startResponse(status, []);
        return body();
      });
      const answer = await expectKept(served, request(`${method} / HTTP/1.0`, "Connection: keep-alive"), method);
      expect(answer.header("connection")).toBe("keep-alive");
    },
  );

  test("is told to be kept to an HTTP/1.1 client that asks", async () => {
    const answer = await expectKept(await serve(hello), get("Connection: keep-alive"));
    expect(answer.header("connection")).toBe("keep-alive");
  });

  test("serves requests that came together in their order", async () => {
    const served = await serve((environ, startResponse) => {
      startResponse("200 OK", []);
      return [environ.PATH_INFO];
    });
    const client = await served.connect();
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    client.send(
      Buffer.concat([...paths.map((path) => request(`GET ${path} HTTP/1.1`)), request("GET /last HTTP/1.0")]),
    );
    expect(answersIn(await client.end()).map(({ body }) => body)).toEqual([...paths, "/last"]);
    expect(served.server.counters.requests).toBe(21);
  });

  test("serves requests that came together one after the other, also when applications wait", async () => {
    let running = 0;
    const most: number[] = [];
    const served = await serve(async (environ, startResponse) => {
      running++;
      most.push(running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      startResponse("200 OK", []);
      return [environ.PATH_INFO];
    });
    const client = await served.connect();
    client.send(Buffer.concat([request("GET /1 HTTP/1.1"), request("GET /2 HTTP/1.1"), request("GET /3 HTTP/1.0")]));
    expect(answersIn(await client.end()).map(({ body }) => body)).toEqual(["/1", "/2", "/3"]);
    expect(most).toEqual([1, 1, 1]);
  });
});

describe("the keepalive option", () => {
  test.each([false, 0])("closes after every response with %s", async (keepalive) => {
    const served = await serve(hello, { keepalive });
    await expectClosed(served, get());
    await expectClosed(await serve(hello, { keepalive }), get("Connection: keep-alive"));
    await expectClosed(await serve(hello, { keepalive }), get10("Connection: keep-alive"));
  });

  test.each<[Options["keepalive"], string | undefined]>([
    [5, "timeout=5"],
    [75.9, "timeout=75"],
    [0.5, undefined], // whole seconds are all that can be said
    [Number.POSITIVE_INFINITY, undefined],
    [true, undefined],
  ])("announces with %s to clients that ask: %s", async (keepalive = true, announced) => {
    const served = await serve(hello, { keepalive });
    for (const bytes of [get10("Connection: keep-alive"), get("Connection: keep-alive")]) {
      const answer = await expectKept(served, bytes);
      expect(answer.header("connection")).toBe("keep-alive");
      expect(answer.header("keep-alive")).toBe(announced);
    }
    const silent = await expectKept(served, get());
    expect(silent.header("connection")).toBeUndefined();
    expect(silent.header("keep-alive")).toBeUndefined();
  });

  test("announces nothing when the connection closes all the same", async () => {
    const served = await serve(
      (_environ, startResponse) => {
        startResponse("200 OK", [["Connection", "close"]]);
        return [];
      },
      { keepalive: 5 },
    );
    await expectClosed(served, get("Connection: keep-alive"));
  });

  test("closes a connection that idles for so many seconds after a response", async () => {
    const served = await serve(hello, { keepalive: 0.1 });
    const client = await served.connect();
    await askNext(client, get());
    const start = performance.now();
    expect((await askNext(client, get())).body).toBe("Hello");
    expect(answersIn(await client.end())).toHaveLength(2);
    expect(performance.now() - start).toBeGreaterThanOrEqual(80);
    expect(served.server.counters.requests).toBe(2);
  });

  test("does not count the time that an application takes, nor that before the first request", async () => {
    const told = deferred();
    const served = await serve(
      async (environ, startResponse) => {
        if (environ.PATH_INFO === "/slow") await told.promise;
        return hello(environ, startResponse);
      },
      { keepalive: 0.05 },
    );
    const [silent, slow, idle] = await Promise.all([served.connect(), served.connect(), served.connect()]);
    slow.send(request("GET /slow HTTP/1.1"));
    await askNext(idle, get());
    await idle.end(); // its time has passed, and so has that of the others
    expect([silent.ended, slow.ended]).toEqual([false, false]);
    told.resolve();
    await slow.receive("Hello");
    expect((await askNext(silent, get())).body).toBe("Hello");
  });

  test("does not time out a head that has begun to arrive", async () => {
    const served = await serve(hello, { keepalive: 0.05 });
    const [late, idle] = await Promise.all([served.connect(), served.connect()]);
    await askNext(late, get());
    late.send("GET / HTTP/1.1\r\n");
    await askNext(idle, get());
    await idle.end();
    expect((await askNext(late, "Host: a\r\n\r\n")).body).toBe("Hello");
  });
});
