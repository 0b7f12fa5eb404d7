// What parseRequestHead says beyond the tables of wire cases, which drive it through the parser: positions, texts of
// errors, and what it does with a head that ends early.

import { describe, expect, test } from "vitest";
import { ProtocolError } from "../src/errors.ts";
import { parseRequestHead, type RequestHead } from "../src/request-head.ts";
import { DEFAULT_LIMITS, SMALL_LIMITS } from "./wire/limits.ts";
import { lines } from "./wire/wire.ts";

function parse(text: string, start = 0): RequestHead {
  return parseRequestHead(text, start, DEFAULT_LIMITS);
}

function faultOf(text: string, limits = DEFAULT_LIMITS): ProtocolError {
  try {
    parseRequestHead(text, 0, limits);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error(`understood ${JSON.stringify(text)}`);
}

test("a head has every part, whether it uses it or not", () => {
  const text = lines("GET /a?b HTTP/1.1", "Host: c", "");
  expect(parse(text)).toEqual({
    ...{ method: "GET", target: "/a?b", path: "/a", query: "b", minorVersion: 1, host: "c" },
    requestLine: "GET /a?b HTTP/1.1",
    version: "HTTP/1.1",
    fields: [["Host", "c"]],
    framing: { kind: "none", length: 0 },
    ...{ keepAlive: true, asksKeepAlive: false, wantsContinue: false, end: text.length },
  });
});

test("a head has its parts in one order, so that all heads share a shape", () => {
  const plain = parse(lines("GET / HTTP/1.0", ""));
  const rich = parse(lines("POST http://b/?c HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-continue", ""));
  expect(Object.keys(rich)).toEqual(Object.keys(plain));
});

test.each<[string, 0 | 1]>([
  ["HTTP/1.0", 0],
  ["HTTP/1.1", 1],
  ["HTTP/1.7", 1],
])("a head of %s keeps its version as it came, beside the one that is spoken", (version, minorVersion) => {
  expect(parse(lines(`GET / ${version}`, "Host: a", ""))).toMatchObject({ version, minorVersion });
});

test("a head is read from where it starts, and ends behind its empty line", () => {
  const before = lines("GET /1 HTTP/1.1", "Host: a", "");
  const text = `${before}${lines("GET /2 HTTP/1.1", "Host: bb", "")}GET /3`;
  expect(parse(text, before.length)).toMatchObject({ target: "/2", host: "bb", end: text.length - "GET /3".length });
});

test("limits are measured from where a head starts", () => {
  const before = "x".repeat(1000);
  const text = `${before}${lines("GET / HTTP/1.1", "Host: a", "")}`;
  expect(parseRequestHead(text, before.length, SMALL_LIMITS)).toMatchObject({ target: "/" });
});

test.each<[string, string, Partial<RequestHead["framing"]>]>([
  ["none", "X: y", { kind: "none", length: 0 }],
  ["a length", "Content-Length: 5", { kind: "length", length: 5 }],
  ["the longest length", "Content-Length: 9007199254740991", { kind: "length", length: Number.MAX_SAFE_INTEGER }],
  ["chunked", "Transfer-Encoding: chunked", { kind: "chunked", length: 0 }],
])("the framing is %s", (_, line, framing) => {
  expect(parse(lines("POST / HTTP/1.1", "Host: a", line, "")).framing).toEqual(framing);
});

test.each([
  ["GET", 'BAD_REQUEST_LINE: "GET"'],
  ["GET /", 'BAD_REQUEST_LINE: "GET /"'],
  ["GET  / HTTP/1.1", 'BAD_REQUEST_LINE: "GET  / HTTP/1.1"'],
  ["GET  HTTP/1.1", 'BAD_REQUEST_LINE: "GET  HTTP/1.1"'],
  [" GET / HTTP/1.1", "BAD_REQUEST_LINE: it begins with white space"],
  ["G@T / HTTP/1.1", 'BAD_METHOD: "G@"'],
  ["@GET / HTTP/1.1", 'BAD_METHOD: "@"'],
  ["GET / HTTP/1.11", 'BAD_VERSION: "HTTP/1.11"'],
  ["GET / HTTP/2.0", "UNSUPPORTED_VERSION: HTTP/2.0"],
])("%j is refused with %s", (line, expected) => {
  const { code, message } = faultOf(lines(line, "Host: a", ""));
  expect(`${code}${message.slice(message.lastIndexOf(": "))}`).toBe(expected);
});

test.each([
  ["Host: a b", 'BAD_HOST: "a b"'],
  ["Host: a\r\nContent-Length: x", 'BAD_CONTENT_LENGTH: "x"'],
  ["Host: a\r\nContent-Length: 5\r\ncontent-length: 6", 'REPEATED_CONTENT_LENGTH: "5,6"'],
  ["Host: a\r\nTransfer-Encoding: x\r\ntransfer-encoding: y", 'BAD_TRANSFER_ENCODING: "x,y"'],
  ["Host: a\r\nTransfer-Encoding: x\r\ntransfer-encoding: chunked", 'UNSUPPORTED_TRANSFER_ENCODING: "x,chunked"'],
  ["Host: a\r\nExpect: 100-continue\r\nexpect: tea", 'UNKNOWN_EXPECTATION: "100-continue,tea"'],
])("the error for %j shows what came", (fieldLines, expected) => {
  const { code, message } = faultOf(lines("POST / HTTP/1.1", fieldLines, ""));
  expect(`${code}${message.slice(message.lastIndexOf(": "))}`).toBe(expected);
});

test("a body that is announced too large is refused, with both sizes", () => {
  const text = lines("POST / HTTP/1.1", "Host: a", "Content-Length: 21", "");
  expect(faultOf(text, SMALL_LIMITS)).toMatchObject({
    ...{ code: "BODY_TOO_LARGE", status: 413 },
    message: "the body is larger than is accepted here: 21 of at most 20 bytes",
  });
});

describe("the first of several faults counts", () => {
  test.each([
    ["the version before the target", ["GET # HTTP/2.0", "Host: a"], "UNSUPPORTED_VERSION"],
    ["the target before the line end", ["GET # HTTP/1.1\rX", "Host: a"], "BAD_TARGET"],
    ["the request line before the fields", ["GET # HTTP/1.1", "X : y"], "BAD_TARGET"],
    ["a bad field before a missing Host", ["GET / HTTP/1.1", "X : y"], "BAD_FIELD_NAME"],
    ["a repeated Host before a bad one", ["GET / HTTP/1.1", "Host: a b", "Host: a"], "REPEATED_HOST"],
    ["Host before the framing", ["GET / HTTP/1.1", "Host: a b", "Content-Length: x"], "BAD_HOST"],
    [
      "the framing before the expectation",
      ["GET / HTTP/1.1", "Host: a", "Expect: x", "Content-Length: x"],
      "BAD_CONTENT_LENGTH",
    ],
  ])("%s", (_, texts, code) => {
    expect(faultOf(lines(...texts, "")).code).toBe(code);
  });
});

test("no beginning of a head is taken for a head", () => {
  const text = lines("GET / HTTP/1.1", "Host: a", "X: y", "");
  for (let end = 0; end < text.length; end++) {
    expect(() => parse(text.slice(0, end)), `the first ${end} bytes`).toThrow(ProtocolError);
  }
});
