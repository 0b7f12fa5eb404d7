// The access log: its line, its template, who the client is said to be, and what a client cannot write into it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Application, type Environ, listen, type Options, server, type WritableLike } from "../src/index.ts";
import { ask, askNext } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["Hello"];
};

/** The access-log line of one request, made with a template that brackets it. */
async function lineOf(
  bytes: Uint8Array,
  logFormat: string,
  options: Options = {},
  application: Application = hello,
): Promise<string> {
  const served = await serve(application, { logFormat: `<${logFormat}>`, ...options });
  await askNext(await served.connect(), bytes);
  const line = await served.logged(/^</);
  return line.slice(1, -1);
}

test("writes eventlet's line by default", async () => {
  const served = await serve(hello);
  const before = Math.floor(Date.now() / 1000) * 1000;
  const client = await served.connect();
  await askNext(client, request("GET /a%20b?q=1 HTTP/1.1"));
  const line = await served.logged(/"GET/);
  const [, date = "", seconds = ""] =
    /^127\.0\.0\.1 - - \[(\d\d\/[A-Z][a-z]{2}\/\d{4} \d\d:\d\d:\d\d)\] "GET \/a%20b\?q=1 HTTP\/1\.1" 200 5 (\d+\.\d{6})$/.exec(
      line,
    ) ?? [];
  expect(date, line).not.toBe("");
  const time = Date.parse(date.replaceAll("/", " ")); // local time, as eventlet writes it
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
  expect(Number(seconds)).toBeLessThanOrEqual((Date.now() - before) / 1000);
});

test("writes one line for each response, in their order, after every extension was told", async () => {
  const order: string[] = [];
  const served = await serve(
    (environ, startResponse) => {
      startResponse("200 OK", []);
      return {
        *[Symbol.iterator]() {
          yield environ.PATH_INFO;
        },
        close: () => order.push(`close ${environ.PATH_INFO}`),
      };
    },
    {
      log: { info: (line) => order.push(line), debug: () => {} },
      logFormat: "log %(request_line)s",
      extensions: [{ name: "told", onResponded: ({ environ }) => order.push(`told ${environ.PATH_INFO}`) }],
    },
  );
  const client = await served.connect();
  client.send(Buffer.concat([request("GET /1 HTTP/1.1"), request("GET /2 HTTP/1.1")]));
  await client.receive("/2\r\n0\r\n\r\n");
  await served.exchange(1);
  expect(order.filter((line) => /^(close|told|log GET) \/1/.test(line))).toEqual([
    "close /1",
    "told /1",
    "log GET /1 HTTP/1.1",
  ]);
  expect(order.filter((line) => line.startsWith("log"))).toEqual(["log GET /1 HTTP/1.1", "log GET /2 HTTP/1.1"]);
});

test.each([
  ["%(client_ip)s|%(request_line)s|%(status_code)s|%(body_length)s", "127.0.0.1|GET / HTTP/1.1|200|5"],
  ["%(status_code)d %(body_length)d %(status_code).1f", "200 5 200.0"],
  ["%% %(status_code)s%%%(status_code)s", "% 200%200"],
  ["no directive", "no directive"],
])("fills in the template %s", async (logFormat, line) => {
  expect(await lineOf(get(), logFormat)).toBe(line);
});

test.each([
  ["%(wall_seconds).6f", /^\d+\.\d{6}$/],
  ["%(wall_seconds).3f", /^\d+\.\d{3}$/],
  ["%(wall_seconds)f", /^\d+\.\d{6}$/],
  ["%(wall_seconds)d", /^0$/],
  ["%(date_time)s", /^\d\d\/[A-Z][a-z]{2}\/\d{4} \d\d:\d\d:\d\d$/],
])("fills in the template %s with a figure of its kind", async (logFormat, pattern) => {
  expect(await lineOf(get(), logFormat)).toMatch(pattern);
});

test("logs the client's port", async () => {
  const served = await serve(hello, { logFormat: "port %(client_port)s" });
  const client = await served.connect();
  await askNext(client, get());
  expect(await served.logged(/^port/)).toBe(`port ${client.socket.localPort}`);
});

test("counts the seconds from the head to the end of the response", async () => {
  const told = deferred();
  const served = await serve(
    async (_environ, startResponse) => {
      await told.promise;
      startResponse("200 OK", []);
      return [];
    },
    { logFormat: "took %(wall_seconds).6f" },
  );
  const client = await served.connect();
  client.send(get());
  const start = performance.now();
  setTimeout(told.resolve, 30);
  await client.receive("\r\n\r\n");
  const seconds = Number((await served.logged(/^took/)).slice(5));
  expect(seconds).toBeGreaterThanOrEqual(0.025);
  expect(seconds).toBeLessThanOrEqual((performance.now() - start) / 1000 + 0.05);
});

test.each([
  ["HEAD", "HEAD / HTTP/1.1", 200, 0],
  ["GET", "GET / HTTP/1.0", 200, 5],
])("counts the bytes of a body that were sent, for %s", async (method, line, status, length) => {
  const served = await serve(hello, { logFormat: "sent %(status_code)s %(body_length)s" });
  const client = await served.connect();
  await askNext(client, request(line), method);
  expect(await served.logged(/^sent/)).toBe(`sent ${status} ${length}`);
});

test("counts a chunked body without its framing", async () => {
  const served = await serve(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return new Set(["ab", "cde"]);
    },
    { logFormat: "sent %(body_length)s", minimumChunkSize: 0 },
  );
  expect((await askNext(await served.connect(), get())).chunks).toEqual(["ab", "cde"]);
  expect(await served.logged(/^sent/)).toBe("sent 5");
});

