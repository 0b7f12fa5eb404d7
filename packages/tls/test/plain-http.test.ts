// Plain HTTP on a secure port: an answer that says so, received completely, then the end of the connection.

import { describe, expect, test } from "vitest";
import { answerIn } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { until } from "../../core/test/support/until.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";

const MIB = 1024 * 1024;
const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const SAYS_SO = /speaks HTTPS.*plain HTTP.*https:\/\//;

test.each<[name: string, request: string, method?: string]>([
  ["GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD"],
  ["DELETE", "DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
  ["a lower-case method", "get / http/1.1\r\n\r\n"],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
  ["a POST with a body of 1 MiB", `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MIB}\r\n\r\n${"x".repeat(MIB)}`],
  ["a single letter", "G"],
])("%s is answered with a readable 400", async (_name, request, method = "GET") => {
  const served = await serveSecure(own);
  const client = await served.connect();
  client.send(request);
  const answer = answerIn(await client.end(), method);
  expect(answer.statusLine).toBe("HTTP/1.1 400 Bad Request");
  expect(answer.header("connection")).toBe("close");
  expect(answer.header("content-type")).toBe("text/plain; charset=utf-8");
  expect(answer.complete).toBe(true);
  if (method === "HEAD") expect(answer.body).toBe("");
  else expect(answer.body).toMatch(SAYS_SO);
  expect(client.error).toBeUndefined();
  client.finish();
  await until(() => served.listener.counters.pending === 0);
  expect(await served.logged(/TLS handshake/)).toMatch(
    /^\(\d+\) TLS handshake with 127\.0\.0\.1:\d+ failed: .*spoke plain HTTP on a secure port$/,
  );
  expect(served.listener.counters).toEqual({
    pending: 0,
    completed: 0,
    resumed: 0,
    failed: 0,
    timedOut: 0,
    plainHttp: 1,
    silent: 0,
  });
  expect(served.exchanges).toEqual([]);
  expect(served.server.counters.accepted).toBe(0);
});

test("a client that sends a byte at a time gets the same answer", async () => {
  const served = await serveSecure(own);
  const client = await served.connect();
  for (const byte of "GET / HTTP/1.1\r\nHost: a\r\n\r\n") client.send(byte);
  expect(answerIn(await client.end()).body).toMatch(SAYS_SO);
});

test("a body that is sent on while the answer is read costs nobody the answer", async () => {
  const served = await serveSecure(own);
  const client = await served.connect();
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${8 * MIB}\r\n\r\n`);
  await client.receive("\r\n\r\n");
  await client.sendAll(Buffer.alloc(8 * MIB));
  expect(answerIn(await client.end()).body).toMatch(SAYS_SO);
  expect(client.error).toBeUndefined();
});

test("a client that takes the answer and stays is closed after a while, though it sends on", async () => {
  const served = await serveSecure(own);
  const client = await served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n");
  const more = (): void => {
    client.socket.write("x", (error) => void (error ? undefined : setImmediate(more)));
  };
  await client.end();
  more();
  await until(() => client.closed);
  await until(() => served.listener.counters.pending === 0);
});

test("a secure client is served meanwhile", async () => {
  const served = await serveSecure(own);
  const plain = await served.connect();
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const { text } = await attempt(served.port, { ca: authority.cert });
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answerIn(await plain.end()).status).toBe(400);
});

describe.skipIf(!hasCurl)("curl shows the answer", () => {
  test.each<[string, (upload: string) => string[]]>([
    ["to a GET", () => []],
    ["to a HEAD", () => ["--head"]],
    ["to a DELETE", () => ["-X", "DELETE"]],
    ["to a POST of 1 MiB", (upload) => ["--data-binary", `@${upload}`]],
    [
      "to a POST of 1 MiB that waits for 100 Continue",
      (upload) => ["--data-binary", `@${upload}`, "-H", "Expect: 100-continue"],
    ],
    ["to HTTP/1.0", () => ["--http1.0"]],
  ])("%s", async (name, flags) => {
    const served = await serveSecure(own);
    const { upload } = writeFiles({ upload: "x".repeat(MIB) });
    const result = await curl("-i", ...flags(upload), `http://127.0.0.1:${served.port}/`);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    if (name !== "to a HEAD") expect(result.stdout).toMatch(SAYS_SO);
    expect(served.listener.counters.plainHttp).toBe(1);
  });
});

test("the HTTP of a client that left before the answer harms nobody", async () => {
  const served = await serveSecure(own);
  const client = await Client.connect(served.port);
  await client.sendAll("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.reset();
  const { text } = await attempt(served.port, { ca: authority.cert });
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await until(() => served.listener.counters.pending === 0);
});
