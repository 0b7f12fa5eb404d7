// What becomes of a Response on the wire, and of the mistakes of a handler.

import { describe, expect, test } from "vitest";
import { ask } from "../../core/test/support/answers.ts";
import { FastResponse, type FetchHandler, fromFetch, isFetchHandler } from "../src/index.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const kinds = [
  ["Response", Response],
  ["FastResponse", FastResponse],
] as const;

describe.each(kinds)("a %s", (_name, Kind) => {
  test.each([
    ["text", () => new Kind("Hé"), "GET", "200 OK", "text/plain;charset=UTF-8", "3", "H\xc3\xa9"],
    ["an empty text", () => new Kind(""), "GET", "200 OK", "text/plain;charset=UTF-8", "0", ""],
    ["bytes", () => new Kind(new Uint8Array([0xff, 0])), "GET", "200 OK", undefined, "2", "\xff\0"],
    [
      "1 MiB of text",
      () => new Kind("x".repeat(2 ** 20)),
      "GET",
      "200 OK",
      "text/plain;charset=UTF-8",
      "1048576",
      "x".repeat(2 ** 20),
    ],
    ["nothing", () => new Kind(), "GET", "200 OK", undefined, "0", ""],
    ["JSON", () => Kind.json({ a: 1 }), "GET", "200 OK", "application/json", "7", '{"a":1}'],
    [
      "a status with a reason",
      () => new Kind("x", { status: 404, statusText: "Nope" }),
      "GET",
      "404 Nope",
      "text/plain;charset=UTF-8",
      "1",
      "x",
    ],
    [
      "a status without one",
      () => new Kind("x", { status: 418 }),
      "GET",
      "418 I'm a Teapot",
      "text/plain;charset=UTF-8",
      "1",
      "x",
    ],
    ["a status nobody knows", () => new Kind(null, { status: 599 }), "GET", "599 ", undefined, "0", ""],
    ["204", () => new Kind(null, { status: 204 }), "GET", "204 No Content", undefined, undefined, ""],
    ["205", () => new Kind(null, { status: 205 }), "GET", "205 Reset Content", undefined, "0", ""],
    [
      "304",
      () => new Kind(null, { status: 304, headers: { etag: '"a"' } }),
      "GET",
      "304 Not Modified",
      undefined,
      undefined,
      "",
    ],
    ["text to HEAD", () => new Kind("Hello"), "HEAD", "200 OK", "text/plain;charset=UTF-8", "5", ""],
    ["nothing to HEAD", () => new Kind(), "HEAD", "200 OK", undefined, undefined, ""],
    [
      "nothing to HEAD, with a length",
      () => new Kind(null, { headers: { "content-length": "5" } }),
      "HEAD",
      "200 OK",
      undefined,
      "5",
      "",
    ],
    [
      "a length of its own",
      () => new Kind("Hello", { headers: { "content-length": "5" } }),
      "GET",
      "200 OK",
      "text/plain;charset=UTF-8",
      "5",
      "Hello",
    ],
  ])("of %s", async (_title, make, method, status, type, length, body) => {
    const served = await serveFetch(() => make());
    const answer = await ask(served, request(`${method} /`), method);
    expect(answer.statusLine).toBe(`HTTP/1.1 ${status}`);
    expect([answer.header("content-type"), answer.header("content-length"), answer.complete]).toEqual([
      type,
      length,
      true,
    ]);
    expect(answer.body === body).toBe(true);
    expect(answer.header("transfer-encoding")).toBeUndefined();
  });

  test("keeps cookies apart, and values as bytes", async () => {
    const headers = new Headers([["set-cookie", "a=1, b"], ["Set-Cookie", "c=2"], ["x-bytes", "\xe9"], ["vary", "a"], ["vary", "b"]]); // biome-ignore format: short
    const answer = await ask(await serveFetch(() => new Kind("", { headers })), request("GET /"));
    expect([answer.header("set-cookie"), answer.header("x-bytes"), answer.header("vary")]).toEqual([
      "a=1, b | c=2",
      "\xe9",
      "a, b",
    ]);
  });

  test("that redirects", async () => {
    const answer = await ask(await serveFetch(() => Kind.redirect("http://a.example/é", 307)), request("GET /"));
    expect([answer.status, answer.header("location"), answer.body]).toEqual([307, "http://a.example/%C3%A9", ""]);
  });

  test("that is changed by middleware: a new one of its body and it", async () => {
    const handler = (): Response => {
      const inner = new Kind("inner", { status: 201, headers: { a: "1" } });
      const outer = new Kind(inner.body, inner);
      outer.headers.set("b", "2");
      return outer;
    };
    const answer = await ask(await serveFetch(handler), request("GET /"));
    expect([answer.status, answer.header("a"), answer.header("b"), answer.body]).toEqual([201, "1", "2", "inner"]);
    expect(answer.header("content-length")).toBe("5");
  });
});

