// What a server does beside reading requests, on the runtime that is examined: pace, ends, files, sockets. Run by
// `test:matrix`. Each test stands for a promise of the documentation; docs/runtimes.md lists those that a runtime breaks.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import type { Options } from "../../src/index.ts";
import { answerIn, answersIn } from "../support/answers.ts";
import { Client } from "../support/client.ts";
import { Remote } from "./remote.ts";

let remote: Remote;
let shared: { index: number; port: number };

beforeAll(async () => {
  remote = await Remote.start(inject("runtime"));
  shared = await remote.serve("behave", {});
}, 30_000);
afterAll(() => remote?.stop());

const requestTo = (path: string, ...fields: string[]): string =>
  [`GET ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");

async function serving(options: Options): Promise<{ index: number; port: number }> {
  return await remote.serve("behave", options);
}

test("answers fetch, many at a time", async () => {
  const url = `http://127.0.0.1:${shared.port}/hello`;
  const texts = await Promise.all(Array.from({ length: 50 }, async () => (await fetch(url)).text()));
  expect(new Set(texts)).toEqual(new Set(["Hello, World!"]));
});

test("sends 16 MiB whole", async () => {
  const bytes = Buffer.from(await (await fetch(`http://127.0.0.1:${shared.port}/large`)).arrayBuffer());
  expect(bytes.length).toBe(16 * 1024 * 1024);
  expect(bytes.equals(Buffer.alloc(bytes.length, "0123456789abcdef"))).toBe(true);
});

test("receives 16 MiB whole", async () => {
  const body = Buffer.alloc(16 * 1024 * 1024, "fedcba9876543210!");
  const response = await fetch(`http://127.0.0.1:${shared.port}/upload`, { method: "POST", body });
  expect(await response.text()).toBe(createHash("sha1").update(body).digest("hex"));
});

test("takes from an application no more than a client reads", async () => {
  const socket = net.connect(shared.port, "127.0.0.1");
  socket.write(requestTo("/endless"));
  await once(socket, "connect");
  await new Promise((resolve) => socket.once("readable", resolve)); // the answer is there, and is not read
  await fetch(`http://127.0.0.1:${shared.port}/large`).then((response) => response.arrayBuffer()); // time for more
  socket.destroy();
  const { value } = await remote.event(({ event }) => event === "endless ended");
  // 256 MiB are to be had; the buffers of the system take a few.
  expect(value).toBeLessThan(512);
});

test("tells an application that its client has left", async () => {
  const socket = net.connect(shared.port, "127.0.0.1");
  socket.write(requestTo("/wait"));
  await remote.event(({ event }) => event === "waits");
  socket.destroy();
  await remote.event(({ event }) => event === "left");
});

test("answers a client that has closed its sending side", async () => {
  const client = await Client.connect(shared.port);
  client.send(requestTo("/later"));
  client.finish();
  expect(answerIn(await client.end()).body).toBe("late");
});

test("breaks off a body that is shorter than its Content-Length", async () => {
  const client = await Client.connect(shared.port);
  client.send(requestTo("/short"));
  const text = await client.end();
  if (text !== "") expect(answerIn(text)).toMatchObject({ body: "short", complete: false });
});

test("breaks off a chunked body whose application failed", async () => {
  const client = await Client.connect(shared.port);
  client.send(requestTo("/breaks"));
  expect(answerIn(await client.end())).toMatchObject({ body: "some", complete: false });
});

test("breaks off with a reset a body that only the end of the connection delimits", async () => {
  const client = await Client.connect(shared.port);
  client.send("GET /breaks HTTP/1.0\r\n\r\n");
  await client.end();
  expect(client.error).toMatchObject({ code: "ECONNRESET" });
});

