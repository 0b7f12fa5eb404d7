// The URL that a handler sees, for targets as they come over the wire.

import type { Environ } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { ask } from "../../core/test/support/answers.ts";
import { PlainHost, urlOf } from "../src/request-url.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const sayUrl = (asked: Request): Response => new Response(asked.url);

async function urlFor(line: string, ...headers: readonly string[]): Promise<string> {
  const answer = await ask(await serveFetch(sayUrl), request(line, ...headers));
  return answer.status === 200 ? answer.body : answer.statusLine;
}

describe("is absolute, made of the scheme, the Host and the target:", () => {
  test.each([
    ["GET /", "http://example.com/"],
    ["GET /a/b?c=d&e", "http://example.com/a/b?c=d&e"],
    ["GET /?", "http://example.com/?"],
    ["GET /a?b?c", "http://example.com/a?b?c"],
    ["GET /%2F%3f%23%25", "http://example.com/%2F%3f%23%25"],
    ["GET /%C3%A9/%e9", "http://example.com/%C3%A9/%e9"],
    ["GET /%", "http://example.com/%"],
    ["GET /a\\b?c\\d", "http://example.com/a%5Cb?c\\d"],
    ["GET /a\\b\\c\\", "http://example.com/a%5Cb%5Cc%5C"],
    ["GET //evil.example/x", "http://example.com//evil.example/x"],
    ["GET /@evil.example", "http://example.com/@evil.example"],
    ["GET /a{}|\"<>'`", "http://example.com/a%7B%7D|%22%3C%3E'%60"],
    ["GET /?'\"<>", "http://example.com/?%27%22%3C%3E"],
    ["GET /a/../b/./c", "http://example.com/b/c"],
    ["GET /a/%2E%2e/b", "http://example.com/b"],
    ["GET /a/..b/.c", "http://example.com/a/..b/.c"],
    ["GET http://other.example:81/x?y", "http://other.example:81/x?y"],
    ["GET http://other.example", "http://other.example/"],
    ["OPTIONS *", "http://example.com/*"],
  ])("%s", async (line, url) => {
    expect(await urlFor(line)).toBe(url);
  });
});

describe("has the host as a URL parser writes it:", () => {
  test.each([
    ["EXAMPLE.com", "http://example.com/"],
    ["example.com:80", "http://example.com/"],
    ["example.com:443", "http://example.com:443/"],
    ["example.com:8080", "http://example.com:8080/"],
    ["example.com:08080", "http://example.com:8080/"],
    ["127.0.0.1:8090", "http://127.0.0.1:8090/"],
    ["127.1", "http://127.0.0.1/"],
    ["0x7f.1", "http://127.0.0.1/"],
    ["[::1]:8090", "http://[::1]:8090/"],
    ["a_b.example", "http://a_b.example/"],
    ["xn--caf-dma.example", "http://xn--caf-dma.example/"],
    ["%65xample.com", "http://example.com/"],
    ["999.1.1.1", "HTTP/1.1 400 Bad Request"],
    ["1.2.3.4.5", "HTTP/1.1 400 Bad Request"],
    ["xn--0", URL.canParse("http://xn--0/") ? "http://xn--0/" : "HTTP/1.1 400 Bad Request"], // Node 20 does not parse it
    ["a%00b", "HTTP/1.1 400 Bad Request"],
    ["[v1.x]", "HTTP/1.1 400 Bad Request"],
  ])("%s", async (host, url) => {
    expect(await urlFor("GET /", `Host: ${host}`)).toBe(url);
  });

  test("where there is none, the address that was connected to", async () => {
    const served = await serveFetch(sayUrl);
    expect((await ask(served, request("GET /x HTTP/1.0"))).body).toBe(`http://127.0.0.1:${served.port}/x`);
    expect((await ask(served, request("GET /x", "Host:"))).body).toBe(`http://127.0.0.1:${served.port}/x`);
  });
});

const environ = (change: Partial<Environ>): Environ =>
  ({
    ...{
      SCRIPT_NAME: "",
      PATH_INFO: "/",
      RAW_PATH_INFO: "/",
      HTTP_HOST: "a.example",
      SERVER_NAME: "::1",
      SERVER_PORT: "81",
    },
    ...{ "wsgi.url_scheme": "https", ...change },
  }) as Environ;

