// What a request may be, over a real socket: the limits and their statuses, where a body ends, and what becomes of a
// body that nobody reads.

import { describe, expect, test } from "vitest";
import {
  type Application,
  ClientDisconnected,
  type Options,
  PROTOCOL_ERRORS,
  ProtocolError,
  type ProtocolErrorCode,
} from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import { type Served, serve } from "./support/serve.ts";
import { bytesOf, chunkedRaw, get, lines, post, request } from "./wire/wire.ts";

/** Answers with the path and what it read. */
const echo: Application = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", []);
  return [`${environ.PATH_INFO}=${body}`];
};

/** Answers with the path, without a look at the body. */
const ignore: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.PATH_INFO];
};

const padded = (line: string, length: number): string => line.padEnd(length, "x");

/** Expects one error response and nothing else, though another request follows; no application was called. */
async function expectRefused(served: Served, bytes: Uint8Array, status: number): Promise<void> {
  const answer = await ask(served, Buffer.concat([bytes, request("GET /follower HTTP/1.1")]));
  expect(answer.status).toBe(status);
  expect(answer.header("connection")).toBe("close");
  expect(answer.header("content-type")).toBe("text/plain");
  expect(answer.header("date")).toBeDefined();
  expect(answer.body).not.toBe("");
  expect(answer.complete).toBe(true);
  expect(served.exchanges).toEqual([]);
}

/** Expects the request and the one after it to be served. */
async function expectServed(served: Served, bytes: Uint8Array, body?: string): Promise<void> {
  const client = await served.connect();
  const answer = await askNext(client, bytes);
  expect(answer.status).toBe(200);
  if (body !== undefined) expect(answer.body).toBe(body);
  expect((await askNext(client, request("GET /follower HTTP/1.1"))).body).toMatch(/^\/follower/);
}

