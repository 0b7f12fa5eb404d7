// How a response is framed: by length, in chunks, by the end of the connection, or not at all. RFC 9112 §6.3; RFC 9110
// §6.4.1. And what happens when a body and its Content-Length do not agree.

import { describe, expect, test } from "vitest";
import { type Application, type Body, formatDateTime, type Header, type Item, type Options } from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

function answering(status: string, body: () => Body | Promise<Body>, headers: readonly Header[] = []): Application {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return body();
  };
}

function* items(...list: Item[]): Generator<Item> {
  yield* list;
}

async function* asyncItems(...list: Item[]): AsyncGenerator<Item> {
  yield* list;
}

const get10 = request("GET / HTTP/1.0");

describe("a complete body", () => {
  test.each<[string, () => Body | Promise<Body>, string]>([
    ["a list", () => ["He", Buffer.from("llo")], "Hello"],
    ["a list with empty items", () => ["", "Hello", new Uint8Array()], "Hello"],
    ["an empty list", () => [], ""],
    ["a list of empty strings", () => ["", ""], ""],
    ["a string", () => "Hello", "Hello"],
    ["bytes", () => new Uint8Array([72, 105]), "Hi"],
    ["a promise of a list", () => Promise.resolve(["Hello"]), "Hello"],
    ["a promise of a string", () => Promise.resolve("Hello"), "Hello"],
    ["text beyond ASCII", () => ["\xe9", "€"], Buffer.from("é€").toString("latin1")],
    ["a long list", () => new Array(10_000).fill("0123456789"), "0123456789".repeat(10_000)],
    ["a long string", () => "x".repeat(200_000), "x".repeat(200_000)],
    ["long text beyond ASCII", () => "é".repeat(100_000), "\xc3\xa9".repeat(100_000)],
    ["long bytes", () => Buffer.alloc(200_000, "y"), "y".repeat(200_000)],
  ])("has its length announced: %s", async (_name, body, text) => {
    const served = await serve(answering("200 OK", body));
    const client = await served.connect();
    const answer = await askNext(client, get());
    expect(answer.header("content-length")).toBe(String(text.length));
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect(answer.body).toBe(text);
    expect((await askNext(client, get())).body).toBe(text);
    expect((await served.exchange()).bodyBytes).toBe(text.length);
  });

  test("keeps the length that the application gave", async () => {
    const served = await serve(answering("200 OK", () => ["Hello"], [["content-length", "5"]]));
    const answer = await askNext(await served.connect(), get());
    expect(answer.header("content-length")).toBe("5");
    expect(answer.body).toBe("Hello");
  });
});

describe("a body whose length is not known", () => {
  const bodies: [string, () => Body | Promise<Body>][] = [
    ["a generator", () => items("He", "llo")],
    ["a Set", () => new Set(["He", "llo"])],
    ["an async generator", () => asyncItems("He", "llo")],
    ["a promise of a generator", () => Promise.resolve(items("He", "llo"))],
  ];

  test.each(bodies)("goes to an HTTP/1.1 client in chunks: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body));
    const client = await served.connect();
    for (let i = 0; i < 2; i++) {
      const answer = await askNext(client, get());
      expect(answer.header("transfer-encoding")).toBe("chunked");
      expect(answer.header("content-length")).toBeUndefined();
      expect(answer).toMatchObject({ body: "Hello", complete: true });
    }
  });

  test.each(bodies)("goes to an HTTP/1.0 client until the connection closes: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body));
    const answer = await ask(served, request("GET / HTTP/1.0", "Connection: keep-alive"));
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect(answer.header("content-length")).toBeUndefined();
    expect(answer.header("connection")).toBe("close");
    expect(answer.body).toBe("Hello");
  });

  test.each(bodies)("goes by the length that the application gave: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body, [["Content-Length", "5"]]));
    const client = await served.connect();
    const answer = await askNext(client, request("GET / HTTP/1.0", "Connection: keep-alive"));
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect(answer.header("connection")).toBe("keep-alive");
    expect(answer.body).toBe("Hello");
    expect((await askNext(client, get())).body).toBe("Hello");
  });

  test.each<[string, () => Body]>([
    ["a generator", () => items("", "a", "", "b", "")],
    ["an async generator", () => asyncItems("", "a", Buffer.alloc(0), "b", "")],
  ])("has no chunks of its empty items: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body), { minimumChunkSize: 0 });
    const answer = await askNext(await served.connect(), get());
    expect(answer.chunks).toEqual(["a", "b"]);
    expect(answer.complete).toBe(true);
  });

  test.each<[string, () => Body]>([
    ["a generator of empty strings", () => items("", "", "")],
    ["a generator of nothing", () => items()],
    ["an async generator of empty strings", () => asyncItems("", "")],
    ["an async generator of nothing", () => asyncItems()],
  ])("still has its head and its last chunk: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body));
    const client = await served.connect();
    const answer = await askNext(client, get());
    expect(answer).toMatchObject({ status: 200, chunks: [], complete: true });
    expect((await askNext(client, get())).complete).toBe(true);
  });
});

