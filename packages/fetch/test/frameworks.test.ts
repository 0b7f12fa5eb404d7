// Hono's and H3's applications over real sockets, with clients that others wrote; with the runtime's globals, and with fast ones.

import { gzipSync } from "node:zlib";
import { getRequestIP, H3, readBody, setCookie, redirect as toward } from "h3";
import { Hono } from "hono";
import { getCookie, setCookie as setHonoCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { stream, streamSSE } from "hono/streaming";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../core/test/support/answers.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { type HandlerContext, useFastGlobals, type WsgiRequest } from "../src/index.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const gone = new Map<string, () => void>();

function makeHono(): Hono<{ Bindings: HandlerContext }> {
  const app = new Hono<{ Bindings: HandlerContext }>();
  app.use("/cors/*", cors());
  app.use("/etag", etag());
  app.get("/", (c) => c.text("Hello"));
  app.get("/json", (c) =>
    c.json({ agent: c.req.header("User-Agent"), q: c.req.query("q"), address: c.env.environ.REMOTE_ADDR }),
  );
  app.get("/user/:name", (c) => c.text(`${c.req.param("name")} ${c.req.path}`));
  app.post("/json", async (c) => c.json(await c.req.json(), 201));
  app.post("/form", async (c) => {
    const { name, file } = await c.req.parseBody();
    return c.text(`${name} ${(file as File).name} ${(file as File).size} ${await (file as File).text()}`);
  });
  app.get("/cookie", (c) => {
    setHonoCookie(c, "a", "1", { path: "/" });
    setHonoCookie(c, "b", "2");
    return c.text(getCookie(c, "seen") ?? "none");
  });
  app.get("/redirect", (c) => c.redirect("/"));
  app.get("/cors/x", (c) => c.text("x", 200, { "X-Own": "1" }));
  app.get("/etag", (c) => c.text("tagged"));
  app.get("/stream", (c) =>
    stream(c, async (out) => {
      await out.write("one");
      await out.write("two");
    }),
  );
  app.get("/events", (c) => streamSSE(c, async (out) => {
    out.onAbort(() => gone.get("events")?.());
    for (let n = 0; !out.aborted && n < 3; n++) await out.writeSSE({ data: String(n), id: String(n) });
    if (c.req.query("stay") !== undefined) await new Promise<void>((resolve) => out.onAbort(resolve));
  })); // biome-ignore format: short
  app.get("/later", (c) => {
    c.executionCtx.waitUntil(Promise.resolve().then(() => gone.get("later")?.()));
    return c.text("now");
  });
  app.get("/copy", async (c) => c.json(Object.fromEntries(new Headers(c.req.raw.headers))));
  app.all("/method", async (c) => c.text(`${c.req.method} ${await c.req.raw.clone().text()} ${await c.req.text()}`));
  app.get("/throw", () => { throw new Error("meant"); }); // biome-ignore format: short
  app.onError((error, c) => c.text(`caught ${error.message}`, 500));
  const inner = new Hono().get("/x", (c) => c.text(`inner ${c.req.path}`));
  app.mount("/mounted", inner.fetch);
  return app;
}

function makeH3(): H3 {
  const app = new H3();
  app.get("/", () => "Hello");
  app.get("/json", (event) => ({ q: event.url.searchParams.get("q"), ip: getRequestIP(event) }));
  app.post("/json", async (event) => await readBody(event));
  app.post("/form", async (event) => [...(await event.req.formData()).keys()]);
  app.get("/cookie", (event) => {
    setCookie(event, "a", "1");
    setCookie(event, "b", "2");
    return "set";
  });
  app.get("/redirect", () => toward("/"));
  app.get("/stream", () => new Blob(["one", "two"]).stream());
  app.get("/later", (event) => {
    event.waitUntil(Promise.resolve().then(() => gone.get("h3")?.()));
    return "now";
  });
  app.get("/throw", () => { throw new Error("meant"); }); // biome-ignore format: short
  return app;
}

describe.each([["the runtime's globals"], ["fast globals"]])("with %s", (title) => {
  const kept = { Request: globalThis.Request, Response: globalThis.Response, fetch: globalThis.fetch };
  const mark = Symbol.for("@wsgi/fetch fast globals");

  beforeAll(() => {
    if (title.startsWith("fast")) useFastGlobals();
    expect(mark in globalThis).toBe(title.startsWith("fast"));
  });

  afterAll(() => {
    Object.assign(globalThis, kept);
    Reflect.deleteProperty(globalThis, mark);
  });

  describe("Hono", () => {
    const url = async (path: string): Promise<string> => `${(await serveFetch(makeHono())).url}${path}`;
    const text = async (path: string, init?: RequestInit): Promise<string> =>
      (await fetch(await url(path), init)).text();

    test("answers text and JSON, with their length", async () => {
      const response = await fetch(await url("/"));
      expect([response.headers.get("content-length"), await response.text()]).toEqual(["5", "Hello"]);
      expect(JSON.parse(await text("/json?q=a%20b", { headers: { "user-agent": "me" } }))).toEqual({
        agent: "me",
        q: "a b",
        address: "127.0.0.1",
      });
      expect(await text("/user/%C3%A9%2Fb")).toBe("é/b /user/é%2Fb");
      expect((await fetch(await url("/nothing"))).status).toBe(404);
    });

    test("answers HEAD without a body", async () => {
      const answer = await ask(await serveFetch(makeHono()), request("HEAD /"), "HEAD");
      expect([answer.status, answer.header("content-length")]).toEqual([200, undefined]);
    });

    test("reads JSON and forms with files", async () => {
      const response = await fetch(await url("/json"), { method: "POST", body: '{"a":[1]}' });
      expect([response.status, await response.json()]).toEqual([201, { a: [1] }]);
      const form = new FormData();
      form.set("name", "é");
      form.set("file", new File(["x".repeat(100_000)], "a.txt"));
      expect(await text("/form", { method: "POST", body: form })).toBe(`é a.txt 100000 ${"x".repeat(100_000)}`);
    });

    test.runIf(hasCurl)("takes an upload of curl", async () => {
      const { stdout } = await curl("-F", "name=n", "-F", "file=@-;filename=f", await url("/form"));
      expect(stdout).toBe("n f 0 ");
    });

    test("sets cookies apart, reads them, redirects", async () => {
      const response = await fetch(await url("/cookie"), { headers: { cookie: "seen=yes" } });
      expect([response.headers.getSetCookie(), await response.text()]).toEqual([["a=1; Path=/", "b=2; Path=/"], "yes"]);
      const moved = await fetch(await url("/redirect"), { redirect: "manual" });
      expect([moved.status, moved.headers.get("location")]).toEqual([302, "/"]);
    });

    test("runs its middleware", async () => {
      const response = await fetch(await url("/cors/x"));
      expect([
        response.headers.get("access-control-allow-origin"),
        response.headers.get("x-own"),
        await response.text(),
      ]).toEqual(["*", "1", "x"]);
      const tag = (await fetch(await url("/etag"))).headers.get("etag") ?? "";
      expect((await fetch(await url("/etag"), { headers: { "if-none-match": tag } })).status).toBe(304);
      expect(await text("/mounted/x")).toBe("inner /x");
      expect(await text("/throw")).toBe("caught meant");
    });

    test("clones the request, copies its headers", async () => {
      expect(await text("/method", { method: "PUT", body: "b" })).toBe("PUT b b");
      expect(JSON.parse(await text("/copy", { headers: { a: "1" } }))).toMatchObject({ a: "1" });
    });

    test("streams, and hears when a listener leaves", async () => {
      expect(await text("/stream")).toBe("onetwo");
      expect(await text("/events")).toBe([0, 1, 2].map((n) => `data: ${n}\nid: ${n}\n\n`).join(""));
      const left = deferred();
      gone.set("events", left.resolve);
      const leaving = new AbortController();
      const response = await fetch(await url("/events?stay"), { signal: leaving.signal });
      await response.body?.getReader().read();
      leaving.abort();
      await left.promise;
    });

    test("has executionCtx.waitUntil", async () => {
      const { promise, resolve } = deferred();
      gone.set("later", resolve);
      expect(await text("/later")).toBe("now");
      await promise;
    });
  });

  describe("H3", () => {
    const url = async (path: string): Promise<string> => `${(await serveFetch(makeH3())).url}${path}`;

    test("answers, reads, sets cookies, redirects, streams, fails", async () => {
      expect(await (await fetch(await url("/"))).text()).toBe("Hello");
      expect(await (await fetch(await url("/json?q=1"))).json()).toEqual({ q: "1", ip: "127.0.0.1" });
      expect(await (await fetch(await url("/json"), { method: "POST", body: '{"a":1}' })).json()).toEqual({ a: 1 });
      const form = new FormData();
      form.set("a", "1");
      expect(await (await fetch(await url("/form"), { method: "POST", body: form })).json()).toEqual(["a"]);
      expect((await fetch(await url("/cookie"))).headers.getSetCookie()).toHaveLength(2);
      expect((await fetch(await url("/redirect"), { redirect: "manual" })).headers.get("location")).toBe("/");
      expect(await (await fetch(await url("/stream"))).text()).toBe("onetwo");
      expect((await fetch(await url("/throw"))).status).toBe(500);
    });

    test("has waitUntil", async () => {
      const { promise, resolve } = deferred();
      gone.set("h3", resolve);
      expect(await (await fetch(await url("/later"))).text()).toBe("now");
      await promise;
    });
  });

  test("what fetch() gives is a Response, and an own class knows its own", async () => {
    const served = await serveFetch(() => new Response("x"));
    const response = await fetch(served.url);
    class Own extends Response {}
    class OwnRequest extends Request {}
    expect([response instanceof Response, response instanceof Own, new Own() instanceof Own]).toEqual([
      true,
      false,
      true,
    ]);
    const own = new OwnRequest("http://a");
    expect([own instanceof OwnRequest, new Request("http://a") instanceof OwnRequest]).toEqual([true, false]);
  });

  test("a Response of fetch() can be sent on, decoded, without what belongs to its connection", async () => {
    const zipped = gzipSync("Hello, Hello, Hello");
    const behind = await serveFetch(
      () => new Response(zipped, { headers: { "content-encoding": "gzip", etag: '"a"' } }),
    );
    const served = await serveFetch(() => fetch(behind.url));
    const answer = await ask(served, request("GET /"));
    expect([answer.body, answer.header("etag")]).toEqual(["Hello, Hello, Hello", '"a"']);
    expect([answer.header("content-encoding"), answer.header("content-length")]).toEqual([undefined, undefined]);
  });

  test("requests can be copied, sent on, and tested with instanceof", async () => {
    const behind = await serveFetch(
      async (asked) => new Response(`${asked.method} ${await asked.text()} ${asked.headers.get("a")}`),
    );
    const served = await serveFetch(async (asked) => {
      if (!(asked instanceof Request)) throw new Error("no Request");
      const { ip } = asked as WsgiRequest;
      const copy = new Request(asked);
      const changed = new Request(new URL("/x", behind.url), copy);
      const answer = await fetch(changed);
      return new Response(`${ip}: ${await answer.text()}`, { status: answer.status });
    });
    const response = await fetch(served.url, { method: "POST", body: "b", headers: { a: "1" } });
    expect(await response.text()).toBe("127.0.0.1: POST b 1");
    const proxied = await serveFetch((asked) => fetch(new Request(behind.url, asked)));
    expect(await (await fetch(proxied.url, { headers: { a: "2" } })).text()).toBe("GET  2");
  });
});

test("fast globals are what they replace, and are put there once", () => {
  const kept = { Request: globalThis.Request, Response: globalThis.Response, fetch: globalThis.fetch };
  useFastGlobals();
  const { Response: fast, fetch: fastFetch } = globalThis;
  useFastGlobals();
  expect([globalThis.Response, globalThis.fetch]).toEqual([fast, fastFetch]);
  expect(new kept.Request("http://a")).toBeInstanceOf(Request);
  expect(new Request("http://a")).toBeInstanceOf(kept.Request);
  expect(new Request("http://a", { method: "PUT" }).method).toBe("PUT");
  expect([Request.name, Response.name]).toEqual(["Request", "Response"]);
  Object.assign(globalThis, kept);
  Reflect.deleteProperty(globalThis, Symbol.for("@wsgi/fetch fast globals"));
});