test("logs the status of the page that stands for an application's error", async () => {
  const fails: Application = () => {
    throw new Error("no");
  };
  expect(await lineOf(get(), "%(status_code)s %(body_length)s", {}, fails)).toBe("500 0");
});

test("logs a response that broke off, with the bytes that were sent", async () => {
  const breaks: Application = (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", "10"]]);
    return ["Hello"];
  };
  const served = await serve(breaks, { logFormat: "sent %(status_code)s %(body_length)s" });
  await ask(served, get());
  expect(await served.logged(/^sent/)).toBe("sent 200 5");
});

test.each([
  [true, "10.0.0.9,127.0.0.1"],
  [false, "127.0.0.1"],
])("with logXForwardedFor %s names the client %s", async (logXForwardedFor, name) => {
  expect(await lineOf(get("X-Forwarded-For: 10.0.0.9"), "%(client_ip)s", { logXForwardedFor })).toBe(name);
});

test("names all of a repeated X-Forwarded-For, without spaces", async () => {
  const bytes = get("X-Forwarded-For: 10.0.0.9, 10.0.0.8", "x-forwarded-for: 10.0.0.7");
  expect(await lineOf(bytes, "%(client_ip)s")).toBe("10.0.0.9,10.0.0.8,10.0.0.7,127.0.0.1");
});

test("names the peer alone without X-Forwarded-For, or when a field only looks like it", async () => {
  expect(await lineOf(get(), "%(client_ip)s")).toBe("127.0.0.1");
  expect(await lineOf(get("X_Forwarded_For: 10.0.0.9"), "%(client_ip)s")).toBe("127.0.0.1");
});

test("takes nothing of an X-Forwarded-For that is empty", async () => {
  expect(await lineOf(get("X-Forwarded-For:"), "%(client_ip)s")).toBe("127.0.0.1");
  expect(await lineOf(get("X-Forwarded-For: ", "X-Forwarded-For: 10.0.0.9"), "%(client_ip)s")).toBe(
    "10.0.0.9,127.0.0.1",
  );
});

test("names the peer of the socket, whatever an application wrote into its environ", async () => {
  const trusting: Application = (environ, startResponse) => {
    environ.REMOTE_ADDR = "10.0.0.9";
    environ.REMOTE_PORT = "1";
    environ["HTTP_X_FORWARDED_FOR"] = "10.0.0.8";
    return hello(environ, startResponse);
  };
  const served = await serve(trusting, { logFormat: "from %(client_ip)s %(client_port)s" });
  const client = await served.connect();
  await askNext(client, get());
  expect(await served.logged(/^from/)).toBe(`from 127.0.0.1 ${client.socket.localPort}`);
});