test("breaks off connections of a unix socket, and serves on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wsgi-runtime-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "s");
  const { index } = await remote.serve("behave", {}, `unix:${path}`);
  const client = await Client.connect(path);
  client.send(requestTo("/breaks"));
  expect(answerIn(await client.end())).toMatchObject({ body: "some", complete: false });
  const next = await Client.connect(path);
  next.send(requestTo("/hello", "Connection: close"));
  expect(answerIn(await next.end()).body).toBe("Hello, World!");
  next.finish();
  await remote.ask("close", index);
});

test("sends early hints", async () => {
  const client = await Client.connect(shared.port);
  client.send(requestTo("/hints", "Connection: close"));
  const [hints, answer] = answersIn(await client.end());
  expect(hints).toMatchObject({ status: 103 });
  expect(answer).toMatchObject({ status: 200, body: "hinted" });
});

test("hands a connection over after a 101", async () => {
  const client = await Client.connect(shared.port);
  client.send(`${requestTo("/upgrade", "Connection: Upgrade", "Upgrade: echo")}early`);
  const switched = await client.receive(/<early>/);
  expect(switched).toMatch(/^HTTP\/1\.1 101 /);
  client.send("late");
  await client.receive(/<late>/);
  client.finish();
  await client.end();
});

test("serves a file", async () => {
  const text = await (await fetch(`http://127.0.0.1:${shared.port}/file`)).text();
  expect(text).toBe(readFileSync(join(import.meta.dirname, "server-program.ts"), "utf8"));
});

test("knows both ends of a connection", async () => {
  const client = await Client.connect(shared.port);
  client.send(requestTo("/peer", "Connection: close"));
  const { body } = answerIn(await client.end());
  expect(JSON.parse(body)).toMatchObject({ REMOTE_ADDR: "127.0.0.1", SERVER_PORT: String(shared.port) });
});

test("listens on a unix socket", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wsgi-runtime-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "s");
  const { index } = await remote.serve("behave", {}, `unix:${path}`);
  const socket = net.connect(path);
  socket.write(requestTo("/hello", "Connection: close"));
  let text = "";
  for await (const piece of socket) text += piece;
  expect(answerIn(text).body).toBe("Hello, World!");
  await remote.ask("close", index);
});

test("listens on IPv6", async () => {
  const { port, index } = await remote.serve("behave", {}, "[::1]:0");
  expect(await (await fetch(`http://[::1]:${port}/hello`)).text()).toBe("Hello, World!");
  await remote.ask("close", index);
});

test("says that an address is in use", async () => {
  await expect(remote.serve("behave", {}, `127.0.0.1:${shared.port}`)).rejects.toThrow(
    /something else listens there already/,
  );
});

test("closes connections that are idle for too long", async () => {
  const { port } = await serving({ keepalive: 0.2 });
  const client = await Client.connect(port);
  client.send(requestTo("/hello"));
  expect(answerIn(await client.end()).body).toBe("Hello, World!");
});

test("answers 408 to a head that does not come", async () => {
  const { port } = await serving({ headTimeout: 0.2 });
  const client = await Client.connect(port);
  client.send("GET / HTTP/1.1\r\n");
  expect(answerIn(await client.end()).status).toBe(408);
});

test("lets what is going on finish when it closes, and then listens no longer", async () => {
  const { port, index } = await serving({});
  const before = remote.events.length;
  const client = await Client.connect(port);
  client.send(requestTo("/later"));
  client.finish();
  await remote.event((one) => one.event === "began" && remote.events.indexOf(one) >= before);
  const closed = remote.ask("close", index);
  expect(answerIn(await client.end())).toMatchObject({ status: 200, body: "late" });
  await closed;
  const refused = net.connect(port, "127.0.0.1");
  expect(await once(refused, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);
});

test("logs each response", async () => {
  await fetch(`http://127.0.0.1:${shared.port}/hello?logged`);
  await remote.event(
    ({ event, value }) => event === "log" && /"GET \/hello\?logged HTTP\/1\.1" 200 /.test(String(value)),
  );
});
