// Connections that end too early, seen from both sides: a body that was cut is never taken for a whole one.

import type net from "node:net";
import { describe, expect, test } from "vitest";
import { type Application, ClientDisconnected } from "../../core/src/index.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { hasPython, python } from "../../core/test/support/tools.ts";
import { until } from "../../core/test/support/until.ts";
import { Authority } from "./support/authority.ts";
import { attempt, SecureClient } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";
import { relayTo } from "./support/severable.ts";
import { hasOpenssl, sClient } from "./support/tools.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };

/** Application data that no key of the connection has sealed. */
const FORGED = Buffer.concat([Buffer.from("1703030030", "hex"), Buffer.alloc(48, 0x5a)]);

const CUTS: [string, (client: SecureClient, wire: net.Socket) => void][] = [
  ["a FIN without close_notify", (_client, wire) => void wire.end()],
  ["a reset", (_client, wire) => void wire.resetAndDestroy()],
  ["a record that somebody else made", (_client, wire) => void wire.write(FORGED)],
  ["a close_notify", (client) => void client.socket.end()],
];

const BODIES: [string, string][] = [
  ["with a Content-Length", "Content-Length: 1000\r\n\r\nthe beginning"],
  ["in the middle of a chunk", "Transfer-Encoding: chunked\r\n\r\n3e8\r\nthe beginning"],
  ["between two chunks", "Transfer-Encoding: chunked\r\n\r\nd\r\nthe beginning\r\n"],
  ["before the last chunk's end", "Transfer-Encoding: chunked\r\n\r\nd\r\nthe beginning\r\n0\r\n"],
];

describe.each(VERSIONS)("in %s", (maxVersion) => {
  describe.each(CUTS)("%s", (_cut, cut) => {
    test.each(BODIES)("inside a body %s is an error in the application, not a short body", async (_name, rest) => {
      const begun = deferred();
      const outcome = deferred<unknown>();
      const served = await serveSecure(own, async (environ, startResponse) => {
        if (environ.REQUEST_METHOD === "GET") {
          startResponse("200 OK", []);
          return ["served"];
        }
        const input = environ["wsgi.input"];
        expect((await input.read(13)).toString()).toBe("the beginning");
        begun.resolve();
        outcome.resolve(
          await input.read().then(
            (body: Buffer) => `a whole body: ${body}`,
            (error: unknown) => error,
          ),
        );
        startResponse("200 OK", []);
        return [];
      });
      const relay = await relayTo(served.port);
      const client = await SecureClient.connect(relay.port, { ...trusting, maxVersion });
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.receive("served"); // and the session tickets before it: nothing is on its way to the client any more
      client.send(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
      await begun.promise;
      cut(client, relay.upstream());
      expect(await outcome.promise).toBeInstanceOf(ClientDisconnected);
      expect(await served.exchange(1)).toMatchObject({ completed: false, disconnectPhase: "request-body" });
      await until(() => served.server.counters.connections === 0);
      expect((await attempt(served.port, { ...trusting, maxVersion })).text).toMatch(/served$/);
    });

    test("between two requests ends the connection, and nobody hears of it", async () => {
      const served = await serveSecure(own);
      const relay = await relayTo(served.port);
      const client = await SecureClient.connect(relay.port, { ...trusting, maxVersion });
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.receive(/\}$/);
      cut(client, relay.upstream());
      await until(() => served.server.counters.connections === 0);
      expect(served.log.filter((line) => /fail|error/i.test(line))).toEqual([]);
      expect(served.exchanges).toHaveLength(1);
      expect(await served.exchange()).toMatchObject({ completed: true });
      expect(served.listener.counters).toMatchObject({ pending: 0, completed: 1, failed: 0 });
    });

    test("inside a request's head ends the connection quietly, as in eventlet's ssl_zeroreturnerror", async () => {
      const served = await serveSecure(own);
      const relay = await relayTo(served.port);
      const client = await SecureClient.connect(relay.port, { ...trusting, maxVersion });
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.receive(/\}$/);
      client.send("X");
      await until(() => served.server.counters.idle === 0);
      cut(client, relay.upstream());
      await until(() => served.server.counters.connections === 0);
      expect(served.log.filter((line) => /fail|error/i.test(line))).toEqual([]);
      expect(served.exchanges).toHaveLength(1);
    });

    test("right after the handshake ends the connection, and nobody hears of it", async () => {
      const served = await serveSecure(own);
      const relay = await relayTo(served.port);
      const client = await SecureClient.connect(relay.port, { ...trusting, maxVersion });
      await until(() => served.server.counters.connections === 1);
      cut(client, relay.upstream());
      await until(() => served.server.counters.connections === 0);
      expect(served.log.filter((line) => /fail|error/i.test(line))).toEqual([]);
      expect((await attempt(served.port, trusting)).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    });
  });
});