describe("a response without a body", () => {
  const bodies: [string, () => Body][] = [
    ["a list", () => ["Hello"]],
    ["a long list", () => ["x".repeat(100_000)]],
    ["a generator", () => items("Hello")],
    ["an async generator", () => asyncItems("Hello")],
  ];
  const rows: [what: string, method: string, status: string][] = [
    ["204", "GET", "204 No Content"],
    ["304", "GET", "304 Not Modified"],
    ["HEAD", "HEAD", "200 OK"],
    ["HEAD with an error", "HEAD", "404 Not Found"],
  ];

  test.each(rows.flatMap((row) => bodies.map((body) => [...row, ...body] as const)))(
    "is only a head for %s: %s %s with %s",
    async (_what, method, status, _name, body) => {
      const served = await serve(answering(status, body));
      const client = await served.connect();
      client.send(
        Buffer.concat([request(`${method} / HTTP/1.1`), request(`${method} / HTTP/1.1`, "Connection: close")]),
      );
      const answers = answersIn(await client.end(), method, method);
      expect(answers.map(({ statusLine }) => statusLine)).toEqual([`HTTP/1.1 ${status}`, `HTTP/1.1 ${status}`]);
      for (const answer of answers) expect(answer.header("transfer-encoding")).toBeUndefined();
      expect((await served.exchange(1)).bodyBytes).toBe(0);
    },
  );

  test("tells HEAD the length that GET would have", async () => {
    const served = await serve(answering("200 OK", () => ["Hello"]));
    expect((await askNext(await served.connect(), request("HEAD / HTTP/1.1"), "HEAD")).header("content-length")).toBe(
      "5",
    );
  });

  test.each([
    ["HEAD", "HEAD", "200 OK", "7"],
    ["304", "GET", "304 Not Modified", "7"],
    ["204, where none is allowed", "GET", "204 No Content", undefined],
  ])("keeps the Content-Length of the application for %s", async (_name, method, status, length) => {
    const served = await serve(answering(status, () => [], [["Content-Length", "7"]]));
    const client = await served.connect();
    const answer = await askNext(client, request(`${method} / HTTP/1.1`), method);
    expect(answer.header("content-length")).toBe(length);
    expect((await askNext(client, request(`${method} / HTTP/1.1`), method)).status).toBe(Number(status.slice(0, 3)));
  });

  test("makes up no Content-Length for 304", async () => {
    const served = await serve(answering("304 Not Modified", () => []));
    expect((await askNext(await served.connect(), get())).header("content-length")).toBeUndefined();
  });

  test.each(bodies)("is empty for 205, and says so: %s", async (_name, body) => {
    const served = await serve(answering("205 Reset Content", body));
    const client = await served.connect();
    const answer = await askNext(client, get());
    expect(answer.header("content-length")).toBe("0");
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect((await askNext(client, get())).status).toBe(205);
  });

  test.each(bodies)(
    "is only a head for a 2xx to CONNECT, after which the connection closes: %s",
    async (_name, body) => {
      const served = await serve(answering("200 Established", body, [["Content-Length", "5"]]));
      const answer = await ask(served, request("CONNECT a:443 HTTP/1.1"), "CONNECT");
      expect(answer.header("transfer-encoding")).toBeUndefined();
      expect(answer.header("content-length")).toBeUndefined();
      expect(answer.header("connection")).toBe("close");
    },
  );

  test("has a body for a refusal of CONNECT", async () => {
    const served = await serve(answering("403 Forbidden", () => ["no"]));
    const answer = await ask(served, request("CONNECT a:443 HTTP/1.1"), "CONNECT");
    expect(answer).toMatchObject({ status: 403, body: "no", complete: true });
  });

  test.each(["100 Continue", "102 Processing", "103 Early Hints", "199 Odd"])(
    "is not answered by an interim status: %s",
    async (status) => {
      const served = await serve(answering(status, () => []));
      expect((await askNext(await served.connect(), get())).status).toBe(500);
      expect(await served.logged(/BAD_STATUS|interim/)).toContain("early_hints");
    },
  );
});

describe("a body shorter than its Content-Length", () => {
  test.each<[string, () => Body]>([
    ["a list", () => ["Hello"]],
    ["a generator", () => items("Hello")],
    ["an async generator", () => asyncItems("Hello")],
  ])("is logged and ends with the connection: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body, [["Content-Length", "10"]]));
    const client = await served.connect();
    client.send(Buffer.concat([get(), get()]));
    const [answer, ...others] = answersIn(await client.end());
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ status: 200, body: "Hello", complete: false });
    expect(await served.logged(/5 bytes are missing/)).toContain("UsageError: ");
    expect(await served.exchange()).toMatchObject({
      completed: false,
      error: { code: "BODY_TOO_SHORT" },
      bodyBytes: 5,
    });
  });
});

