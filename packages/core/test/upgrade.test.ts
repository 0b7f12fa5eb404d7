// The application takes over the socket: after a 101, or raw. What was read already comes first, then the socket is an
// ordinary stream, whichever way the server had read it.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import type { Application, Environ } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { READING_PATHS } from "./support/listeners.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const UPGRADE = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const SWITCHING: [string, [string, string][]] = [
  "101 Switching Protocols",
  [
    ["Connection", "Upgrade"],
    ["Upgrade", "echo"],
  ],
];

/** Upgrades and hands the socket to `use`, at once or later. */
function upgrading(use: (socket: Duplex, environ: Environ) => void, wait?: () => Promise<void>): Application {
  return async (environ, startResponse) => {
    await wait?.();
    startResponse(...SWITCHING);
    use(environ["wsgi.input"].getSocket(), environ);
    return [];
  };
}

describe.each(READING_PATHS)("a socket read %s", (_name, makeListener) => {
  test("is an ordinary stream after a 101", async () => {
    const served = await serve(
      upgrading((socket) => socket.on("data", (bytes) => socket.write(`<${bytes}>`))),
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(UPGRADE);
    expect(await client.receive(/\r\n\r\n$/)).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nDate: .*\r\nConnection: upgrade\r\n\r\n$/,
    );
    client.send("one");
    await client.receive("<one>");
    client.send("two");
    await client.receive("<two>");
  });

  test.each<[string, (socket: Duplex, got: (text: string) => void) => void]>([
    ["'data'", (socket, got) => socket.on("data", (bytes) => got(String(bytes)))],
    [
      "'readable'",
      (socket, got) =>
        socket.on("readable", () => {
          for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) got(String(bytes));
        }),
    ],
    ["a pipe", (socket, got) => socket.pipe(new PassThrough()).on("data", (bytes) => got(String(bytes)))],
    [
      "iteration",
      async (socket, got) => {
        for await (const bytes of socket) {
          got(String(bytes));
          if (String(bytes).endsWith("!")) break;
        }
      },
    ],
    [
      "on('data') a turn later",
      async (socket, got) => {
        await turn();
        socket.on("data", (bytes) => got(String(bytes)));
      },
    ],
  ])("gives bytes that were read already to %s, before those that come", async (_how, attach) => {
    let text = "";
    const served = await serve(
      upgrading((socket) =>
        attach(socket, (piece) => {
          text += piece;
          if (text.endsWith("!")) socket.write(`got ${text}`);
        }),
      ),
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(`${UPGRADE}early `);
    await client.receive("101 Switching");
    client.send("late!");
    await client.receive("got early late!");
  });

  test("gives bytes that came while the application thought about it", async () => {
    const mayUpgrade = deferred();
    const called = deferred();
    const served = await serve(
      upgrading(
        (socket) => socket.on("data", (bytes) => socket.write(`<${bytes}>`)),
        () => {
          called.resolve();
          return mayUpgrade.promise;
        },
      ),
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(UPGRADE);
    await called.promise;
    await client.sendAll("meanwhile");
    await turn();
    mayUpgrade.resolve();
    await client.receive("<meanwhile>");
  });

  test("gives all of many bytes that came before, more than are read ahead", async () => {
    const mayUpgrade = deferred();
    const called = deferred();
    const received: Buffer[] = [];
    const ended = deferred();
    const served = await serve(
      upgrading(
        (socket) => {
          socket.on("data", (bytes) => received.push(bytes));
          socket.on("end", ended.resolve);
        },
        () => {
          called.resolve();
          return mayUpgrade.promise;
        },
      ),
      {},
      makeListener(),
    );
    const bytes = randomBytes(2_000_000);
    const client = await served.connect();
    client.send(UPGRADE);
    client.send(bytes);
    client.finish();
    await called.promise;
    await turn();
    mayUpgrade.resolve();
    await ended.promise;
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
  });

  test("is nobody's but the application's: the server listens to no data of it and does not answer its end", async () => {
    const listeners = deferred<number>();
    const served = await serve(
      upgrading((socket) => {
        listeners.resolve(socket.listenerCount("data"));
        socket.on("end", async () => {
          await turn();
          socket.end("after the end");
        });
        socket.resume();
      }),
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive(/\r\n\r\n$/);
    client.finish();
    expect(await client.end()).toMatch(/after the end$/);
    expect(await listeners.promise).toBe(0);
  });

  test("can be had raw, without a response", async () => {
    const served = await serve(
      (environ) => {
        const socket = environ["wsgi.input"].getSocket();
        socket.on("data", (bytes) => socket.end(`raw ${bytes}`));
        return [];
      },
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore");
    expect(await client.end()).toBe("raw more");
    expect(await served.exchange()).toMatchObject({ status: 0, totalBytes: 0, completed: true, error: undefined });
  });

  test("carries much traffic both ways at once", async () => {
    const served = await serve(
      upgrading((socket) => void pipeline(socket, socket)),
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive(/\r\n\r\n$/);
    const bytes = randomBytes(8_000_000);
    const sha = createHash("sha1");
    let length = 0;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (piece) => {
      sha.update(piece);
      length += piece.length;
    });
    client.send(bytes);
    client.finish();
    await client.end();
    expect(length).toBe(bytes.length);
    expect(sha.digest("hex")).toBe(createHash("sha1").update(bytes).digest("hex"));
    await until(() => served.server.counters.connections === 0);
  });

  test("does not mix its bytes with those of connections that the server goes on reading", async () => {
    const got: Buffer[] = [];
    const served = await serve(
      async (environ, startResponse) => {
        if (environ.PATH_INFO === "/chat") {
          return upgrading((socket) => socket.on("data", (bytes) => got.push(bytes)))(environ, startResponse);
        }
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      },
      {},
      makeListener(),
    );
    const chat = await served.connect();
    chat.send(UPGRADE);
    await chat.receive(/\r\n\r\n$/);
    const other = await served.connect();
    for (let i = 0; i < 20; i++) {
      chat.send("c".repeat(100));
      other.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${"o".repeat(100)}`);
      await until(() => Buffer.concat(got).length === 100 * (i + 1));
      await until(() => other.received.split("o".repeat(100)).length === i + 2);
    }
    expect(Buffer.concat(got).toString()).toBe("c".repeat(2000));
  });

  test("stops reading when the application does not", async () => {
    const socket = deferred<Duplex>();
    const served = await serve(upgrading(socket.resolve), {}, makeListener());
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive(/\r\n\r\n$/);
    const taken = await socket.promise;
    taken.once("data", () => taken.pause());
    client.send(Buffer.alloc(40_000_000));
    await once(taken, "pause");
    for (let i = 0; i < 50; i++) await turn();
    expect(taken.readableLength).toBeLessThan(1_000_000);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    taken.resume();
    await once(client.socket, "drain");
  });
});

describe("after the take-over", () => {
  test("the exchange is complete once the application returned, with the bytes of the 101", async () => {
    const served = await serve(upgrading((socket) => socket.write("beyond the exchange")));
    const client = await served.connect();
    client.send(UPGRADE);
    const received = await client.receive("beyond the exchange");
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({
      status: 101,
      bodyBytes: 0,
      totalBytes: received.indexOf("beyond"),
      bytesReceived: UPGRADE.length,
      completed: true,
      disconnectPhase: undefined,
      error: undefined,
    });
    client.finish();
    expect(served.exchanges).toHaveLength(1);
  });

  test("an application that stays with the socket is no failure when the socket closes", async () => {
    const served = await serve(async (environ, startResponse) => {
      startResponse(...SWITCHING);
      const socket = environ["wsgi.input"].getSocket();
      socket.on("data", (bytes) => socket.end(bytes));
      await once(socket, "close");
      return [];
    });
    const client = await served.connect();
    client.send(`${UPGRADE}bye`);
    expect(await client.end()).toMatch(/bye$/);
    client.finish();
    expect(await served.exchange()).toMatchObject({
      status: 101,
      completed: true,
      disconnectPhase: undefined,
      error: undefined,
    });
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
  });

  test("the body that the application returned is ignored and closed", async () => {
    const closed = deferred();
    const served = await serve(async (environ, startResponse) => {
      startResponse(...SWITCHING);
      environ["wsgi.input"].getSocket().write("from the socket");
      return {
        *[Symbol.iterator]() {
          yield "from the body";
        },
        close: closed.resolve,
      };
    });
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive("from the socket");
    await closed.promise;
    await served.exchange();
    expect(client.received).not.toContain("from the body");
  });

  test("an application that fails closes the connection", async () => {
    const served = await serve(async (environ, startResponse) => {
      startResponse(...SWITCHING);
      environ["wsgi.input"].getSocket();
      throw new Error("on purpose");
    });
    const client = await served.connect();
    client.send(UPGRADE);
    expect(await client.end()).toMatch(/^HTTP\/1.1 101 .*\r\n\r\n$/s);
    client.finish();
    await served.logged(/on purpose/);
    await until(() => served.server.counters.connections === 0);
    expect(await served.exchange()).toMatchObject({ completed: false, error: { message: "on purpose" } });
  });

  test("nothing is read from wsgi.input, and nothing taken from the socket for it", async () => {
    const read = deferred<unknown>();
    const got = deferred<string>();
    const served = await serve(async (environ, startResponse) => {
      startResponse(...SWITCHING);
      const input = environ["wsgi.input"];
      const socket = input.getSocket();
      void input.read(4).then(read.resolve, read.resolve);
      await turn();
      socket.on("data", (bytes) => got.resolve(String(bytes)));
      return [];
    });
    const client = await served.connect();
    client.send(UPGRADE.replace("\r\n\r\n", "\r\nContent-Length: 10\r\n\r\n"));
    await client.receive("101");
    client.send("0123456789");
    expect(await got.promise).toBe("0123456789");
    expect(await read.promise).toBeInstanceOf(Error);
  });

  test("timeouts and rates are the application's business", async () => {
    const served = await serve(
      upgrading((socket) => socket.on("data", (bytes) => socket.write(`<${bytes}>`))),
      {
        headTimeout: 0.05,
        keepalive: 0.05,
        socketTimeout: 0.05,
        minimumDataRate: 1e9,
        dataRateGrace: 0.05,
        lingerTimeout: 0.05,
      },
    );
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive(/\r\n\r\n$/);
    await new Promise((resolve) => setTimeout(resolve, 250));
    client.send("still here");
    await client.receive("<still here>");
  });

  test("an error of the socket ends nothing but the connection", async () => {
    const served = await serve(upgrading((socket) => socket.resume()));
    const client = await served.connect();
    client.send(UPGRADE);
    await client.receive(/\r\n\r\n$/);
    client.reset();
    await until(() => served.server.counters.connections === 0);
    const next = await served.connect();
    next.send(UPGRADE);
    await next.receive(/\r\n\r\n$/);
  });
});
