// An application in node:http, Express, Connect and Fastify: what it is given, and what the client gets.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { type Application, type Environ, type GatewayOptions, UsageError } from "@wsgi/core";
import connect from "connect";
import express from "express";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { toNodeListener } from "../src/index.ts";
import { listening } from "./support/both.ts";

const TEXT: [string, string][] = [["Content-Type", "text/plain"]];

/** The application in node:http; its log is kept. */
async function serve(
  application: Application,
  options: GatewayOptions = {},
): Promise<{ port: number; url: string; log: string[] }> {
  const log: string[] = [];
  const record = (line: string): void => void log.push(line);
  const listener = toNodeListener(application, { log: { info: record, debug: record }, ...options });
  const port = await listening(http.createServer(listener).on("upgrade", listener.upgrade));
  return { port, url: `http://127.0.0.1:${port}`, log };
}

/** Answers with what of the environ names where it is. */
const places: Application = ({ SCRIPT_NAME, PATH_INFO, RAW_PATH_INFO, QUERY_STRING }, startResponse) => {
  startResponse("200 OK", TEXT);
  return JSON.stringify([SCRIPT_NAME, PATH_INFO, RAW_PATH_INFO, QUERY_STRING ?? null]);
};

test("gives the environ of the project's own server", async () => {
  let seen!: Environ;
  const { url, port } = await serve(async (environ, startResponse) => {
    seen = environ;
    const body = await environ["wsgi.input"].read();
    startResponse("201 Made Up", [...TEXT, ["Set-Cookie", "a=1"], ["set-cookie", "b=2"]]);
    return [`got ${body}`];
  });
  const response = await fetch(`${url}/a%20b/%C3%A9?q=1`, {
    method: "POST",
    body: "Hello",
    headers: { "X-Name": "value", X_Name: "forged", "Content-Type": "text/x" },
  });
  expect([response.status, response.statusText, await response.text()]).toEqual([201, "Made Up", "got Hello"]);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(response.headers.get("content-length")).toBe("9");
  expect(seen).toMatchObject({
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "",
    PATH_INFO: "/a b/é",
    RAW_PATH_INFO: "/a%20b/%C3%A9",
    QUERY_STRING: "q=1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: "127.0.0.1",
    SERVER_PORT: String(port),
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_TYPE: "text/x",
    CONTENT_LENGTH: "5",
    HTTP_HOST: `127.0.0.1:${port}`,
    HTTP_X_NAME: "value",
    "wsgi.url_scheme": "http",
  });
  expect(seen.headers_raw).toContainEqual(["X_Name", "forged"]);
});

test("is mounted where Express and Connect say", async () => {
  const inExpress = express().use("/wsgi", toNodeListener(places));
  const inConnect = connect().use("/wsgi", toNodeListener(places));
  for (const app of [inExpress, inConnect]) {
    const port = await listening(http.createServer(app));
    const get = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json();
    expect(await get("/wsgi/a%20b?q=1")).toEqual(["/wsgi", "/a b", "/wsgi/a%20b", "q=1"]);
    expect(await get("/wsgi")).toEqual(["/wsgi", "", "/wsgi", null]);
    expect(await get("/wsgi/")).toEqual(["/wsgi", "/", "/wsgi/", null]);
  }
});

test("runs in Fastify", async () => {
  const app = fastify();
  const listener = toNodeListener(places);
  app.all("/wsgi/*", (request, reply) => {
    reply.hijack();
    listener(request.raw, reply.raw);
  });
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await (await fetch(`${url}/wsgi/x`)).json()).toEqual(["", "/wsgi/x", "/wsgi/x", null]);
});

test("streams both ways at the pace of the other side", async () => {
  const { port } = await serve(async (environ, startResponse) => {
    startResponse("200 OK", []);
    const input = environ["wsgi.input"];
    return (async function* () {
      for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) yield piece;
    })();
  });
  const request = http.request({ port, host: "127.0.0.1", method: "POST", agent: false });
  const piece = Buffer.alloc(1_000_000, "x");
  let sent = 0;
  while (request.write(piece) || request.writableLength < 30_000_000) sent++;
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(request.writableLength).toBeGreaterThan(0); // nobody reads the answer yet
  let length = 0;
  response.on("data", (bytes) => {
    length += bytes.length;
  });
  request.end();
  await once(response, "end");
  expect(length).toBe((sent + 1) * piece.length);
});

test("takes write(), breaks off what fails, and answers 500 before", async () => {
  const { url, log } = await serve(async (environ, startResponse) => {
    if (environ.PATH_INFO === "/early") throw new Error("early");
    const write = startResponse("200 OK", TEXT);
    await write("begun");
    if (environ.PATH_INFO === "/late") throw new Error("late");
    return [" and done"];
  });
  expect(await (await fetch(url)).text()).toBe("begun and done");
  expect((await fetch(`${url}/early`)).status).toBe(500);
  const late = await fetch(`${url}/late`);
  await expect(late.text()).rejects.toThrow();
  expect(log.join("\n")).toMatch(/the application failed: Error: early[\s\S]*the application failed: Error: late/);
});

