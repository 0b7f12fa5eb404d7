// Both kinds of Requests, as handlers and the runtime itself use them. On Node 24 the light kind can be copied only with the fast
// globals, which fast-globals.test.ts has.

import type { Environ } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { RequestBody } from "../src/request-body.ts";
import { hasSymbols, makeRequest, type WsgiRequest } from "../src/wsgi-request.ts";

const HEADERS = [
  ["Host", "a.example"],
  ["Accept", "x"],
  ["accept", "y"],
  ["Cookie", "a=1"],
  ["X-Bytes", "\xe9"],
] as const;

/** An input that has these pieces, and counts its reads. */
class Pieces {
  reads = 0;
  readonly #pieces: Buffer[];

  constructor(...pieces: readonly string[]) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece));
  }

  async read(): Promise<Buffer> {
    this.reads++;
    return Buffer.concat(this.#pieces.splice(0));
  }

  async read1(): Promise<Buffer> {
    this.reads++;
    return this.#pieces.shift() ?? Buffer.alloc(0);
  }
}

const kinds = [
  ["light", true],
  ["full", false],
] as const;

describe.each(kinds)("a %s request", (_kind, isLight) => {
  const leaving = new AbortController();
  const input = new Pieces("\ufeff", '{"a":', '"é"}');

  function make(method = "GET", from: Pieces | undefined = undefined): WsgiRequest {
    const environ = { REQUEST_METHOD: method, headers_raw: HEADERS, "wsgi.input": from, "wsgi.signal": leaving.signal };
    const body = from === undefined ? undefined : new RequestBody(environ as unknown as Environ);
    const url = "http://a.example/x?y";
    const parts = { environ: environ as unknown as Environ, url, body, ip: "192.0.2.1", waitUntil: () => {} };
    return makeRequest(parts, isLight);
  }

  const post = (...pieces: string[]): WsgiRequest => make("POST", new Pieces(...pieces));
  const canCopy = !isLight || hasSymbols;

  test("is a Request", () => {
    const request = make();
    expect(request).toBeInstanceOf(Request);
    expect(Object.prototype.toString.call(request)).toBe("[object Request]");
    expect([request.method, request.url, request.ip, request.signal]).toEqual([
      ...["GET", "http://a.example/x?y", "192.0.2.1"],
      leaving.signal,
    ]);
    expect([request.mode, request.redirect, request.credentials, request.cache]).toEqual(
      (({ mode, redirect, credentials, cache }) => [mode, redirect, credentials, cache])(new Request("http://a")),
    );
    expect([request.body, request.bodyUsed]).toEqual([null, false]);
  });

  test("has its headers, joined and by name in any case, and the same object each time", () => {
    const { headers } = make();
    expect([...headers]).toEqual([
      ["accept", "x, y"],
      ["cookie", "a=1"],
      ["host", "a.example"],
      ["x-bytes", "\xe9"],
    ]);
    const request = make();
    request.headers.set("x-new", "1");
    expect(request.headers.get("X-New")).toBe("1");
    expect(request.headers).toBeInstanceOf(Headers);
  });

  test.each([
    ["get", "GET"],
    ["put", "PUT"],
    ["patch", "patch"],
    ["PATCH", "PATCH"],
    ["Delete", "DELETE"],
    ["PURGE", "PURGE"],
  ])("with the method %s says %s", (method, said) => {
    expect(make(method).method).toBe(said);
  });

  test("reads its body as text, JSON, bytes, a Blob and a form", async () => {
    const json = ["\ufeff", '{"a":', '"é"}'];
    expect(await post(...json).text()).toBe('{"a":"é"}');
    expect(await post(...json).json()).toEqual({ a: "é" });
    expect(Buffer.from(await post("a", "é").arrayBuffer()).toString()).toBe("aé");
    const bytes = await (post("a", "é") as unknown as { bytes(): Promise<Uint8Array> }).bytes();
    expect([bytes.constructor, bytes.length]).toEqual([Uint8Array, 3]);
    expect(await (await post("a", "b").blob()).text()).toBe("ab");
    const form = post("a=1&b=%C3%A9");
    form.headers.set("content-type", "application/x-www-form-urlencoded");
    expect([...(await form.formData())]).toEqual([["a", "1"], ["b", "é"]]); // biome-ignore format: short
  });

  test("rejects JSON that is none, and reads nothing for no body", async () => {
    await expect(post("{").json()).rejects.toThrow(SyntaxError);
    expect(await make("POST").text()).toBe("");
  });

  test("reads no byte before it is asked", async () => {
    const request = make("POST", input);
    const { body } = request;
    expect(body).toBeInstanceOf(ReadableStream);
    expect([request.bodyUsed, input.reads]).toEqual([false, 0]);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe("\ufeff");
    expect([request.bodyUsed, input.reads]).toEqual([true, 1]);
  });

  test("fills the buffer that a reader brings, and ends it", async () => {
    const reader = (post("abc").body as ReadableStream).getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(2));
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe("ab");
    expect((await reader.read(new Uint8Array(2))).value).toHaveLength(1);
    expect(await reader.read(new Uint8Array(2))).toMatchObject({ done: true });
  });

  test.each(["text", "json", "arrayBuffer", "blob", "formData"] as const)(
    "is used after text() for %s()",
    async (way) => {
      const request = post("{}");
      await request.text();
      expect(request.bodyUsed).toBe(true);
      await expect(request[way]()).rejects.toThrow(TypeError);
      expect(() => request.clone()).toThrow(TypeError);
      if (canCopy) expect(() => new Request(request)).toThrow(TypeError);
    },
  );

  test("is used once its stream is read, and lets nobody past it", async () => {
    const request = post("abc");
    (request.body as ReadableStream).getReader();
    await expect(request.text()).rejects.toThrow(TypeError);
  });

  test("clones: both read the whole body, and have the signal", async () => {
    const request = post("a", "b");
    const clone = request.clone();
    expect([clone.url, clone.method, clone.headers.get("accept")]).toEqual([request.url, "POST", "x, y"]);
    expect(clone.signal).toBe(leaving.signal);
    expect(await Promise.all([request.text(), clone.text()])).toEqual(["ab", "ab"]);
  });

  test.runIf(canCopy)("is copied by new Request() with its body, headers and changes", async () => {
    const copy = new Request(post("a", "b"), { headers: { a: "1" }, method: "PUT" });
    expect([copy.method, copy.url, [...copy.headers], await copy.text()]).toEqual([
      ...["PUT", "http://a.example/x?y", [["a", "1"]]],
      "ab",
    ]);
    const same = new Request(make());
    expect([same.method, same.headers.get("cookie")]).toEqual(["GET", "a=1"]);
  });

  test("gives what it has to new Request(url, request)", async () => {
    const copy = new Request("http://b.example/", post("ab"));
    expect([copy.method, copy.headers.get("accept"), await copy.text()]).toEqual(["POST", "x, y", "ab"]);
  });

  test.runIf(canCopy)("fails to be sent like a real one where nobody listens", async () => {
    const request = make();
    await expect(fetch(new Request("http://127.0.0.1:1/", request))).rejects.toThrow("fetch failed");
  });

  test("cannot be cloned structurally, as no Request can", () => {
    expect(() => structuredClone(make())).toThrow(expect.objectContaining({ name: "DataCloneError" }));
  });
});

test.runIf(hasSymbols)("a copy of a light request hears that the client leaves", () => {
  const leaving = new AbortController();
  const environ = { REQUEST_METHOD: "GET", headers_raw: [], "wsgi.signal": leaving.signal } as unknown as Environ;
  const parts = { environ, url: "http://a/", body: undefined, ip: "", waitUntil: () => {} };
  const copy = new Request(makeRequest(parts, true));
  leaving.abort(new Error("left"));
  expect(copy.signal.reason).toBe(leaving.signal.reason);
});