test("names a peer on a unix socket unix", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wsgi-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "app.sock");
  const log: string[] = [];
  const environs: Environ[] = [];
  const application: Application = (environ, startResponse) => {
    environs.push(environ);
    return hello(environ, startResponse);
  };
  const running = server(listen(`unix:${path}`), application, {
    log: { info: (line) => log.push(line), debug: (line) => log.push(line) },
    logFormat: "from '%(client_ip)s' '%(client_port)s'",
  });
  await running.ready;
  const client = await Client.connect(path);
  await askNext(client, get());
  client.leave();
  await running.close();
  expect(log).toContain(`(${process.pid}) wsgi starting up on http:${path}`);
  expect(log).toContain(`(${process.pid}) accepted ('unix', '')`);
  expect(log).toContain("from 'unix' ''");
  expect(environs[0]).toMatchObject({ REMOTE_ADDR: "unix", REMOTE_PORT: "" });
});

test.each([
  ["a quote", 'X-Forwarded-For: 1" 200 "', '1\\"200\\",127.0.0.1'],
  ["a backslash", "X-Forwarded-For: 1\\", "1\\\\,127.0.0.1"],
  ["a tab", "X-Forwarded-For: 1\t2", "1\\x092,127.0.0.1"],
  ["obs-text", "X-Forwarded-For: \xe9\x85", "\\xe9\\x85,127.0.0.1"],
])("escapes %s that a client put into a field", async (_name, field, shown) => {
  expect(await lineOf(get(field), "%(client_ip)s")).toBe(shown);
});

test("shows what was refused on one line of printable characters", async () => {
  const served = await serve(hello);
  await ask(served, 'GET /"\x1b[31m\xe9 HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await served.logged(/refused .*with 400/)).toMatch(/^[\x20-\x7e]+$/);
});

test("goes to a log of its own when it has one", async () => {
  const lines: string[] = [];
  const served = await serve(hello, { accessLog: { write: (text: string) => void lines.push(text) } });
  const client = await served.connect();
  await askNext(client, get());
  await served.exchange();
  client.leave();
  await served.server.close();
  expect(lines).toEqual([expect.stringMatching(/"GET \/ HTTP\/1\.1" 200 5 .*\n$/)]);
  expect(served.log.join("\n")).not.toContain('"GET');
  expect(served.log.join("\n")).toContain("wsgi exited");
});

test("is not there when accessLog is false, and the rest of the log is", async () => {
  const served = await serve(hello, { accessLog: false });
  const client = await served.connect();
  await askNext(client, get());
  await served.exchange();
  client.leave();
  await served.server.close();
  expect(served.log.join("\n")).not.toContain('"GET');
  expect(served.log.join("\n")).toContain("wsgi exited, 1 requests served");
});

describe("the lines of one turn come", () => {
  const three = Buffer.concat([get(), get(), get()]);

  async function calls(log: (calls: string[]) => WritableLike): Promise<string[]> {
    const found: string[] = [];
    const served = await serve(hello, { accessLog: log(found), logFormat: "%(status_code)s" });
    const client = await served.connect();
    client.send(three);
    await client.receive(/(Hello.*){3}/s);
    client.leave();
    await served.server.close();
    return found;
  }

  test("one by one to what has write", async () => {
    expect(await calls((found) => ({ write: (text) => found.push(text) }))).toEqual(["200\n", "200\n", "200\n"]);
  });

  test("together to what has writeLines", async () => {
    const log = (found: string[]): WritableLike => ({
      write: () => found.push("not called"),
      writeLines: (lines) => found.push(lines),
    });
    expect(await calls(log)).toEqual(["200\n200\n200\n"]);
  });

  test("together to a stream", async () => {
    const log = (found: string[]): WritableLike =>
      new Writable({ write: (chunk, _encoding, done) => void done(void found.push(String(chunk))) });
    expect(await calls(log)).toEqual(["200\n200\n200\n"]);
  });
});