test("sends a head before there is a body, and none of a body to HEAD", async () => {
  let go!: () => void;
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { url } = await serve(async (environ, startResponse) => {
    const write = startResponse("200 OK", TEXT);
    if (environ.REQUEST_METHOD === "HEAD") return ["Hello"];
    await write("");
    await wait;
    return ["late"];
  });
  const response = await fetch(url);
  go();
  expect(await response.text()).toBe("late");
  const head = await fetch(url, { method: "HEAD" });
  expect([head.headers.get("content-length"), await head.text()]).toEqual(["5", ""]);
});

test("tells an application that its client has left, and closes its body", async () => {
  let closed!: (reason: unknown) => void;
  const end = new Promise((resolve) => {
    closed = resolve;
  });
  const { port, log } = await serve((environ, startResponse) => {
    startResponse("200 OK", TEXT);
    const signal = environ["wsgi.signal"];
    return {
      async *[Symbol.asyncIterator]() {
        yield "begun";
        await new Promise(() => {});
      },
      close: () => closed(signal.reason),
    };
  });
  const request = http.get({ port, host: "127.0.0.1", agent: false });
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.once("data", () => request.destroy()).on("error", () => {});
  expect(await end).toMatchObject({ code: "CLIENT_DISCONNECTED" });
  expect(log).toEqual([]);
});

test("rejects a read when the client leaves inside the body", async () => {
  let failed!: (error: unknown) => void;
  const failure = new Promise((resolve) => {
    failed = resolve;
  });
  const { port } = await serve(async (environ) => {
    await environ["wsgi.input"].read().catch(failed);
    return [];
  });
  const client = net.connect(port, "127.0.0.1");
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nHello", () => client.destroy());
  expect(await failure).toMatchObject({ code: "CLIENT_DISCONNECTED" });
});

test("keeps the connection when a body was not read to its end", async () => {
  const { port } = await serve(async (environ, startResponse) => {
    await environ["wsgi.input"].read1(1);
    startResponse("200 OK", TEXT);
    return ["fine"];
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let n = 0; n < 3; n++) {
    const request = http.request({ port, host: "127.0.0.1", method: "POST", agent });
    request.end("x".repeat(300_000));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    response.resume();
    await once(response, "end");
    expect(request.reusedSocket).toBe(n > 0);
  }
});

test("sends early hints, and 100 Continue when the body is read", async () => {
  const { port } = await serve(async (environ, startResponse) => {
    environ["wsgi.early_hints"]?.([
      ["Link", "</a>; rel=preload"],
      ["Link", "</b>; rel=preload"],
    ]);
    const body = await environ["wsgi.input"].read();
    startResponse("200 OK", TEXT);
    return [body];
  });
  const request = http.request({ port, host: "127.0.0.1", method: "POST", headers: { Expect: "100-continue" } });
  const hints: unknown[] = [];
  request.on("information", ({ statusCode, headers }) => hints.push(statusCode, headers["link"]));
  request.flushHeaders();
  await once(request, "continue");
  request.end("Hello");
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(String(Buffer.concat(await response.toArray()))).toBe("Hello");
  expect(hints.slice(-2)).toEqual([103, "</a>; rel=preload, </b>; rel=preload"]);
});

test("lets the application take the connection over, or answer as always", async () => {
  const { port } = await serve((environ, startResponse) => {
    if (environ.PATH_INFO !== "/shout") {
      startResponse("403 Forbidden", TEXT);
      return ["no"];
    }
    startResponse("101 Switching Protocols", [
      ["Connection", "upgrade"],
      ["Upgrade", "shout"],
    ]);
    const socket = environ["wsgi.input"].getSocket();
    socket.on("data", (bytes) => socket.write(String(bytes).toUpperCase()));
    return [];
  });
  const ask = async (path: string, until: RegExp): Promise<string> => {
    const client = net.connect(port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nearly`);
    let received = "";
    for await (const bytes of client) {
      received += bytes;
      if (until.test(received)) break;
    }
    return received;
  };
  expect(await ask("/shout", /EARLY$/)).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nEARLY$/);
  expect(await ask("/else", /never/)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nno$/);
});

test("refuses what is no application, and options of a server of its own", () => {
  expect(() => toNodeListener(5 as never)).toThrow(UsageError);
  expect(() => toNodeListener(places, { keepalive: 5 } as never)).toThrow(/keepalive is for server\(\)/);
});
