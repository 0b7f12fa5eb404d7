// The client leaves before it was answered: before a byte, inside a head, during an upload, while the application works.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { ClientDisconnected, type Environ } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { expectTimesInOrder, expectUnharmed, leavable, WAYS_TO_LEAVE } from "./support/leaving.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";

/** An application that waits until the client is gone, and what it saw. */
function patient() {
  const called = deferred<Environ>();
  const aborted = deferred<unknown>();
  const application = leavable(async (environ, startResponse) => {
    const signal = environ["wsgi.signal"];
    called.resolve(environ);
    if (!signal.aborted) await once(signal, "abort");
    aborted.resolve(signal.reason);
    startResponse("200 OK", []);
    return ["too late"];
  });
  return { application, called: called.promise, aborted: aborted.promise };
}

describe.each(WAYS_TO_LEAVE)("a client that leaves by %s", (way, leave) => {
  test("before a byte leaves no trace", async () => {
    const served = await serve(leavable(() => []));
    const client = await served.connect();
    await served.logged(/accepted/);
    leave(client);
    await expectUnharmed(served, 0);
  });

  test("inside a head leaves no trace", async () => {
    const served = await serve(leavable(() => []));
    const client = await served.connect();
    await client.sendAll(GET.slice(0, 20));
    await until(() => served.server.counters.connections === 1 && served.server.counters.idle === 0);
    leave(client);
    await expectUnharmed(served, 0);
  });

  test("between two requests is no disconnection", async () => {
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["hello"];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
    leave(client);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
  });

  test("inside the next head is no disconnection", async () => {
    const served = await serve(
      leavable((_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["hello"];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
    await client.sendAll("GET / HT");
    await until(() => served.server.counters.idle === 0);
    leave(client);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined });
  });

  test("while the application works fires the signal", async () => {
    const { application, called, aborted } = patient();
    const served = await serve(application);
    const client = await served.connect();
    client.send(GET);
    await called;
    leave(client);
    expect(await aborted).toBeInstanceOf(ClientDisconnected);
    const exchange = await served.exchange();
    expectTimesInOrder(exchange);
    expect(exchange.bytesReceived).toBe(GET.length);
    await expectUnharmed(served, 1);
  });

  test("is known to an application that asks for the signal later", async () => {
    const called = deferred<Environ>();
    const looked = deferred();
    const served = await serve(
      leavable(async (environ, startResponse) => {
        called.resolve(environ);
        await looked.promise;
        startResponse("200 OK", []);
        return [];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    const environ = await called.promise;
    leave(client);
    await until(() => environ["wsgi.signal"].aborted);
    expect(environ["wsgi.signal"].reason).toBeInstanceOf(ClientDisconnected);
    looked.resolve();
    await served.exchange();
    await expectUnharmed(served, 1);
  });

  test("during an upload rejects the read", async () => {
    const reading = deferred();
    const failure = deferred<unknown>();
    const aborted = deferred<unknown>();
    const served = await serve(
      leavable(async (environ, startResponse) => {
        environ["wsgi.signal"].addEventListener("abort", (event) => aborted.resolve(event));
        const read = environ["wsgi.input"].read();
        reading.resolve();
        await read.catch((error: unknown) => {
          failure.resolve(error);
          throw error;
        });
        startResponse("200 OK", []);
        return [];
      }),
    );
    const client = await served.connect();
    await client.sendAll(`${POST}0123456789`);
    await reading.promise;
    leave(client);
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    await aborted.promise;
    const exchange = await served.exchange();
    expect(exchange.error).toBe(await failure.promise);
    expect(exchange.disconnectPhase).toBe("request-body");
    expect(exchange.bytesReceived).toBe(POST.length + 10);
    expectTimesInOrder(exchange);
    await expectUnharmed(served, 1);
  });

  test("during an upload that is not read fires the signal", async () => {
    const { application, called, aborted } = patient();
    const served = await serve(application);
    const client = await served.connect();
    client.send(`${POST}0123456789`);
    await called;
    leave(client);
    expect(await aborted).toBeInstanceOf(ClientDisconnected);
    const exchange = await served.exchange();
    expect(exchange.bytesReceived).toBe(POST.length);
    await expectUnharmed(served, 1);
  });

  test("between two reads rejects the next one", async () => {
    const first = deferred<Buffer>();
    const failure = deferred<unknown>();
    const served = await serve(
      leavable(async (environ, startResponse) => {
        const input = environ["wsgi.input"];
        first.resolve(await input.read(10));
        await once(environ["wsgi.signal"], "abort");
        await input.read(10).catch(failure.resolve);
        startResponse("200 OK", []);
        return [];
      }),
    );
    const client = await served.connect();
    client.send(`${POST}0123456789`);
    expect((await first.promise).toString()).toBe("0123456789");
    leave(client);
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    expect((await served.exchange()).bytesReceived).toBe(POST.length + 10);
    await expectUnharmed(served, 1);
  });

  test("during an upload larger than is read ahead is found by the next read", async () => {
    const called = deferred();
    const mayRead = deferred();
    const failure = deferred<unknown>();
    const served = await serve(
      leavable(async (environ) => {
        called.resolve();
        await mayRead.promise;
        await environ["wsgi.input"].discard().catch((error: unknown) => {
          failure.resolve(error);
          throw error;
        });
        return [];
      }),
    );
    const client = await served.connect();
    client.send(POST.replace("100", "1000000"));
    await client.sendAll(Buffer.alloc(500_000));
    await called.promise;
    leave(client);
    await until(() => client.closed);
    mayRead.resolve();
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    expect(await served.exchange()).toMatchObject({ disconnectPhase: "request-body", error: await failure.promise });
    await expectUnharmed(served, 1);
  });

  test("inside a chunked upload rejects the read", async () => {
    const failure = deferred<unknown>();
    const reading = deferred();
    const served = await serve(
      leavable(async (environ) => {
        const read = environ["wsgi.input"].read();
        reading.resolve();
        await read.catch((error: unknown) => {
          failure.resolve(error);
          throw error;
        });
        return [];
      }),
    );
    const client = await served.connect();
    await client.sendAll("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    await reading.promise;
    leave(client);
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    expect(await served.exchange()).toMatchObject({ disconnectPhase: "request-body" });
    await expectUnharmed(served, 1);
  });

  test("after the last byte, before it counts as idle, is no disconnection", async () => {
    const aborts: unknown[] = [];
    const served = await serve(
      leavable((environ, startResponse) => {
        environ["wsgi.signal"].addEventListener("abort", (event) => aborts.push(event));
        startResponse("200 OK", [["Connection", "close"]]);
        return ["hello"];
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await client.end();
    leave(client);
    await expectUnharmed(served, 1);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined, error: undefined });
    expect(aborts).toEqual([]);
  });

  test(`is reported in the phase before the head when ${way === "FIN" ? "the application gives up" : "nothing was sent"}`, async () => {
    const called = deferred();
    const served = await serve(
      leavable(async (environ) => {
        const signal = environ["wsgi.signal"];
        called.resolve();
        if (!signal.aborted) await once(signal, "abort");
        throw signal.reason;
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    leave(client);
    const exchange = await served.exchange();
    expect(exchange.disconnectPhase).toBe("before-head");
    expect(exchange.error).toBeInstanceOf(ClientDisconnected);
    await expectUnharmed(served, 1);
  });
});

test("reports nothing sent when the client resets before the answer", async () => {
  const { application, called } = patient();
  const served = await serve(application);
  const client = await served.connect();
  client.send(GET);
  await called;
  client.reset();
  const exchange = await served.exchange();
  expect(exchange).toMatchObject({
    status: 0,
    headers: [],
    bodyBytes: 0,
    totalBytes: 0,
    bytesReceived: GET.length,
    completed: false,
    disconnectPhase: "before-head",
    firstByteTime: undefined,
    requestLine: "GET / HTTP/1.1",
  });
  expect(exchange.error).toBeInstanceOf(ClientDisconnected);
  await expectUnharmed(served, 1);
});

test("takes a client that leaves after 100 Continue, while the application works, for one that left before the head", async () => {
  const called = deferred<Environ>();
  const served = await serve(
    leavable(async (environ, startResponse) => {
      environ["wsgi.input"].sendHundredContinueResponse();
      called.resolve(environ);
      await once(environ["wsgi.signal"], "abort");
      startResponse("200 OK", []);
      return [];
    }),
  );
  const client = await served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  await client.receive(/100 Continue\r\n\r\n$/);
  client.reset();
  expect(await served.exchange()).toMatchObject({
    disconnectPhase: "before-head",
    bodyBytes: 0,
    totalBytes: "HTTP/1.1 100 Continue\r\n\r\n".length,
    status: 0,
  });
  await expectUnharmed(served, 1);
});

test("closes a body that the application returns after the client is gone", async () => {
  const { promise: gone, resolve: leaveNow } = deferred();
  const closed = deferred();
  const called = deferred();
  const served = await serve(
    leavable(async (_environ, startResponse) => {
      startResponse("200 OK", []);
      called.resolve();
      await gone;
      return {
        *[Symbol.iterator]() {
          yield "never";
        },
        close: () => closed.resolve(),
      };
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await called.promise;
  client.reset();
  await served.exchange();
  leaveNow();
  await closed.promise;
  await expectUnharmed(served, 1);
});

test("says nothing of an application that fails because its client left", async () => {
  const called = deferred();
  const over = deferred();
  const served = await serve(
    leavable(async (environ) => {
      const signal = environ["wsgi.signal"];
      called.resolve();
      await once(signal, "abort");
      await over.promise;
      throw signal.reason;
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await called.promise;
  client.finish();
  await until(() => served.server.counters.active === 1);
  client.reset();
  await served.server.close({ timeout: 0 });
  over.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
});

describe("pipelined requests", () => {
  test("that wait are dropped when the client resets", async () => {
    const called = deferred();
    let calls = 0;
    const served = await serve(
      leavable(async (environ, startResponse) => {
        calls++;
        called.resolve();
        await once(environ["wsgi.signal"], "abort");
        startResponse("200 OK", []);
        return [];
      }),
    );
    const client = await served.connect();
    client.send(GET.repeat(3));
    await called.promise;
    client.reset();
    await served.exchange();
    await expectUnharmed(served, 1);
    expect(calls).toBe(1);
  });

  test("that were answered before are reported as complete, in order", async () => {
    const called = deferred();
    const served = await serve(
      leavable(async (environ, startResponse) => {
        if (environ.PATH_INFO === "/3") {
          called.resolve();
          await once(environ["wsgi.signal"], "abort");
        }
        startResponse("200 OK", []);
        return [environ.PATH_INFO];
      }),
    );
    const client = await served.connect();
    client.send(GET.replace("/", "/1") + GET.replace("/", "/2") + GET.replace("/", "/3"));
    await client.receive(/\/2$/);
    await called.promise;
    client.reset();
    await served.exchange(2);
    expect(served.exchanges.map(({ environ, completed }) => [environ.PATH_INFO, completed])).toEqual([
      ["/1", true],
      ["/2", true],
      ["/3", false],
    ]);
    await expectUnharmed(served, 3);
  });
});
