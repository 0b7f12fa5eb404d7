// Extensions as the server calls them: when, in which order, and what happens when one of them throws.

import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { type Application, type ConnectionInfo, type Exchange, type Extension, listen, server } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const hello: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [`hello ${environ["test.mark"] ?? ""}`];
};

/** An extension that notes when it is called. */
function noting(name: string, notes: string[]): Extension {
  return {
    name,
    onStart: () => void notes.push(`${name} start`),
    onEnviron: () => notes.push(`${name} environ`),
    onResponded: () => notes.push(`${name} responded`),
    onClose: () => void notes.push(`${name} close`),
  };
}

test("are called in the order in which they are given, the access log last", async () => {
  const notes: string[] = [];
  const served = await serve(hello, {
    extensions: [noting("first", notes), noting("second", notes)],
    log: {
      info: (line) => {
        if (line.includes('"GET / HTTP/1.1"')) notes.push("access log");
      },
      debug: () => {},
    },
  });
  const client = await served.connect();
  client.send(GET);
  await client.receive("hello");
  client.finish();
  await served.server.close();
  expect(notes).toEqual([
    "first start",
    "second start",
    "first environ",
    "second environ",
    "first responded",
    "second responded",
    "access log",
    "first close",
    "second close",
  ]);
});

test("are given the server's log before anything happens", async () => {
  const served = await serve(hello, {
    extensions: [{ name: "greeter", onStart: ({ logger }) => logger.warn("greetings") }],
  });
  expect(served.log[0]).toBe("greetings");
});

test("refuse to start with a server that they throw at", async () => {
  const listener = listen(["127.0.0.1", 0]);
  const extension: Extension = {
    name: "picky",
    onStart() {
      throw new Error("not this one");
    },
  };
  const log: string[] = [];
  const write = (text: string): void => void log.push(text);
  expect(() => server(listener, hello, { extensions: [extension], log: { write } })).toThrow("not this one");
  expect(listener.served).toBe(false);
  await listener.ready;
  await turn();
  expect(log).toEqual([]); // above all not that it starts up
  await listener.close();
});

