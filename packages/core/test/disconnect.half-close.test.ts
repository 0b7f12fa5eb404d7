// The client shuts down its sending side only: it asked, sends no more, and still takes what it asked for.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { ClientDisconnected } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { expectUnharmed, leavable } from "./support/leaving.ts";
import { serve } from "./support/serve.ts";
import { turn } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe("after its request", () => {
  test("gets the response of a synchronous application, and then the server closes", async () => {
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["whole"];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    client.finish();
    expect(await client.end()).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nwhole$/s);
    expect(client.error).toBeUndefined();
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
  });

  test("gets the response of an application that answers later, and fires the signal meanwhile", async () => {
    const aborted = deferred<unknown>();
    const served = await serve(
      leavable(async (environ, startResponse) => {
        const signal = environ["wsgi.signal"];
        await once(signal, "abort");
        aborted.resolve(signal.reason);
        await turn();
        startResponse("200 OK", []);
        return ["whole"];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    client.finish();
    expect(await client.end()).toMatch(/\r\n\r\nwhole$/);
    expect(await aborted.promise).toBeInstanceOf(ClientDisconnected);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined });
  });

  test.each([
    [
      "synchronous generator",
      function* (sizes: number[]) {
        for (const size of sizes) yield "x".repeat(size);
      },
    ],
    [
      "asynchronous generator",
      async function* (sizes: number[]) {
        for (const size of sizes) {
          await turn();
          yield "x".repeat(size);
        }
      },
    ],
  ])("gets all of a long body from a %s", async (_kind, body) => {
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", [["Content-Length", "2000000"]]);
        return body(new Array(20).fill(100_000));
      }),
    );
    const client = await served.connect();
    client.send(GET);
    client.finish();
    const received = await client.end();
    expect(received.length - received.indexOf("\r\n\r\n") - 4).toBe(2_000_000);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, bodyBytes: 2_000_000 });
  });

  test("gets all that write() sends", async () => {
    const served = await serve(
      leavable(async (environ, startResponse) => {
        const write = startResponse("200 OK", [["Content-Length", "1000000"]]);
        if (!environ["wsgi.signal"].aborted) await once(environ["wsgi.signal"], "abort");
        for (let i = 0; i < 10; i++) await write("x".repeat(100_000));
        return [];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    client.finish();
    const received = await client.end();
    expect(received.length - received.indexOf("\r\n\r\n") - 4).toBe(1_000_000);
    await expectUnharmed(served, 1);
  });

  test("gets the answers to all its pipelined requests, in order", async () => {
    const served = await serve(
      leavable(async (environ, startResponse) => {
        await turn();
        startResponse("200 OK", []);
        return [`<${environ.PATH_INFO}>`];
      }),
    );
    const client = await served.connect();
    client.send(["/1", "/2", "/3"].map((path) => GET.replace("/", path)).join(""));
    client.finish();
    const received = await client.end();
    expect(received.match(/<.*?>/g)).toEqual(["</1>", "</2>", "</3>"]);
    await expectUnharmed(served, 3);
    expect(served.exchanges.slice(0, 3).map(({ completed }) => completed)).toEqual([true, true, true]);
  });

  test("gets the answers to pipelined requests that had to wait until it read", async () => {
    const count = 200;
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["x".repeat(100_000)];
      }),
    );
    const client = await served.connect();
    client.socket.pause();
    await client.sendAll(GET.repeat(count));
    client.finish();
    await turn();
    expect(served.exchanges.length).toBeLessThan(count);
    client.socket.resume();
    const received = await client.end();
    expect(received.match(/HTTP\/1.1 200 OK/g)).toHaveLength(count);
    expect(received.length).toBeGreaterThan(count * 100_000);
    await expectUnharmed(served, count);
  });

  test("and half of another one gets the answer to the first", async () => {
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["first"];
      }),
    );
    const client = await served.connect();
    client.send(`${GET}GET / HT`);
    client.finish();
    expect(await client.end()).toMatch(/\r\n\r\nfirst$/);
    await expectUnharmed(served, 1);
  });
});

describe("inside the body of its request", () => {
  const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

  test("is told so, when the application reads it", async () => {
    const served = await serve(
      leavable(async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      }),
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    client.finish();
    expect(await client.end()).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*Connection: close\r\n/s);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ status: 400, disconnectPhase: "request-body" });
  });

  test.each([
    ["at once", () => undefined],
    ["later", turn],
  ])("gets the response of an application that does not read and answers %s", async (_when, wait) => {
    const served = await serve(
      leavable(async (_environ, startResponse) => {
        await wait();
        startResponse("200 OK", []);
        return ["whole"];
      }),
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    client.finish();
    expect(await client.end()).toMatch(/\r\n\r\nwhole$/);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ status: 200, completed: true });
  });

  test("breaks off a response that has begun, visibly", async () => {
    const served = await serve(
      leavable(async (environ, startResponse) => {
        const write = startResponse("200 OK", []);
        await write("begun");
        await environ["wsgi.input"].read();
        return ["never"];
      }),
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    client.finish();
    const received = await client.end();
    expect(received).toContain("begun");
    expect(received).not.toMatch(/0\r\n\r\n$/);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({
      completed: false,
      disconnectPhase: "request-body",
      error: expect.any(ClientDisconnected),
    });
  });
});
