// What can lie beneath the TLS layer: unix sockets, IPv6, streams that are no sockets, and listeners that tell facts.

import { join } from "node:path";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ConnectionFacts, type Listener, listen } from "../../core/src/index.ts";
import { answersIn } from "../../core/test/support/answers.ts";
import { asPlainDuplex, listenWith, withoutUserBuffer } from "../../core/test/support/listeners.ts";
import { serve } from "../../core/test/support/serve.ts";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { until } from "../../core/test/support/until.ts";
import { wrapSsl } from "../src/index.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, GET, SecureClient } from "./support/secure-client.ts";
import { showing } from "./support/serve.ts";

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };
const ENDS = showing("REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT", "HTTPS", "beneath");

function environIn(text: string): Record<string, unknown> {
  return JSON.parse(answersIn(text)[0]?.body ?? "{}");
}

/** A listener that tells a fact of each connection, over another one. */
function telling(inner: Listener, fact: (socket: Duplex) => unknown): Listener {
  return {
    scheme: "http",
    ready: inner.ready,
    get served() {
      return inner.served;
    },
    accept: (handlers) =>
      inner.accept({
        ...handlers,
        onConnection: (socket, facts: ConnectionFacts = []) =>
          handlers.onConnection(socket, [...facts, ["beneath", fact(socket)]]),
      }),
    close: (signal) => inner.close(signal),
  };
}

test("serves a unix socket", async () => {
  const { folder, ca } = writeFiles({ ca: authority.cert });
  const path = join(folder, "socket");
  const listener = wrapSsl(listen(`unix:${path}`), own);
  const served = await serve(ENDS, {}, listener);
  expect(served.server.addresses[0]?.url).toBe(`https:${path}`);
  const socket = tls.connect({ path, ...trusting, servername: "localhost" });
  const client = new SecureClient(socket);
  client.send(GET);
  expect(environIn(await client.end())).toEqual({
    REMOTE_ADDR: "unix",
    REMOTE_PORT: "",
    SERVER_NAME: "unix",
    SERVER_PORT: "443",
    HTTPS: "on",
  });
  if (hasCurl) {
    const { code } = await curl("--unix-socket", path, "--cacert", ca, "https://localhost/");
    expect(code).toBe(0);
  }
  expect(listener.counters).toMatchObject({ pending: 0, failed: 0 });
});

test("names a peer of a unix socket in the log", async () => {
  const { folder } = writeFiles({});
  const path = join(folder, "socket");
  const served = await serve(ENDS, {}, wrapSsl(listen(`unix:${path}`), own));
  const socket = tls.connect({ path, ...trusting, maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  expect(await served.logged(/TLS handshake/)).toMatch(/TLS handshake with unix/);
});

test("serves IPv6", async () => {
  const listener = wrapSsl(listen("[::1]:0"), own);
  const served = await serve(ENDS, {}, listener);
  expect(served.server.addresses[0]?.url).toBe(`https://[::1]:${served.port}`);
  const { text } = await attempt(served.port, { ...trusting, host: "::1" });
  expect(environIn(text)).toMatchObject({ REMOTE_ADDR: "::1", SERVER_NAME: "::1", SERVER_PORT: String(served.port) });
});

test("shows its address as https", async () => {
  const listener = wrapSsl(listen(["127.0.0.1", 0]), own);
  const served = await serve(ENDS, {}, listener);
  expect((await listener.ready).url).toBe(`https://127.0.0.1:${served.port}`);
  await served.logged(new RegExp(`wsgi starting up on https://127\\.0\\.0\\.1:${served.port}$`));
});

describe.each<[string, () => Listener]>([
  ["a socket", () => listen(["127.0.0.1", 0])],
  ["a socket without the reused buffer", () => listenWith(withoutUserBuffer)],
  ["a stream that is no socket", () => listenWith(asPlainDuplex)],
])("over %s", (name, makeListener) => {
  test("answers requests, with bodies and on a kept connection", async () => {
    const listener = wrapSsl(makeListener(), own);
    const served = await serve(
      async (environ, startResponse) => {
        startResponse("200 OK", []);
        return [await environ["wsgi.input"].read()];
      },
      {},
      listener,
    );
    const client = await SecureClient.connect(served.port, trusting);
    const body = "0123456789".repeat(30_000);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await client.receive(body);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nend");
    expect(answersIn(await client.end()).map((answer) => answer.body)).toEqual([body, "end"]);
    expect(listener.counters).toMatchObject({ completed: 1, failed: 0 });
  });

  test("counts a handshake as over when it is, not when the connection ends", async () => {
    const listener = wrapSsl(makeListener(), own);
    const served = await serve(ENDS, {}, listener);
    const client = await SecureClient.connect(served.port, trusting);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive(/\}$/);
    expect(listener.counters).toMatchObject({ pending: 0, completed: 1 });
  });

  test("gives the environ what the listener beneath tells", async () => {
    const served = await serve(
      ENDS,
      {},
      wrapSsl(
        telling(makeListener(), () => `told of ${name}`),
        own,
      ),
    );
    const client = await SecureClient.connect(served.port, trusting);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive(/\}$/);
    client.send(GET);
    const bodies = answersIn(await client.end()).map((answer) => JSON.parse(answer.body).beneath);
    expect(bodies).toEqual([`told of ${name}`, `told of ${name}`]);
  });

  test("closes while a connection waits for its turn", async () => {
    const served = await serve(ENDS, { maxSize: 1 }, wrapSsl(makeListener(), own));
    const first = await SecureClient.connect(served.port, trusting);
    await until(() => served.server.counters.connections === 1);
    const second = await SecureClient.connect(served.port, trusting);
    await until(() => served.server.counters.waiting === 1);
    expect(await served.server.close({ timeout: 20 })).toEqual({ cut: 0 });
    expect([await first.end(), await second.end()]).toEqual(["", ""]);
  });
});
