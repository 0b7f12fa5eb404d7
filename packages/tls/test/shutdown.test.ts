// The end of a secure server: handshakes that have begun are finished and answered, stalled ones end at the deadline, and
// nothing is left.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Application } from "../../core/src/index.ts";
import { answerIn } from "../../core/test/support/answers.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { beginHandshake } from "./support/held-handshake.ts";
import { attempt, clientHello, closed, connectPlain, GET, SecureClient } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };
const hello = await clientHello();
const NOBODY = { connections: 0, idle: 0, active: 0, waiting: 0 };

describe.each(VERSIONS)("a handshake of %s that goes on when the server closes", (version) => {
  test("is finished, and its request answered with Connection: close", async () => {
    const served = await serveSecure(own);
    const held = await beginHandshake(served.port, { ...trusting, minVersion: version, maxVersion: version });
    const idle = await SecureClient.connect(served.port, trusting);
    await until(() => served.server.counters.idle === 1);
    expect(served.listener.counters.pending).toBe(1);
    const closing = served.server.close({ timeout: 20 });
    await idle.end(); // from here on the server waits for nothing but the handshake
    await expect(connectPlain(served.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const client = await held.finish("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    const text = await client.end();
    expect(text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n[\s\S]*\}$/);
    client.socket.end();
    expect(await closing).toEqual({ cut: 0 });
    expect(served.listener.counters).toMatchObject({ pending: 0, completed: 2, failed: 0, timedOut: 0 });
    expect(served.server.counters).toMatchObject(NOBODY);
  });
});

describe("close({ timeout })", () => {
  test.each<[string, Buffer]>([
    ["that sent nothing", Buffer.alloc(0)],
    ["that sent half a hello", hello.subarray(0, 100)],
    ["that sent its hello and stopped", hello],
  ])("returns at the deadline though there is a client %s, whose socket is gone", async (_name, bytes) => {
    const served = await serveSecure(own);
    const stalled = await connectPlain(served.port);
    stalled.resume();
    if (bytes.length > 0) stalled.write(bytes);
    await until(() => served.listener.counters.pending === 1);
    const began = performance.now();
    await served.server.close({ timeout: 0.2 });
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(150); // it was given its time
    expect(took).toBeLessThan(5000); // handshakeTimeout is 10 s
    await closed(stalled);
    await until(() => served.listener.counters.pending === 0);
    expect(served.server.counters).toMatchObject(NOBODY);
  });

  test("of 0 cuts everything at once", async () => {
    const served = await serveSecure(own);
    const stalled = await Promise.all(Array.from({ length: 10 }, () => connectPlain(served.port)));
    for (const socket of stalled) socket.resume().write(hello);
    await until(() => served.listener.counters.pending === 10);
    await served.server.close({ timeout: 0 });
    await Promise.all(stalled.map(closed));
    await until(() => served.listener.counters.pending === 0);
  });

  test("does not wait for handshakes that have failed", async () => {
    const served = await serveSecure(own);
    const rubbish = await connectPlain(served.port);
    rubbish.write("\0\0\0\0");
    await closed(rubbish);
    expect(await served.server.close({ timeout: 20 })).toEqual({ cut: 0 });
  });

  test("waits for a handshake no longer than the client takes to give up", async () => {
    const served = await serveSecure(own);
    const stalled = await connectPlain(served.port);
    stalled.resume().write(hello);
    await until(() => served.listener.counters.pending === 1);
    const closing = served.server.close({ timeout: 8 });
    stalled.resetAndDestroy();
    const began = performance.now();
    await closing;
    expect(performance.now() - began).toBeLessThan(5000);
    expect(served.listener.counters.pending).toBe(0);
  });
});

test("connections between requests are ended with a goodbye when the server closes", async () => {
  const served = await serveSecure(own);
  const client = await SecureClient.connect(served.port, trusting);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.receive(/\}$/);
  const closing = served.server.close({ timeout: 20 });
  await client.end();
  expect(client.ended).toBe(true);
  expect(client.error).toBeUndefined();
  expect(await closing).toEqual({ cut: 0 });
});

test("a request that is being answered when the server closes is answered whole", async () => {
  const called = deferred();
  const mayAnswer = deferred();
  const slow: Application = async (_environ, startResponse) => {
    called.resolve();
    await mayAnswer.promise;
    startResponse("200 OK", []);
    return ["x".repeat(1_000_000)];
  };
  const served = await serveSecure(own, slow);
  const client = await SecureClient.connect(served.port, trusting);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await called.promise;
  const closing = served.server.close({ timeout: 20 });
  mayAnswer.resolve();
  const answer = answerIn(await client.end());
  expect(answer.header("connection")).toBe("close");
  expect(answer.body).toBe("x".repeat(1_000_000));
  expect(await closing).toEqual({ cut: 0 });
});

test("nothing is left after clients of every kind", async () => {
  const served = await serveSecure({ ...own, handshakeTimeout: 0.3 });
  const silent = await connectPlain(served.port);
  silent.end();
  const stalled = await connectPlain(served.port);
  stalled.resume().write(hello);
  const rubbish = await connectPlain(served.port);
  rubbish.resume().write("\0\0\0\0");
  const plain = await served.connect();
  plain.send("GET / HTTP/1.1\r\n\r\n");
  await plain.end();
  plain.finish();
  await attempt(served.port, trusting);
  await attempt(served.port, {}); // does not trust us
  await until(() => served.listener.counters.pending === 0);
  expect(served.server.counters).toMatchObject(NOBODY);
  expect(await served.server.close({ timeout: 20 })).toEqual({ cut: 0 });
  expect(served.listener.counters.pending).toBe(0);
});

test("a process that has closed its server ends by itself", async () => {
  const files = writeFiles({ "cert.pem": cert, "key.pem": key, "ca.pem": authority.cert });
  const program = join(import.meta.dirname, "fixtures/closing.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program, files["cert.pem"], files["key.pem"]], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const port = Number(line);
  expect((await attempt(port, trusting, GET)).text).toMatch(/\r\n\r\nhello$/);
  const silent = await connectPlain(port);
  const rubbish = await connectPlain(port);
  rubbish.write("\0\0\0\0");
  await closed(rubbish);
  child.stdin.end("close");
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  silent.destroy();
});
