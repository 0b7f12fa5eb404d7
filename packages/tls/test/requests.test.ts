// HTTP/1.1 over TLS: what the core promises holds on a secure connection too.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Application } from "../../core/src/index.ts";
import { answerIn, answersIn } from "../../core/test/support/answers.ts";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, SecureClient } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
const own = { cert, key };
const trusting = { ca: authority.cert };

const echoing: Application = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`${environ.REQUEST_METHOD} ${environ.PATH_INFO} `, body];
};

test("answers pipelined requests in their order", async () => {
  const served = await serveSecure(own, echoing);
  const paths = Array.from({ length: 50 }, (_none, index) => `/${index}`);
  const client = await SecureClient.connect(served.port, trusting);
  client.send(paths.map((path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`).join(""));
  client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const bodies = answersIn(await client.end()).map(({ body }) => body);
  expect(bodies).toEqual([...paths.map((path) => `POST ${path} hello`), "GET /last "]);
});

test("keeps a connection for many requests", async () => {
  const served = await serveSecure(own, echoing);
  const client = await SecureClient.connect(served.port, trusting);
  for (let count = 1; count <= 20; count++) {
    client.send(`GET /${count} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.receive(`GET /${count} `);
  }
  expect(served.server.counters).toMatchObject({ accepted: 1, connections: 1 });
  expect(served.listener.counters.completed).toBe(1);
});

test("takes requests a byte at a time, each in a record of its own", async () => {
  const served = await serveSecure(own, echoing);
  const client = await SecureClient.connect(served.port, trusting);
  for (const byte of "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
    client.send(byte);
  expect(answerIn(await client.end()).body).toBe("POST /x abc");
});

test("answers HEAD without a body", async () => {
  const served = await serveSecure(own, (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", "5"]]);
    return ["hello"];
  });
  const { text } = await attempt(served.port, trusting, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 5\r\n[\s\S]*\r\n\r\n$/);
});

test("gives the application the body of a POST, as in the first SSL test of eventlet", async () => {
  const served = await serveSecure(own, async (environ, startResponse) => {
    startResponse("200 OK", []);
    return [await environ["wsgi.input"].read()];
  });
  const request = "POST /foo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-length:3\r\n\r\nabc";
  expect(answerIn((await attempt(served.port, trusting, request)).text).body).toBe("abc");
});

test("ends cleanly when the application returns nothing, as in eventlet's empty_return", async () => {
  const served = await serveSecure(own, (_environ, startResponse) => {
    startResponse("200 OK", []);
    return [""];
  });
  const request = "GET /foo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const { text, error } = await attempt(served.port, trusting, request);
  expect(error).toBeUndefined();
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
});

describe("100-continue", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";

  test("is sent when the application reads", async () => {
    const served = await serveSecure(own, echoing);
    const client = await SecureClient.connect(served.port, trusting);
    client.send(head);
    expect(await client.receive("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    expect(answersIn(await client.end()).map(({ status, body }) => [status, body])).toEqual([
      [100, ""],
      [200, "POST / hello"],
    ]);
  });

  test.skipIf(!hasCurl)("lets curl send its body", async () => {
    const served = await serveSecure(own, echoing);
    const { ca, upload } = writeFiles({ ca: authority.cert, upload: "x".repeat(2_000_000) });
    const url = `https://127.0.0.1:${served.port}/u`;
    const { code, stdout, stderr } = await curl("-v", "--cacert", ca, "-H", "Expect: 100-continue", "-T", upload, url);
    expect(code).toBe(0);
    expect(stderr).toContain("< HTTP/1.1 100 Continue");
    expect(stdout).toBe(`PUT /u ${"x".repeat(2_000_000)}`);
  });
});

test("closes the body of a response when the client leaves in the middle", async () => {
  let close!: () => void;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const served = await serveSecure(own, (_environ, startResponse) => {
    startResponse("200 OK", []);
    return (async function* () {
      try {
        for (;;) yield "x".repeat(10_000);
      } finally {
        close();
      }
    })();
  });
  const client = await SecureClient.connect(served.port, trusting);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.receive("xxx");
  client.socket.destroy();
  await closed;
  expect(await served.exchange()).toMatchObject({ completed: false, disconnectPhase: "response-body" });
});

describe("a socket that the application took over", () => {
  const upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const upgrading: Application = (environ, startResponse) => {
    startResponse("101 Switching Protocols", [
      ["Connection", "Upgrade"],
      ["Upgrade", "echo"],
    ]);
    const socket = environ["wsgi.input"].getSocket();
    socket.on("data", (bytes) => socket.write(`<${bytes}>`));
    socket.on("end", () => socket.end("bye"));
    return [];
  };

  test("is an ordinary secure stream, and has what came with the request", async () => {
    const served = await serveSecure(own, upgrading);
    const client = await SecureClient.connect(served.port, trusting);
    client.send(`${upgrade}early`);
    await client.receive("<early>");
    client.send("one");
    await client.receive("<one>");
    client.send("two");
    await client.receive("<two>");
    client.socket.end();
    expect(await client.end()).toMatch(/\r\n\r\n<early><one><two>bye$/);
  });

  test("carries large data without mixing it with that of others", async () => {
    const served = await serveSecure(own, (environ, startResponse) => {
      startResponse("101 Switching Protocols", [["Upgrade", "echo"]]);
      const socket = environ["wsgi.input"].getSocket();
      const kept: Buffer[] = []; // as they came: they must not change any more
      socket.on("data", (bytes) => kept.push(bytes));
      socket.on("end", () => socket.end(Buffer.concat(kept)));
      return [];
    });
    const sent = Array.from({ length: 8 }, () => randomBytes(300_000));
    const clients = await Promise.all(sent.map(() => SecureClient.connect(served.port, trusting)));
    for (const client of clients) client.send(upgrade);
    await Promise.all(clients.map((client) => client.receive("\r\n\r\n")));
    for (const [index, client] of clients.entries()) client.socket.end(sent[index] as Buffer);
    const texts = await Promise.all(clients.map((client) => client.end()));
    const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    const echoed = texts.map((text) => Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1"));
    expect(echoed.map(hash)).toEqual(sent.map(hash));
  });
});