describe("a body longer than its Content-Length", () => {
  test.each<[string, () => Body]>([
    ["a list", () => ["Hel", "lo, World"]],
    ["a list with more items", () => ["Hello", ", ", "World"]],
    ["a generator", () => items("Hello, ", "World")],
    ["an async generator", () => asyncItems("Hello, ", "World")],
    ["bytes", () => Buffer.from("Hello, World")],
  ])("is cut and logged: %s", async (_name, body) => {
    const served = await serve(answering("200 OK", body, [["Content-Length", "5"]]));
    const client = await served.connect();
    expect(await askNext(client, get())).toMatchObject({ body: "Hello", complete: true });
    expect((await askNext(client, get())).body).toBe("Hello");
    expect(await served.logged(/longer than its Content-Length/)).toMatch(/a body was [27] bytes longer/);
    expect(await served.exchange()).toMatchObject({ completed: true, bodyBytes: 5 });
  });

  test("is cut inside a character when the length says so", async () => {
    const served = await serve(answering("200 OK", () => ["éé"], [["Content-Length", "3"]]));
    expect((await askNext(await served.connect(), get())).body).toBe("\xc3\xa9\xc3");
  });

  test("is cut to nothing with Content-Length: 0", async () => {
    const served = await serve(answering("200 OK", () => items("Hello"), [["Content-Length", "0"]]));
    const client = await served.connect();
    expect((await askNext(client, get())).header("content-length")).toBe("0");
    expect((await askNext(client, get())).header("content-length")).toBe("0");
  });
});

describe("Date", () => {
  test("is the time of the response", async () => {
    const served = await serve(answering("200 OK", () => []));
    const before = Math.floor(Date.now() / 1000) * 1000;
    const date = (await askNext(await served.connect(), get())).header("date") ?? "";
    expect(date).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(Date.parse(date)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(date)).toBeLessThanOrEqual(Date.now());
    expect(formatDateTime(Date.parse(date) / 1000)).toBe(date);
  });

  test("is the application's when it gave one", async () => {
    const date = formatDateTime(0);
    const served = await serve(answering("200 OK", () => [], [["DATE", date]]));
    expect((await askNext(await served.connect(), get())).header("date")).toBe(date);
  });
});

describe("maxHttpVersion HTTP/1.0", () => {
  const options: Options = { maxHttpVersion: "HTTP/1.0" };

  test("answers as a 1.0 server that closes", async () => {
    const served = await serve(
      answering("200 OK", () => ["Hello"]),
      options,
    );
    const answer = await ask(served, get());
    expect(answer).toMatchObject({ statusLine: "HTTP/1.0 200 OK", body: "Hello" });
    expect(answer.header("connection")).toBe("close");
    expect(answer.header("content-length")).toBe("5");
  });

  test("sends a body of unknown length until the connection closes", async () => {
    const served = await serve(
      answering("200 OK", () => items("He", "llo")),
      options,
    );
    const answer = await ask(served, get("Connection: keep-alive"));
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect(answer).toMatchObject({ statusLine: "HTTP/1.0 200 OK", body: "Hello" });
  });

  test("keeps the connection of a client that asks", async () => {
    const served = await serve(
      answering("200 OK", () => ["Hello"]),
      options,
    );
    const client = await served.connect();
    const answer = await askNext(client, get("Connection: keep-alive"));
    expect(answer.header("connection")).toBe("keep-alive");
    expect((await askNext(client, get10)).body).toBe("Hello");
  });

  test("refuses as a 1.0 server", async () => {
    const served = await serve(
      answering("200 OK", () => []),
      options,
    );
    expect((await ask(served, "GET / HTTP/1.1\r\n\r\n")).statusLine).toBe("HTTP/1.0 400 Bad Request");
  });
});

test("answers an HTTP/1.0 client with the server's own version", async () => {
  const served = await serve(answering("200 OK", () => ["Hello"]));
  expect((await ask(served, get10)).statusLine).toBe("HTTP/1.1 200 OK");
});

test.each([
  ["200", "HTTP/1.1 200 "],
  ["200 ", "HTTP/1.1 200 "],
  ["999 Every thing\t!", "HTTP/1.1 999 Every thing\t!"],
  ["200 d\xe9j\xe0", "HTTP/1.1 200 d\xe9j\xe0"],
])("sends the status %j with the space that the grammar wants", async (status, line) => {
  const served = await serve(answering(status, () => []));
  expect((await askNext(await served.connect(), get())).statusLine).toBe(line);
});