describe("of an environ that middleware has changed", () => {
  test.each([
    [
      "the mount and the rest of the raw path",
      { SCRIPT_NAME: "/é b", PATH_INFO: "/x/y", RAW_PATH_INFO: "/x%2Fy" },
      "/%C3%A9%20b/x%2Fy",
    ],
    ["the mount alone", { SCRIPT_NAME: "/api", PATH_INFO: "", RAW_PATH_INFO: "" }, "/api"],
    ["a raw path that was left behind", { SCRIPT_NAME: "/api", PATH_INFO: "/x", RAW_PATH_INFO: "/api/x" }, "/api/x"],
    [
      "a path that was rewritten",
      { PATH_INFO: "/a%b?c#d\\e\u{1f600}\ud800", RAW_PATH_INFO: "/old" },
      "/a%25b%3Fc%23d%5Ce%F0%9F%98%80%EF%BF%BD",
    ],
    ["a raw path that is no UTF-8", { PATH_INFO: "/\ufffd%zz", RAW_PATH_INFO: "/%ff%zz" }, "/%ff%zz"],
    ["no raw path", { PATH_INFO: "/x", RAW_PATH_INFO: undefined as unknown as string }, "/x"],
    ["a path without its slash", { PATH_INFO: "x", RAW_PATH_INFO: "x" }, "/x"],
    ["nothing", { PATH_INFO: "", RAW_PATH_INFO: "" }, "/"],
  ])("is made of %s", (_what, change, path) => {
    expect(urlOf(environ(change))).toBe(`https://a.example${path}`);
  });

  test("takes an IPv6 address without its zone", () => {
    expect(urlOf(environ({ HTTP_HOST: "", SERVER_NAME: "fe80::1%eth0" }))).toBe("https://[fe80::1]:81/");
  });

  test.each([
    ["/../admin", undefined],
    ["/%2e%2E/admin", undefined],
    ["/x/../../admin", undefined],
    ["/..", undefined],
    ["/../apix", undefined],
    ["/x/../y", "https://a.example/api/y"],
    ["/../api/y", "https://a.example/api/y"],
    ["/.", "https://a.example/api/"],
  ])("does not leave its mount by %s", (path, url) => {
    const decoded = decodeURIComponent(path);
    expect(urlOf(environ({ SCRIPT_NAME: "/api", PATH_INFO: decoded, RAW_PATH_INFO: path }))).toBe(url);
  });
});

test("what is taken as it is, is what a URL parser makes of it", () => {
  const characters = Array.from({ length: 0x5e }, (_, n) => String.fromCharCode(0x21 + n)).filter((c) => c !== "#");
  for (const c of characters) {
    for (const d of characters) {
      const path = `/${c}${d}/x`.replaceAll("?", "");
      const url = urlOf(environ({ PATH_INFO: path, RAW_PATH_INFO: path, QUERY_STRING: c + d }));
      expect(url).toBe(new URL(url as string).href);
    }
  }
  const hosts = ["a", "a.", "1", "1.2.3.4", "01.2.3.4", "256.1.1.1", "1.2.3.4.", "a.1", "a.0x1", "a1", "a-", "-a", "xn--a", "b.xn--a", "A", "a:1", "a:80", "a:443", "a:9999", "a:65535", "a:59999", "a_", "a..b"]; // biome-ignore format: a list
  for (const HTTP_HOST of hosts) {
    const url = urlOf(environ({ HTTP_HOST }));
    if (url !== undefined) expect(url).toBe(new URL(url).href);
    else expect(URL.canParse(`https://${HTTP_HOST}/`)).toBe(false);
  }
});

test("a host that was plain says nothing of the next one", () => {
  const known = new PlainHost();
  const environ = { SCRIPT_NAME: "", PATH_INFO: "/", RAW_PATH_INFO: "/", "wsgi.url_scheme": "http" };
  const of = (host: string): string | undefined =>
    urlOf({ ...environ, HTTP_HOST: host } as unknown as Environ, undefined, known);
  const urls = ["a.example", "a.example", "A.example", "a b", "b.example:8090", "a.example"].map(of);
  const [plain, other] = ["http://a.example/", "http://b.example:8090/"];
  expect(urls).toEqual([plain, plain, plain, undefined, other, plain]);
});
