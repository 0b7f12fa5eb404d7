// The same cases for every way in which a server reads: a reused buffer, 'data' events of a socket, any other stream.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Application, Extension } from "../src/index.ts";
import type { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";
import { MemoryListener, READING_PATHS } from "./support/listeners.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const digest = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

/** Answers with the digest of the body and with what the head said. */
const echo: Application = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", []);
  return [`<${environ["HTTP_X_NAME"]} ${body.length} ${digest(body)}>`];
};

function post(name: string, body: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nX-Name: ${name}\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
}

describe.each(READING_PATHS)("reading %s", (_name, makeListener, reused) => {
  test("is what happens", async () => {
    const listeners: number[] = [];
    const spy: Extension = {
      name: "spy",
      onEnviron: (_environ, { socket }) => listeners.push(socket.listenerCount("data")),
    };
    const served = await serve(echo, { extensions: [spy] }, makeListener());
    const client = await served.connect();
    client.send(GET);
    await client.receive(">");
    expect(listeners).toEqual([reused ? 0 : 1]);
  });

  test("keeps many connections apart whose requests arrive in interleaved fragments", async () => {
    const served = await serve(echo, {}, makeListener());
    const count = 40;
    const clients = await Promise.all(Array.from({ length: count }, () => served.connect()));
    const messages = clients.map((_client, i) => {
      const bodies = [randomBytes(3000 + i), randomBytes(10 * i), randomBytes(1)];
      return {
        wire: Buffer.concat(bodies.map((body, k) => post(`${i}.${k}`, body))),
        expected: bodies.map((body, k) => `<${i}.${k} ${body.length} ${digest(body)}>`),
      };
    });
    const longest = Math.max(...messages.map(({ wire }) => wire.length));
    for (let at = 0; at < longest; at += 97) {
      for (const [i, client] of clients.entries()) client.send(messages[i]?.wire.subarray(at, at + 97) ?? "");
      await turn();
    }
    await Promise.all(clients.map((client) => client.receive(/(?:<.*?>.*?){3}$/s)));
    for (const [i, client] of clients.entries()) {
      expect(client.received.match(/<.*?>/g)).toEqual(messages[i]?.expected);
    }
  });

  test("takes a large upload whole", async () => {
    const served = await serve(echo, {}, makeListener());
    const body = randomBytes(3_000_000);
    const client = await served.connect();
    client.send(post("large", body));
    await client.receive(`<large 3000000 ${digest(body)}>`);
    expect((await served.exchange()).bytesReceived).toBe(post("large", body).length);
  });

  test("gives the application every piece that it read as its own, though the buffer is used again", async () => {
    const pieces: Buffer[] = [];
    const served = await serve(
      async (environ, startResponse) => {
        for (;;) {
          const piece = await environ["wsgi.input"].read1();
          if (piece.length === 0) break;
          pieces.push(piece);
        }
        startResponse("200 OK", []);
        return ["read"];
      },
      {},
      makeListener(),
    );
    const body = randomBytes(500_000);
    const client = await served.connect();
    client.send(post("pieces", body));
    await client.receive("read");
    expect(pieces.length).toBeGreaterThan(1);
    expect(Buffer.concat(pieces).equals(body)).toBe(true);
  });

  test("pauses while the application does not read, and goes on when it does", async () => {
    const called = deferred();
    const mayRead = deferred();
    const body = randomBytes(40_000_000);
    const served = await serve(
      async (environ, startResponse) => {
        called.resolve();
        await mayRead.promise;
        return echo(environ, startResponse);
      },
      {},
      makeListener(),
    );
    const client = await served.connect();
    const socket = client.socket;
    client.send(post("paused", body));
    await called.promise;
    await stalled(client);
    expect(socket.writableLength).toBeGreaterThan(0); // neither the server nor the system took it all
    mayRead.resolve();
    await client.receive(`<paused ${body.length} ${digest(body)}>`);
  });

  test("sees the end of a client that closes", async () => {
    const served = await serve(echo, {}, makeListener());
    const client = await served.connect();
    client.send(GET);
    await client.receive(">");
    client.finish();
    await client.end();
    await until(() => served.server.counters.connections === 0);
    expect(client.error).toBeUndefined();
  });

  test("sees the reset of a client while the application works", async () => {
    const reason = deferred<unknown>();
    const served = await serve(
      async (environ, startResponse) => {
        const signal = environ["wsgi.signal"];
        if (!signal.aborted) await once(signal, "abort");
        reason.resolve(signal.reason);
        startResponse("200 OK", []);
        return [];
      },
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.send(GET);
    await until(() => served.server.counters.active === 1);
    client.reset();
    expect(await reason.promise).toMatchObject({ code: "CLIENT_DISCONNECTED", cause: { code: "ECONNRESET" } });
    expect(await served.exchange()).toMatchObject({ completed: false, disconnectPhase: "before-head" });
    await until(() => served.server.counters.connections === 0);
  });

  test("sends a long body to a client that stops and goes on", async () => {
    const served = await serve(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return (function* () {
          for (let i = 0; i < 400; i++) yield String(i % 10).repeat(50_000);
        })();
      },
      {},
      makeListener(),
    );
    const client = await served.connect();
    client.socket.pause();
    client.send(GET.replace("1.1", "1.0"));
    await until(() => served.server.counters.active === 1);
    client.socket.resume();
    const received = await client.end();
    const body = received.slice(received.indexOf("\r\n\r\n") + 4);
    expect(body).toBe(Array.from({ length: 400 }, (_, i) => String(i % 10).repeat(50_000)).join(""));
    expect(await served.exchange()).toMatchObject({ bodyBytes: 20_000_000, totalBytes: received.length });
  });

  test("answers pipelined requests of which the client takes nothing, once it does", async () => {
    const served = await serve(echo, {}, makeListener());
    const client = await served.connect();
    client.socket.pause();
    client.send(GET.repeat(3000));
    await until(() => served.exchanges.length > 0);
    client.socket.resume();
    await until(() => served.exchanges.length === 3000);
    await client.receive(/^(?:[^<]*<[^>]*>){3000}$/);
  });
});

/** Resolves when the system takes no more of what the client has to send. */
async function stalled(client: Client): Promise<void> {
  let before = -1;
  while (before !== client.socket.bytesWritten - client.socket.writableLength) {
    before = client.socket.bytesWritten - client.socket.writableLength;
    for (let i = 0; i < 20; i++) await turn();
  }
}

test("ends a connection whose client had closed its side, and said nothing, before its turn came", async () => {
  const listener = new MemoryListener();
  const served = await serve(echo, { maxSize: 1 }, listener);
  const first = listener.connect();
  const second = listener.connect();
  expect(served.server.counters).toMatchObject({ connections: 1, waiting: 1 });
  const over = once(second.socket, "end");
  second.finish();
  second.socket.read(0); // a TLS socket sees its end so, though it is paused
  await over;
  first.finish();
  await until(() => served.server.counters.connections === 0 && served.server.counters.waiting === 0);
});