test("may throw anything, and it is told", async () => {
  const served = await serve(hello, {
    extensions: [
      {
        name: "odd",
        onResponded() {
          throw Object.create(null);
        },
      },
    ],
  });
  const client = await served.connect();
  client.send(GET);
  await client.receive("hello");
  await served.logged(/extension odd failed: \[Object: null prototype\] \{\}/);
  await served.logged(/"GET \//);
});

test("can ask how far a request is", async () => {
  let connection: ConnectionInfo | undefined;
  const phases: unknown[] = [];
  const reading = deferred();
  const mayEnd = deferred();
  const served = await serve(
    async (environ, startResponse) => {
      const body = environ["wsgi.input"].read();
      phases.push(connection?.phase);
      reading.resolve();
      await body;
      phases.push(connection?.phase);
      const write = startResponse("200 OK", []);
      await write("first");
      phases.push(connection?.phase);
      await mayEnd.promise;
      return [];
    },
    {
      extensions: [
        {
          name: "asker",
          onEnviron(_environ, info) {
            connection = info;
            phases.push(info.phase);
          },
        },
      ],
    },
  );
  const client = await served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  await reading.promise;
  client.send("body");
  await client.receive("first");
  mayEnd.resolve();
  await served.exchange();
  phases.push(connection?.phase);
  expect(phases).toEqual(["before-head", "request-body", "before-head", "response-body", undefined]);
});

test("see the connection, as the application does, and may add to the environ", async () => {
  const seen: ConnectionInfo[] = [];
  const counts: number[] = [];
  const shown: unknown[] = [];
  const application: Application = (environ, startResponse) => {
    shown.push(environ["wsgi.input"].connection);
    return hello(environ, startResponse);
  };
  const served = await serve(application, {
    extensions: [
      {
        name: "marker",
        onEnviron: (environ, connection) => {
          seen.push(connection);
          counts.push(connection.requestsServed);
          environ["test.mark"] = "marked";
        },
      },
    ],
  });
  const client = await served.connect();
  client.send(GET + GET);
  await client.receive(/hello marked.*hello marked$/s);
  expect(counts).toEqual([0, 1]);
  expect(seen[0]).toBe(seen[1]);
  expect(shown).toEqual(seen);
  const { endpoints, socket } = seen[0] as ConnectionInfo;
  const port = client.socket.localPort;
  expect(endpoints).toEqual({
    scheme: "http",
    serverName: "127.0.0.1",
    serverPort: String(served.port),
    remoteAddress: "127.0.0.1",
    remotePort: String(port),
  });
  expect((socket as Socket).remotePort).toBe(port);
});

describe("that throw", () => {
  test("in onEnviron have the request answered with 500, and are told of it like the others", async () => {
    let calls = 0;
    const notes: string[] = [];
    const served = await serve(
      () => {
        calls++;
        return [];
      },
      {
        extensions: [
          {
            name: "thrower",
            onEnviron: () => {
              throw new Error("on purpose");
            },
            onResponded: ({ status }) => notes.push(`thrower ${status}`),
          },
          noting("other", notes),
        ],
      },
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/^HTTP\/1.1 500 Internal Server Error\r\n/);
    expect(calls).toBe(0);
    expect(await served.exchange()).toMatchObject({ status: 500, completed: true, error: { message: "on purpose" } });
    expect(notes).toEqual(["other start", "thrower 500", "other responded"]);
    await served.logged(/on purpose/);
    client.send(GET); // the connection lives
    await client.receive(/500.*500/s);
  });

  test("in onResponded are named in the log, and keep nothing from the others", async () => {
    const notes: string[] = [];
    const served = await serve(hello, {
      extensions: [
        {
          name: "thrower",
          onResponded: () => {
            throw new Error("on purpose");
          },
        },
        noting("other", notes),
      ],
    });
    const client = await served.connect();
    client.send(GET);
    await client.receive("hello");
    await served.exchange();
    await served.logged(/extension thrower failed: Error: on purpose/);
    expect(notes).toEqual(["other start", "other environ", "other responded"]);
    await served.logged(/"GET \/ HTTP\/1.1" 200/);
    client.send(GET);
    await served.exchange(1);
  });

  test.each<[string, () => void | Promise<void>]>([
    [
      "at once",
      () => {
        throw new Error("on purpose");
      },
    ],
    ["later", () => Promise.reject(new Error("on purpose"))],
  ])("in onClose %s are named in the log, and the server ends", async (_when, onClose) => {
    const notes: string[] = [];
    const served = await serve(hello, { extensions: [{ name: "thrower", onClose }, noting("other", notes)] });
    expect(await served.server.close()).toEqual({ cut: 0 });
    await served.logged(/extension thrower failed: Error: on purpose/);
    expect(notes).toEqual(["other start", "other close"]);
  });
});

describe("onClose", () => {
  test("comes after the last connection has ended, and is waited for", async () => {
    const mayAnswer = deferred();
    const mayClose = deferred();
    const notes: string[] = [];
    const served = await serve(
      async (environ, startResponse) => {
        await mayAnswer.promise;
        return hello(environ, startResponse);
      },
      {
        extensions: [
          {
            name: "slow",
            onClose: async () => {
              notes.push(`closing with ${served.server.counters.connections} connections`);
              await mayClose.promise;
              notes.push("closed");
            },
          },
        ],
      },
    );
    const client = await served.connect();
    client.send(GET);
    await until(() => served.server.counters.active === 1);
    const closed = served.server.close().then(() => notes.push("server closed"));
    await served.logged(/wsgi exiting/);
    mayAnswer.resolve();
    await client.end();
    client.finish();
    await until(() => notes.length > 0);
    mayClose.resolve();
    await closed;
    expect(notes).toEqual(["closing with 0 connections", "closed", "server closed"]);
  });

  test("is not waited for beyond the deadline, and is told by its signal", async () => {
    const signalled = deferred();
    const served = await serve(hello, {
      extensions: [
        {
          name: "stuck",
          onClose: (signal) => {
            signal.addEventListener("abort", () => signalled.resolve());
            return new Promise(() => {});
          },
        },
      ],
    });
    expect(await served.server.close({ timeout: 0.1 })).toEqual({ cut: 0 });
    await signalled.promise;
  });
});

test("are told of every request exactly once, however it ended", async () => {
  const exchanges: Exchange[] = [];
  const paths = ["/fine", "/throws", "/breaks", "/short", "/left"];
  const served = await serve(
    async (environ, startResponse) => {
      const path = environ.PATH_INFO;
      if (path === "/throws") throw new Error("on purpose");
      const write = startResponse("200 OK", path === "/short" ? [["Content-Length", "10"]] : []);
      if (path === "/breaks") {
        await write("begun");
        throw new Error("on purpose");
      }
      if (path === "/left") await new Promise((resolve) => environ["wsgi.signal"].addEventListener("abort", resolve));
      return ["hello"];
    },
    { extensions: [{ name: "recorder", onResponded: (exchange) => exchanges.push(exchange) }] },
  );
  for (const path of paths) {
    const client = await served.connect();
    client.send(GET.replace("/", path));
    if (path !== "/left") await client.receive("HTTP/1.1 ");
    else await until(() => served.server.counters.active === 1);
    client.reset();
    await until(() => served.server.counters.connections === 0);
  }
  expect(exchanges.map(({ environ, status, completed }) => [environ.PATH_INFO, status, completed])).toEqual([
    ["/fine", 200, true],
    ["/throws", 500, true],
    ["/breaks", 200, false],
    ["/short", 200, false],
    ["/left", 0, false],
  ]);
  expect(served.server.counters.requests).toBe(paths.length);
});

describe("the times of an exchange", () => {
  const timesOf = async (application: Application): Promise<Exchange> => {
    const served = await serve(application);
    const client = await served.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await client.end();
    return served.exchange();
  };

  test("have first and last byte together where the response left in one write", async () => {
    const { startTime, firstByteTime, finishTime } = await timesOf(hello);
    expect(startTime).toBeLessThan(finishTime);
    expect(firstByteTime).toBe(finishTime);
  });

  test("have the first byte before the last one of a body that comes later", async () => {
    const before = deferred<number>();
    const { firstByteTime, finishTime } = await timesOf(async function* (_environ, startResponse) {
      startResponse("200 OK", []);
      yield "first";
      before.resolve(performance.now());
      await turn();
      yield "last";
    } as Application);
    expect(firstByteTime).toBeLessThanOrEqual(await before.promise);
    expect(finishTime).toBeGreaterThan(await before.promise);
  });
});