describe("the limits of a head", () => {
  const target = (length: number): string => padded("/", length - "GET  HTTP/1.1".length);
  const fields = (count: number): string[] => Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1`);
  // What is counted: the request line's CRLF, then each line with its CRLF, but for the last one.
  const headOf = (length: number): Uint8Array => {
    const names = Array.from({ length: 20 }, (_, i) => `X-${i}: `);
    const start = lines("GET / HTTP/1.1", "Host: a").length + names.join("").length + 2 * (names.length - 1);
    const each = Math.floor((length - start) / names.length);
    const rest = length - start - each * names.length;
    return get(...names.map((name, i) => name + "x".repeat(each + (i === 0 ? rest : 0))));
  };

  const rows: [name: string, within: Uint8Array, beyond: Uint8Array, status: number, options?: Options][] = [
    [
      "a request line of 8192 bytes",
      request(`GET ${target(8192)} HTTP/1.1`),
      request(`GET ${target(8193)} HTTP/1.1`),
      414,
    ],
    [
      "a request line of urlLengthLimit bytes",
      request(`GET ${target(60)} HTTP/1.1`),
      request(`GET ${target(61)} HTTP/1.1`),
      414,
      { urlLengthLimit: 60 },
    ],
    ["a header line of 8192 bytes", get(padded("X: ", 8192)), get(padded("X: ", 8193)), 431],
    ["a header line of maxFieldBytes", get(padded("X: ", 60)), get(padded("X: ", 61)), 431, { maxFieldBytes: 60 }],
    ["a head of 65536 bytes", headOf(65536), headOf(65537), 431],
    ["a head of maxHeadBytes", headOf(600), headOf(601), 431, { maxHeadBytes: 600 }],
    ["100 headers", get(...fields(100)), get(...fields(101)), 431],
    ["maxFieldCount headers", get(...fields(3)), get(...fields(4)), 431, { maxFieldCount: 3 }],
  ];

  test.each(rows)("accept %s", async (_name, within, _beyond, _status, options) => {
    await expectServed(await serve(ignore, options), within);
  });

  test.each(rows)("refuse one more than %s", async (_name, _within, beyond, status, options) => {
    await expectRefused(await serve(ignore, options), beyond, status);
  });

  test("refuse a request line that never ends", async () => {
    const served = await serve(ignore);
    const client = await served.connect();
    client.send(`GET /${"x".repeat(9000)}`);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 414 /);
  });
});

describe("the end of a body", () => {
  test.each(["abc", "-1", "+1", "1.5", "0x5", "", "5 5", "99999999999999999999"])(
    "is not found with Content-Length: %s",
    async (length) => {
      await expectRefused(await serve(ignore), post([`Content-Length: ${length}`], "Hello"), 400);
    },
  );

  test("is not found with a second Content-Length", async () => {
    await expectRefused(await serve(ignore), post(["Content-Length: 5", "Content-Length: 5"], "Hello"), 400);
  });

  test("is not found with both Content-Length and Transfer-Encoding", async () => {
    const bytes = post(["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n");
    await expectRefused(await serve(ignore), bytes, 400);
  });

  test("is not found with a transfer coding that is not known", async () => {
    await expectRefused(await serve(ignore), post(["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"), 501);
  });

  test("is not found with a Transfer-Encoding on HTTP/1.0", async () => {
    const bytes = request("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Connection: keep-alive");
    await expectRefused(await serve(ignore), bytes, 400);
  });

  test("is the end of the head without either", async () => {
    await expectServed(await serve(echo), post([]), "/=");
  });

  test("is where Content-Length says", async () => {
    await expectServed(await serve(echo), post(["Content-Length: 5"], "Hello"), "/=Hello");
  });

  test("is after the chunk of size 0", async () => {
    await expectServed(await serve(echo), chunkedRaw("2\r\nHe\r\n003\r\nllo\r\n0\r\n\r\n"), "/=Hello");
  });

  test("ignores the extensions of chunks", async () => {
    const body = '2;a=b\r\nHe\r\n3 ; c="d;e"\r\nllo\r\n0;last\r\n\r\n';
    await expectServed(await serve(echo), chunkedRaw(body), "/=Hello");
  });

  test("consumes the trailers and offers them once the body was read", async () => {
    const trailers: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      const input = environ["wsgi.input"];
      trailers.push(input.trailers);
      const body = await input.read();
      trailers.push(input.trailers);
      startResponse("200 OK", []);
      return [`${environ.PATH_INFO}${body}`];
    });
    const bytes = chunkedRaw(`5\r\nHello\r\n${lines("0", "X-Sum: 1", "Content-Length: 9", "x-sum: 2", "")}`);
    await expectServed(served, bytes, "/Hello");
    expect(trailers.slice(0, 2)).toEqual([
      [],
      [
        ["X-Sum", "1"],
        ["x-sum", "2"],
      ],
    ]);
  });
});

describe("a fault in a chunked body", () => {
  const rows: [name: string, body: string, code: ProtocolErrorCode, status: number, options?: Options][] = [
    ["a bad chunk size", "5\r\nHello\r\nxyz\r\n", "BAD_CHUNK_SIZE", 400],
    ["a negative chunk size", "-1\r\n", "BAD_CHUNK_SIZE", 400],
    ["a chunk longer than its size", "5\r\nHello!\r\n0\r\n\r\n", "BAD_CHUNK_END", 400],
    ["a bad trailer", "0\r\nbad trailer\r\n\r\n", "BAD_FIELD_NAME", 400],
    ["too long extensions", `5;${"x".repeat(5000)}\r\nHello\r\n0\r\n\r\n`, "BAD_CHUNK_EXTENSION", 400],
    ["more than maxBodyBytes", "5\r\nHello\r\n1\r\n!\r\n0\r\n\r\n", "BODY_TOO_LARGE", 413, { maxBodyBytes: 5 }],
  ];

  test.each(rows)("is an error of the reading application: %s", async (_name, body, code, status, options) => {
    const errors: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      const input = environ["wsgi.input"];
      for (let i = 0; i < 2; i++) await input.read().catch((error) => errors.push(error));
      startResponse("200 OK", []);
      return [];
    }, options);
    const answer = await ask(served, Buffer.concat([chunkedRaw(body), get()]));
    expect(answer.status).toBe(200);
    expect(answer.header("connection")).toBe("close");
    expect(errors[0]).toBeInstanceOf(ProtocolError);
    expect(errors[0]).toMatchObject({ code, status });
    expect(errors[1]).toBe(errors[0]);
    expect(served.exchanges).toHaveLength(1);
  });

  test.each(rows)("is answered when the application lets it pass: %s", async (_name, body, code, status, options) => {
    const served = await serve(echo, options);
    const answer = await ask(served, Buffer.concat([chunkedRaw(body), get()]));
    expect(answer.status).toBe(status);
    expect(answer.header("connection")).toBe("close");
    expect((await served.exchange()).error).toMatchObject({ code });
    expect(served.exchanges).toHaveLength(1);
  });

  test.each(rows.slice(0, 5))("is logged and closes when the server discards: %s", async (_name, body, code) => {
    const served = await serve(ignore);
    const client = await served.connect();
    client.send(Buffer.concat([chunkedRaw(body), get()]));
    const answers = answersIn(await client.end());
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(await served.logged(/discarding/)).toContain(`${code}: ${PROTOCOL_ERRORS[code].text}`);
    expect(served.exchanges).toHaveLength(1);
  });

  test.each([
    ["inside a chunk", chunkedRaw("5\r\nHel")],
    ["inside a chunk's size", chunkedRaw("5\r\nHello\r\n1")],
    ["before the last chunk", chunkedRaw("5\r\nHello\r\n")],
    ["inside the trailers", chunkedRaw("5\r\nHello\r\n0\r\nX: 1\r\n")],
    ["inside a body with a length", post(["Content-Length: 10"], "Hello")],
  ])("is the end of the connection %s", async (_name, bytes) => {
    const errors: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      await environ["wsgi.input"].read().catch((error) => errors.push(error));
      startResponse("200 OK", []);
      return [];
    });
    const client = await served.connect();
    client.send(bytes);
    client.finish();
    expect((await served.exchange()).disconnectPhase).toBe("request-body");
    expect(errors).toEqual([expect.any(ClientDisconnected)]);
  });
});

describe("maxBodyBytes", () => {
  test("refuses a longer Content-Length before the application is called", async () => {
    const served = await serve(echo, { maxBodyBytes: 5 });
    await expectRefused(served, post(["Content-Length: 6"], "Hello!"), 413);
    await expectServed(served, post(["Content-Length: 5"], "Hello"), "/=Hello");
  });

  test("accepts a chunked body of that size", async () => {
    const served = await serve(echo, { maxBodyBytes: 5 });
    await expectServed(served, chunkedRaw("2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\n"), "/=Hello");
  });
});

describe("a body that nobody reads", () => {
  const forged = lines("GET /forged HTTP/1.1", "Host: a", "");

  test.each([
    ["with a length", post([`Content-Length: ${forged.length}`], forged)],
    ["in chunks", chunkedRaw(`${forged.length.toString(16)}\r\n${forged}\r\n0\r\nX: trailer\r\n\r\n`)],
  ])("is discarded %s before the next request", async (_name, bytes) => {
    const served = await serve(ignore);
    await expectServed(served, bytes, "/");
    expect(served.exchanges.map(({ environ }) => environ.PATH_INFO)).toEqual(["/", "/follower"]);
  });

  test("is discarded when it comes after the response", async () => {
    const served = await serve(ignore);
    const client = await served.connect();
    await askNext(client, post([`Content-Length: ${forged.length}`]));
    client.send(forged.slice(0, 10));
    expect((await askNext(client, forged.slice(10) + lines("GET /2 HTTP/1.1", "Host: a", ""))).body).toBe("/2");
  });

  test("is answered before it came, by an async application", async () => {
    const served = await serve(async (environ, startResponse) => ignore(environ, startResponse));
    const client = await served.connect();
    expect((await askNext(client, post(["Content-Length: 5"]))).body).toBe("/");
    expect((await askNext(client, `Hello${lines("GET /2 HTTP/1.1", "Host: a", "")}`)).body).toBe("/2");
  });

  test("is discarded as far as the application left it", async () => {
    const served = await serve(async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read(3);
      startResponse("200 OK", []);
      return [`${environ.PATH_INFO}${body}`];
    });
    await expectServed(served, post(["Content-Length: 8"], "GET /for"), "/GET");
  });

  test.each([
    ["65536 bytes", undefined, 65536],
    ["maxDiscardBytes", { maxDiscardBytes: 10 }, 10],
  ])("is not waited for when it has more than %s", async (_name, options, limit) => {
    const served = await serve(ignore, options);
    const within = await served.connect();
    expect((await askNext(within, post([`Content-Length: ${limit}`]))).header("connection")).toBeUndefined();
    expect((await askNext(within, bytesOf("x".repeat(limit) + get().toString()))).status).toBe(200);
    const answer = await ask(served, post([`Content-Length: ${limit + 1}`]));
    expect(answer.header("connection")).toBe("close");
  });

  test("is not discarded without end in chunks", async () => {
    const served = await serve(ignore, { maxDiscardBytes: 10 });
    const client = await served.connect();
    await askNext(client, chunkedRaw("a\r\n0123456789\r\n"));
    client.send(bytesOf(`1\r\nx\r\n0\r\n\r\n${forged}`));
    expect(answersIn(await client.end())).toHaveLength(1);
    expect(served.exchanges).toHaveLength(1);
  });

  test("is discarded in chunks up to the limit", async () => {
    const served = await serve(ignore, { maxDiscardBytes: 10 });
    await expectServed(served, chunkedRaw("a\r\n0123456789\r\n0\r\n\r\n"), "/");
  });
});