describe("how a handler is called", () => {
  test("as a method of its object", async () => {
    const object = { name: "it", fetch() { return new Response(this.name); } }; // biome-ignore format: short
    expect((await ask(await serveFetch(object), request("GET /"))).body).toBe("it");
  });

  test("late, so that a method may be replaced", async () => {
    const object = { fetch: () => new Response("old") };
    const served = await serveFetch(object);
    object.fetch = () => new Response("new");
    expect((await ask(served, request("GET /"))).body).toBe("new");
  });

  test("with the environ and waitUntil, twice, as Workers have it", async () => {
    const handler: FetchHandler = (asked, context, execution) => {
      context.passThroughOnException();
      const { environ, waitUntil } = context;
      return Response.json([environ.PATH_INFO, typeof waitUntil, context === execution, context.props, asked.method]);
    };
    expect(JSON.parse((await ask(await serveFetch(handler), request("PUT /x"))).body)).toEqual([
      "/x",
      "function",
      true,
      {},
      "PUT",
    ]);
  });

  test("and may send early hints by the environ", async () => {
    const handler: FetchHandler = (_asked, { environ }) => {
      environ["wsgi.early_hints"]?.([["Link", "</a.css>; rel=preload"]]);
      return new Response("x");
    };
    const client = await (await serveFetch(handler)).connect();
    client.send(request("GET /"));
    expect(await client.end()).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
  });

  test.each(["CONNECT a:1", "TRACE /", "TRACK /", "trace /"])("not at all for %s", async (line) => {
    const answer = await ask(await serveFetch(() => new Response("called")), request(line, "Host: a:1"));
    expect([answer.status, answer.body]).toEqual([501, `there is no Request with ${line.split(" ")[0]}\r\n`]);
  });
});

describe("isFetchHandler", () => {
  test.each([
    ["an object with fetch", { fetch() {} }, true],
    ["a function with fetch", Object.assign(() => {}, { fetch() {} }), true],
    ["an object that inherits it", new (class { fetch() {} })(), true],
    ["a function", () => {}, false],
    ["an object without", {}, false],
    ["fetch that is no function", { fetch: "x" }, false],
    ["null", null, false],
    ["undefined", undefined, false],
    ["text", "fetch", false],
  ])("%s", (_title, value, expected) => expect(isFetchHandler(value)).toBe(expected)); // biome-ignore format: a table

  test.each([null, undefined, {}, "x", { fetch: 1 }])("what is none is refused by fromFetch: %j", (value) => {
    expect(() => fromFetch(value as never)).toThrow(expect.objectContaining({ code: "BAD_HANDLER" }));
  });
});

describe("a handler that", () => {
  const used = new Response("x");
  test.each([
    ["throws", () => { throw new Error("meant"); }, /Error: meant/],
    ["rejects", () => Promise.reject(new Error("meant")), /Error: meant/],
    ["returns nothing", () => undefined, /NOT_A_RESPONSE|returns a Response.*got undefined/],
    ["returns text", () => "Hello", /returns a Response, or a promise of one: got "Hello"/],
    ["returns a Request", () => new Request("http://a"), /got an object of Request/],
    ["resolves with null", async () => null, /got null/],
    ["returns Response.error()", () => Response.error(), /Response\.error\(\), which is no answer/],
    ["returns a Response that was read", async () => { await used.text(); return used; }, /whose body nobody has read/],
    ["returns a Response whose body is locked", () => { const r = new Response("x"); r.body?.getReader(); return r; }, /whose body nobody has read/],
    ["returns a stream that fails at once", () => new Response(new ReadableStream({ start: (c) => c.error(new Error("meant")) })), /Error: meant/],
    ["returns a stream of numbers", () => new Response(new ReadableStream({ start(c) { c.enqueue(1 as never); c.close(); } })), /BAD_BODY|a body is a string, bytes/],
  ] as [string, () => unknown, RegExp][])("%s is answered with 500, and the log says why", async (_title, handler, message) => {
    const served = await serveFetch(handler as FetchHandler);
    const answer = await ask(served, request("GET /"));
    expect([answer.status, answer.body]).toEqual([500, ""]);
    await served.logged(message);
  }); // biome-ignore format: a table
});

test("takes a Response of another realm", async () => {
  const foreign = {
    status: 201,
    statusText: "",
    headers: new Headers({ a: "1" }),
    body: null,
    bodyUsed: false,
    type: "default",
  };
  const answer = await ask(await serveFetch(() => foreign as unknown as Response), request("GET /"));
  expect([answer.status, answer.header("a")]).toEqual([201, "1"]);
});