/** A body whose end is the end of the connection; it breaks in the middle for `/broken`. */
const untilClose: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return (async function* () {
    yield "the beginning, ";
    if (environ.PATH_INFO === "/broken") throw new Error("the application breaks");
    yield "the end";
  })();
};

/** In TLS 1.2 and 1.3, with the client's own reading of how the connection ended. */
const PYTHON = (path: string, version: string): string => `
import socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.maximum_version = ssl.TLSVersion.${version.replace(".", "_")}
sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), suppress_ragged_eofs=False)
sock.sendall(b"GET ${path} HTTP/1.0\\r\\n\\r\\n")
received = b""
try:
    while True:
        piece = sock.recv(65536)
        if not piece:
            print("clean")
            break
        received += piece
except (ssl.SSLError, OSError) as error:
    print("truncated", type(error).__name__)
print(received.split(b"\\r\\n\\r\\n", 1)[1].decode())
`;

describe.each(VERSIONS)("in %s, a response that the connection's end delimits", (version) => {
  test.skipIf(!hasPython)("ends with close_notify: Python sees a clean end", async () => {
    const served = await serveSecure(own, untilClose);
    const { stdout, stderr } = await python(served.port, PYTHON("/", version));
    expect({ stdout, stderr }).toEqual({ stdout: "clean\nthe beginning, the end\n", stderr: "" });
    expect(await served.exchange()).toMatchObject({ completed: true });
  });

  test.skipIf(!hasPython)("and that breaks off does not: Python sees the truncation", async () => {
    const served = await serveSecure(own, untilClose);
    const { stdout, stderr } = await python(served.port, PYTHON("/broken", version));
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^truncated \w+\n/);
    expect(stdout).not.toContain("the end");
    expect(await served.exchange()).toMatchObject({ completed: false });
  });

  const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
  const get = (path: string): string => `GET ${path} HTTP/1.0\r\n\r\n`;

  test.skipIf(!hasOpenssl)("ends with close_notify: openssl sees it", async () => {
    const served = await serveSecure(own, untilClose);
    const { code, stdout, stderr } = await sClient(served.port, get("/"), flag, "-msg");
    expect(code).toBe(0);
    expect(stdout).toMatch(/<<< TLS 1\.[23], Alert \[length 0002\], warning close_notify/);
    expect(stderr).not.toContain("unexpected eof");
  });

  test.skipIf(!hasOpenssl)("and that breaks off does not: openssl sees no close_notify", async () => {
    const served = await serveSecure(own, untilClose);
    const { stdout } = await sClient(served.port, get("/broken"), flag, "-msg");
    expect(stdout).toContain("HTTP/1.1 200 OK");
    expect(stdout).not.toMatch(/<<< TLS 1\.[23], Alert \[length 0002\], warning close_notify/);
  });
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

test("a response that breaks off with a Content-Length is short, and the client can see it", async () => {
  const served = await serveSecure(own, (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", "100"]]);
    return (async function* () {
      yield "the beginning";
      throw new Error("the application breaks");
    })();
  });
  const { text } = await attempt(served.port, trusting, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect(text).toMatch(/\r\n\r\nthe beginning$/);
  expect(await served.exchange()).toMatchObject({ completed: false });
});

test("a client that says goodbye and reads on gets its whole answer, though it begins after the goodbye", async () => {
  const served = await serveSecure(own, async (environ, startResponse) => {
    await aborted(environ["wsgi.signal"]); // the goodbye has come
    return untilClose(environ, startResponse);
  });
  const client = await SecureClient.connect(served.port, trusting);
  client.socket.allowHalfOpen = true;
  client.socket.end("GET / HTTP/1.0\r\n\r\n");
  expect(await client.end()).toMatch(/the beginning, the end$/);
});
