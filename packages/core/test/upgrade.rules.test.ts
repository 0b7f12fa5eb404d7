// When a socket may be taken over and when not; and what becomes of taken sockets when the server closes.

import { once } from "node:events";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { type Application, type Environ, UsageError } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const SWITCHING: [string, [string, string][]] = [
  "101 Switching Protocols",
  [
    ["Connection", "Upgrade"],
    ["Upgrade", "echo"],
  ],
];

/** What taking the socket throws. */
function attempt(environ: Environ): unknown {
  try {
    environ["wsgi.input"].getSocket();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("getSocket() throws CANNOT_UPGRADE", () => {
  const errors: unknown[] = [];

  test.each<[string, Application]>([
    [
      "when another status was started",
      (environ, startResponse) => {
        startResponse("200 OK", []);
        errors.push(attempt(environ));
        return ["as usual"];
      },
    ],
    [
      "when the response has begun",
      async (environ, startResponse) => {
        const write = startResponse("200 OK", []);
        await write("as ");
        errors.push(attempt(environ));
        return ["usual"];
      },
    ],
    [
      "when the response is over",
      (environ, startResponse) => {
        setImmediate(() => errors.push(attempt(environ)));
        startResponse("200 OK", []);
        return ["as usual"];
      },
    ],
  ])("%s", async (_when, application) => {
    errors.length = 0;
    const served = await serve(application);
    const client = await served.connect();
    client.send(GET);
    await client.receive("usual");
    await until(() => errors.length === 1);
    expect(errors[0]).toBeInstanceOf(UsageError);
    expect(errors[0]).toMatchObject({ code: "CANNOT_UPGRADE" });
    client.received = "";
    client.send(GET.replace("Connection: Upgrade\r\n", ""));
    await client.receive("usual"); // the connection is none the worse
  });

  test("when it is called twice", async () => {
    const errors: unknown[] = [];
    const served = await serve((environ, startResponse) => {
      startResponse(...SWITCHING);
      const socket = environ["wsgi.input"].getSocket();
      errors.push(attempt(environ));
      socket.end("mine");
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    expect(await client.end()).toMatch(/mine$/);
    expect(errors[0]).toMatchObject({ code: "CANNOT_UPGRADE" });
  });

  test("when the client has left", async () => {
    const result = deferred<unknown>();
    const called = deferred();
    const served = await serve(async (environ) => {
      called.resolve();
      await once(environ["wsgi.signal"], "abort");
      result.resolve(attempt(environ));
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    expect(await result.promise).toMatchObject({ code: "CANNOT_UPGRADE" });
  });
});

test("throws CANNOT_UPGRADE when the client closed its side and bytes that came before cannot be put back", async () => {
  const result = deferred<unknown>();
  const served = await serve(async (environ, startResponse) => {
    const signal = environ["wsgi.signal"];
    if (!signal.aborted) await once(signal, "abort");
    result.resolve(attempt(environ));
    startResponse("200 OK", []);
    return ["as usual"];
  });
  const client = await served.connect();
  client.send(`${GET}early`);
  client.finish();
  expect(await result.promise).toMatchObject({ code: "CANNOT_UPGRADE" });
  await client.receive(/as usual/);
});

test("answers 500 when an application fails before it takes the socket that it announced", async () => {
  const served = await serve((_environ, startResponse) => {
    startResponse(...SWITCHING);
    throw new Error("on purpose");
  });
  const client = await served.connect();
  client.send(GET);
  await client.receive(/^HTTP\/1.1 500 /);
});

test("sends the answers to pipelined requests before the 101", async () => {
  const served = await serve((environ, startResponse) => {
    if (environ.PATH_INFO === "/first") {
      startResponse("200 OK", []);
      return ["first"];
    }
    startResponse(...SWITCHING);
    environ["wsgi.input"].getSocket().end("taken");
    return [];
  });
  const client = await served.connect();
  client.send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${GET}`);
  expect(await client.end()).toMatch(/^HTTP\/1.1 200 .*first.*HTTP\/1.1 101 .*taken$/s);
  expect(served.exchanges.map(({ status, completed }) => [status, completed])).toEqual([
    [200, true],
    [101, true],
  ]);
});

test("interprets nothing after the take-over", async () => {
  let calls = 0;
  const served = await serve((environ, startResponse) => {
    calls++;
    startResponse(...SWITCHING);
    const socket = environ["wsgi.input"].getSocket();
    socket.on("data", (bytes) => socket.end(bytes));
    return [];
  });
  const client = await served.connect();
  client.send(GET + GET);
  expect((await client.end()).endsWith(GET)).toBe(true);
  expect(calls).toBe(1);
});

describe("a taken socket, when the server closes", () => {
  const taking =
    (use: (environ: Environ, socket: Duplex) => Promise<void> | void): Application =>
    async (environ, startResponse) => {
      startResponse(...SWITCHING);
      await use(environ, environ["wsgi.input"].getSocket());
      return [];
    };

  test.each<[string, (environ: Environ, socket: Duplex) => Promise<void> | void]>([
    [
      "flagged idle before the application returned",
      (environ) => {
        environ["eventlet.set_idle"]();
      },
    ],
    [
      "flagged idle by an application that stays with it",
      async (environ, socket) => {
        environ["eventlet.set_idle"]();
        await once(socket, "close");
      },
    ],
    [
      "flagged idle after the application returned",
      (environ, socket) => {
        socket.once("data", environ["eventlet.set_idle"]);
      },
    ],
  ])("is closed at once when it was %s", async (_when, use) => {
    const served = await serve(taking(use));
    const client = await served.connect();
    client.send(`${GET}x`);
    await client.receive(/\r\n\r\n$/);
    await until(() => served.server.counters.connections === 1 && served.server.counters.active === 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(await served.server.close({ timeout: 30 })).toEqual({ cut: 0 });
    await client.end();
  });

  test("may finish what it does", async () => {
    let taken: Duplex | undefined;
    const served = await serve(
      taking((_environ, socket) => {
        taken = socket;
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/\r\n\r\n$/);
    const closed = served.server.close({ timeout: 30 });
    await served.logged(/wsgi exiting/);
    taken?.end("finished");
    expect(await client.end()).toMatch(/finished$/);
    client.finish();
    taken?.resume();
    expect(await closed).toEqual({ cut: 0 });
  });

  test("is cut at the deadline", async () => {
    const served = await serve(taking(() => {}));
    const client = await served.connect();
    client.send(GET);
    await client.receive(/\r\n\r\n$/);
    expect(await served.server.close({ timeout: 0.1 })).toEqual({ cut: 1 });
    await client.end();
    await served.logged(/wsgi exited, 1 requests served, 1 connections cut at the deadline/);
  });

  test("tells an application that stays with it", async () => {
    const reason = deferred<unknown>();
    const served = await serve(
      taking(async (environ, socket) => {
        environ["wsgi.signal"].addEventListener("abort", () => reason.resolve(environ["wsgi.signal"].reason));
        await once(socket, "close");
      }),
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/\r\n\r\n$/);
    expect(await served.server.close({ timeout: 0.1 })).toEqual({ cut: 1 });
    expect(await reason.promise).toMatchObject({ code: "CLIENT_DISCONNECTED" });
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
  });
});
