import { describe, expect, test } from "vitest";
import { ask } from "../../core/test/support/answers.ts";
import { fromFetch, type TrustProxy, type WsgiRequest } from "../src/index.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const seen = (asked: Request): Response => new Response(`${asked.url} ${(asked as WsgiRequest).ip}`);

async function see(trustProxy: boolean | TrustProxy, ...headers: readonly string[]): Promise<string> {
  const served = await serveFetch(seen, { trustProxy });
  return (await ask(served, request("GET /", ...headers))).body;
}

const X = ["X-Forwarded-Proto: https", "X-Forwarded-Host: out.example", "X-Forwarded-For: 192.0.2.1"];
const FORWARDED = 'Forwarded: for="[2001:db8::1]:4711";proto=https;host="out.example:8443"';

test("believes nobody unless it is told to", async () => {
  expect(await see(false, ...X, FORWARDED)).toBe("http://example.com/ 127.0.0.1");
});

describe("X-Forwarded-*", () => {
  test.each([
    ["all three", true, X, "https://out.example/ 192.0.2.1"],
    ["nothing of Forwarded", true, [FORWARDED], "http://example.com/ 127.0.0.1"],
    ["a port beside the host", {}, [...X, "X-Forwarded-Port: 8443"], "https://out.example:8443/ 192.0.2.1"],
    [
      "the port of the host first",
      {},
      ["X-Forwarded-Host: a:1234", "X-Forwarded-Port: 8443"],
      "http://a:1234/ 127.0.0.1",
    ],
    [
      "what the nearest added",
      {},
      ["X-Forwarded-For: 10.0.0.1, 192.0.2.9", "X-Forwarded-Proto: https, http"],
      "http://example.com/ 192.0.2.9",
    ],
    [
      "what the second added",
      { hops: 2 },
      ["X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.1"],
      "http://example.com/ 192.0.2.1",
    ],
    ["the first, where a proxy replaces", { hops: 2 }, ["X-Forwarded-Proto: https"], "https://example.com/ 127.0.0.1"],
    ["no scheme that is none", {}, ["X-Forwarded-Proto: javascript"], "http://example.com/ 127.0.0.1"],
    ["no host that is none", {}, ["X-Forwarded-Host: a/b@c"], "http://example.com/ 127.0.0.1"],
    ["no client that is none", {}, ["X-Forwarded-For: unknown"], "http://example.com/ 127.0.0.1"],
    ["IPv6 clients", {}, ["X-Forwarded-For: 2001:db8::1"], "http://example.com/ 2001:db8::1"],
    ["clients with a port", {}, ["X-Forwarded-For: 192.0.2.1:4711"], "http://example.com/ 192.0.2.1"],
  ])("gives %s", async (_what, option, headers, expected) => {
    expect(await see(option as TrustProxy, ...headers)).toBe(expected);
  });
});

describe("Forwarded", () => {
  test.each([
    ["quoted values", [FORWARDED], "https://out.example:8443/ 2001:db8::1"],
    ["nothing of X-Forwarded-*", X, "http://example.com/ 127.0.0.1"],
    ["the last element", ["Forwarded: proto=https;host=a, for=192.0.2.7;host=b"], "http://b/ 192.0.2.7"],
    ["names in any case", ["Forwarded: PROTO=HTTPS; Host=b"], "https://b/ 127.0.0.1"],
    ["commas and semicolons in quotes", ['Forwarded: for="a,b";ext="x;host=evil\\"";host=b'], "http://b/ 127.0.0.1"],
    ["no hidden names", ["Forwarded: for=_gazonk"], "http://example.com/ 127.0.0.1"],
    ["nothing of nonsense", ["Forwarded: ;;=;a"], "http://example.com/ 127.0.0.1"],
  ])("gives %s", async (_what, headers, expected) => {
    expect(await see({ headers: "forwarded" }, ...headers)).toBe(expected);
  });
});

describe("`from`", () => {
  test.each([
    ["an address that is not listed", ["192.0.2.1"], "http://example.com/ 127.0.0.1"],
    ["an address that is", ["192.0.2.1", "127.0.0.1"], "https://out.example/ 192.0.2.1"],
    ["a function that says no", () => false, "http://example.com/ 127.0.0.1"],
    ["a function that says yes", (address: string) => address === "127.0.0.1", "https://out.example/ 192.0.2.1"],
  ])("%s", async (_what, from, expected) => {
    expect(await see({ from }, ...X)).toBe(expected);
  });
});

test.each([
  ["trustProxy: expected a boolean or an object, got 1", 1],
  ['trustProxy.headers: expected "x-forwarded" or "forwarded", got "all"', { headers: "all" }],
  ["trustProxy.hops: expected a whole number from 1, got 0", { hops: 0 }],
  ['trustProxy.from: expected a list of addresses or a function, got "127.0.0.1"', { from: "127.0.0.1" }],
])("refuses at once: %s", (message, trustProxy) => {
  expect(() => fromFetch(() => new Response(), { trustProxy: trustProxy as TrustProxy })).toThrow(
    expect.objectContaining({ code: "BAD_OPTION", message: expect.stringContaining(message) }),
  );
});
