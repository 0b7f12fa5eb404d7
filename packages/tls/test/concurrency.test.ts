// Many secure connections at a time: the server reads all of them through one buffer, and none sees bytes of another.

import { createHash, randomBytes } from "node:crypto";
import type tls from "node:tls";
import { describe, expect, test } from "vitest";
import type { Application, Options } from "../../core/src/index.ts";
import { answersIn } from "../../core/test/support/answers.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import { Authority } from "./support/authority.ts";
import { beginHandshake } from "./support/held-handshake.ts";
import { GET, SecureClient } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Answers with the hash of the body, read in small pieces, so that much of it waits in the server meanwhile. */
const hashing: Application = async (environ, startResponse) => {
  const sum = createHash("sha256");
  for (;;) {
    const piece = await environ["wsgi.input"].read(10_000);
    if (piece.length === 0) break;
    sum.update(piece);
  }
  startResponse("200 OK", []);
  return [sum.digest("hex")];
};

test("keeps the bodies of sixty connections apart", async () => {
  const served = await serveSecure(own, hashing);
  const clients = await Promise.all(
    Array.from({ length: 60 }, (_none, index) =>
      SecureClient.connect(served.port, { ...trusting, maxVersion: VERSIONS[index % 2] as tls.SecureVersion }),
    ),
  );
  const bodies = clients.map(() => [randomBytes(70_001), randomBytes(1), randomBytes(33_333)]);
  for (const [index, client] of clients.entries()) {
    for (const body of bodies[index] as Buffer[]) {
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      client.send(body);
    }
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  const texts = await Promise.all(clients.map((client) => client.end()));
  expect(texts.map((text) => answersIn(text).map(({ body }) => body))).toEqual(
    bodies.map((three) => [...three.map(hash), hash(Buffer.alloc(0))]),
  );
});

test("keeps what is decrypted from one read of the socket, while the application writes in between", async () => {
  const served = await serveSecure(own, (environ, startResponse) => {
    const write = startResponse("200 OK", []);
    void write(`${environ["PATH_INFO"]};`);
    return [`${environ["HTTP_X_FILL"]}`];
  });
  const client = await SecureClient.connect(served.port, trusting);
  const fills = Array.from({ length: 40 }, (_none, index) => String.fromCharCode(97 + (index % 26)).repeat(3000));
  // Records of 16 KiB that begin and end in the middle of requests; the last one closes.
  const requests = fills.map((fill, index) => {
    const close = index === fills.length - 1 ? "Connection: close\r\n" : "";
    return `GET /${index} HTTP/1.1\r\nHost: a\r\nX-Fill: ${fill}\r\n${close}\r\n`;
  });
  client.send(requests.join(""));
  const answers = answersIn(await client.end());
  expect(answers.map(({ body }) => body)).toEqual(fills.map((fill, index) => `/${index};${fill}`));
});

const pooled = (maxSize: number): Options => ({ maxSize });

describe("a request that comes in one packet with the end of the handshake", () => {
  test("is answered", async () => {
    const served = await serveSecure(own, hashing);
    const held = await beginHandshake(served.port, { ...trusting, minVersion: "TLSv1.3" });
    const client = await held.finish(GET);
    expect(await client.receive(hash(Buffer.alloc(0)))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test("is answered whole, with a body of many records", async () => {
    const served = await serveSecure(own, hashing);
    const body = randomBytes(150_000);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    const held = await beginHandshake(served.port, { ...trusting, minVersion: "TLSv1.3" });
    const client = await held.finish(head + body.toString("latin1"));
    await client.receive(hash(body));
  });
});

describe.each(VERSIONS)("a connection of %s that waits for room in the pool", (version) => {
  const options = { ...trusting, maxVersion: version };

  test("is answered when its turn comes, though its request came before", async () => {
    const served = await serveSecure(own, hashing, pooled(1));
    const first = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.connections === 1);
    const second = await SecureClient.connect(served.port, options);
    const body = randomBytes(200_000);
    second.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
    second.send(body);
    await until(() => served.server.counters.waiting === 1);
    first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    await first.receive(hash(Buffer.from("abc")));
    expect(second.received).toBe("");
    first.socket.end();
    expect(answersIn(await second.end()).map((answer) => answer.body)).toEqual([hash(body)]);
  });

  test("is answered though the client closed its side before its turn came", async () => {
    const served = await serveSecure(own, hashing, pooled(1));
    const first = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.connections === 1);
    const second = await SecureClient.connect(served.port, {
      ...options,
      allowHalfOpen: true,
    } as tls.ConnectionOptions);
    second.socket.end("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    await until(() => served.server.counters.waiting === 1 && second.socket.writableFinished);
    first.send(GET);
    await first.end();
    first.socket.end();
    expect(answersIn(await second.end()).map((answer) => answer.body)).toEqual([hash(Buffer.from("abc"))]);
  });

  test("ends when its turn comes, if its client has closed its side and said nothing", async () => {
    const served = await serveSecure(own, hashing, pooled(1));
    const first = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.connections === 1);
    const leaver = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.waiting === 1);
    leaver.socket.end();
    await until(() => leaver.socket.writableFinished);
    first.socket.end();
    await until(() => served.server.counters.connections === 0 && served.server.counters.waiting === 0);
  });

  test("gives its place up when its client leaves, and the next one is answered", async () => {
    const served = await serveSecure(own, hashing, pooled(1));
    const first = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.connections === 1);
    const leaver = await SecureClient.connect(served.port, options);
    await until(() => served.server.counters.waiting === 1);
    leaver.send(GET);
    leaver.socket.destroy();
    const third = await SecureClient.connect(served.port, options);
    third.send(GET);
    await until(() => served.server.counters.waiting >= 1);
    first.socket.end();
    expect(await third.end()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await until(() => served.server.counters.connections === 0);
    expect(served.server.counters.waiting).toBe(0);
  });
});

test("hands nothing on before an application asks for it, and then everything in order", async () => {
  const mayRead = deferred();
  const served = await serveSecure(own, async (environ, startResponse) => {
    await mayRead.promise;
    return hashing(environ, startResponse);
  });
  const slow = await SecureClient.connect(served.port, trusting);
  const body = randomBytes(300_000);
  slow.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
  slow.send(body);
  await until(() => served.server.counters.active === 1);
  // Others use the buffer meanwhile.
  const others = await Promise.all(Array.from({ length: 10 }, () => SecureClient.connect(served.port, trusting)));
  for (const other of others) {
    other.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\nConnection: close\r\n\r\n${"z".repeat(60_000)}`);
  }
  await until(() => served.server.counters.active === 11);
  mayRead.resolve();
  expect(answersIn(await slow.end())[0]?.body).toBe(hash(body));
  for (const other of others) expect(answersIn(await other.end())[0]?.body).toBe(hash(Buffer.alloc(60_000, "z")));
});
