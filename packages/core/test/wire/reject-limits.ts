// Messages that are one above a limit. What lies at it and below is in accept-limits.ts.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, reject, rejectBody } from "./cases.ts";
import { SMALL_LIMITS } from "./limits.ts";
import { bytesOf, chunked, chunkedRaw, get, lines, post, request } from "./wire.ts";

function small(row: RejectCase): RejectCase {
  return { ...row, limits: SMALL_LIMITS };
}

function head(name: string, bytes: Buffer, code: ProtocolErrorCode): RejectCase {
  return small(reject(name, bytes, code));
}

function body(name: string, bytes: Buffer, code: ProtocolErrorCode, before = ""): RejectCase {
  return small(rejectBody(name, bytes, code, before));
}

/** A path that makes `GET … HTTP/1.1` this many bytes long. */
const path = (lineBytes: number): string => `/${"p".repeat(lineBytes - "GET / HTTP/1.1".length)}`;

/** A header line of this many bytes without its CRLF. */
const line = (bytes: number): string => `X: ${"v".repeat(bytes - 3)}`;
const countedLines = (count: number): string[] => Array.from({ length: count }, (_, i) => `F: ${i % 10}`);

export const limitFaults: readonly RejectCase[] = [
  head("a request line one byte above its limit", request(`GET ${path(41)} HTTP/1.1`), "REQUEST_LINE_TOO_LONG"),
  head("a request line that never ends", bytesOf(`GET /${"p".repeat(200)}`), "REQUEST_LINE_TOO_LONG"),
  head("a method that never ends", bytesOf("M".repeat(200)), "REQUEST_LINE_TOO_LONG"),
  head(
    "a request line too long and malformed: its length counts",
    request(`G@T ${path(41)} HTTP/1.1`),
    "REQUEST_LINE_TOO_LONG",
  ),
  head(
    "a request line below its limit that ends with a bare LF",
    bytesOf(`GET ${path(31)} HTTP/1.1\nxxxxxxxxx`),
    "BAD_LINE_END",
  ),
  head(
    "a request line at its limit that ends with a bare LF",
    bytesOf(`${"G".repeat(40)}\n${"x".repeat(20)}\r\n\r\n`),
    "BAD_LINE_END",
  ),
  head(
    "a request line above its limit that ends with a bare LF",
    bytesOf(`${"G".repeat(41)}\n${"x".repeat(20)}\r\n\r\n`),
    "REQUEST_LINE_TOO_LONG",
  ),
  head("a request line too long, and a first byte that is no HTTP", bytesOf("\x16".repeat(50)), "BAD_METHOD"),
  head("a header line one byte above its limit", get(line(33)), "FIELD_TOO_LONG"),
  head(
    "a header line that never ends",
    bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}X: ${"v".repeat(60)}`),
    "FIELD_TOO_LONG",
  ),
  head(
    "a header name that never ends",
    bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}${"X".repeat(60)}`),
    "FIELD_TOO_LONG",
  ),
  head(
    "a header line of white space that never ends",
    bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}X:${" ".repeat(60)}`),
    "FIELD_TOO_LONG",
  ),
  head("a header line too long and malformed: its length counts", get(`X : ${"v".repeat(40)}`), "FIELD_TOO_LONG"),
  head("a header line too long with an early bare LF", get(`X: v\n${"v".repeat(40)}`), "BAD_LINE_END"),
  head(
    "a header line malformed after a good one too long: the first fault counts",
    get(line(33), "Y : b"),
    "FIELD_TOO_LONG",
  ),
  head("a malformed header line before one too long: the first fault counts", get("Y : b", line(33)), "BAD_FIELD_NAME"),
  head("a head one byte above its limit", get(line(32), line(32), line(8)), "HEAD_TOO_LARGE"),
  head(
    "a head that is over its limit when a line begins",
    request(`GET ${path(40)} HTTP/1.1`, line(32), line(15), "Y: z"),
    "HEAD_TOO_LARGE",
  ),
  head("a head over its limit with a bare LF right before it", get(line(32), line(32), "Y: zz\nzz"), "BAD_LINE_END"),
  head(
    "a head over its limit with a bare LF behind it",
    get(line(32), line(32), "Y: zzzzzzzzzz\nzz"),
    "HEAD_TOO_LARGE",
  ),
  head("one field too many", get(...countedLines(4)), "TOO_MANY_FIELDS"),
  head(
    "one field too many, which is malformed: their number counts",
    get(...countedLines(3), "F : 3"),
    "TOO_MANY_FIELDS",
  ),
  head("one field too many, folded: their number counts", get(...countedLines(3), " x"), "TOO_MANY_FIELDS"),
  head(
    "one field too many and the head too large: their number counts",
    get(line(32), line(32), "F:", line(32)),
    "TOO_MANY_FIELDS",
  ),
  head("a length one above the largest body", post(["Content-Length: 21"], "x".repeat(21)), "BODY_TOO_LARGE"),
  head("a length far above the largest body", post(["Content-Length: 9007199254740991"]), "BODY_TOO_LARGE"),

  body("a chunk one byte above the largest body", chunked("15", "x".repeat(21), "0", ""), "BODY_TOO_LARGE"),
  body(
    "chunks one byte above the largest body together",
    chunked("14", "x".repeat(20), "1", "y", "0", ""),
    "BODY_TOO_LARGE",
    "x".repeat(20),
  ),
  body("a chunk of 2^53 − 1 bytes", chunked("1fffffffffffff", "x"), "BODY_TOO_LARGE"),
  body(
    "an extension one byte above its limit",
    chunked(`5;${"e".repeat(10)}`, "hello", "0", ""),
    "BAD_CHUNK_EXTENSION",
  ),
  body(
    "white space after a chunk size above its limit",
    chunked(`5${" ".repeat(11)};`, "hello", "0", ""),
    "BAD_CHUNK_EXTENSION",
  ),
  body(
    "extensions above the limit together",
    chunked("1;abcd", "x", "1;abcd", "y", "0;e", ""),
    "BAD_CHUNK_EXTENSION",
    "xy",
  ),
  body(
    "the shortest extensions above the limit together",
    chunked(...Array.from({ length: 6 }, () => ["1;e", "x"]).flat(), "0", ""),
    "BAD_CHUNK_EXTENSION",
    "x".repeat(5),
  ),
  body("an extension that never ends", chunkedRaw(`5;${"e".repeat(100)}`), "BAD_CHUNK_EXTENSION"),
  body("a trailer line one byte above its limit", chunked("0", line(33), ""), "FIELD_TOO_LONG"),
  body("a trailer line that never ends", chunkedRaw(`0\r\nX: ${"v".repeat(90)}`), "FIELD_TOO_LONG"),
  body("a trailer line too long with an early bare LF", chunked("0", `X: v\n${"v".repeat(40)}`, ""), "BAD_LINE_END"),
  body(
    "trailers one byte above their limit",
    chunked("0", line(32), line(32), line(8), line(23), ""),
    "HEAD_TOO_LARGE",
  ),
  body("one trailer too many", chunked("0", ...countedLines(5), ""), "TOO_MANY_FIELDS"),
  body("forbidden trailers too many", chunked("0", ...Array(5).fill("Host: b"), ""), "TOO_MANY_FIELDS"),

  reject("a request line of 8193 bytes", request(`GET ${path(8193)} HTTP/1.1`), "REQUEST_LINE_TOO_LONG"),
  reject(
    "a request line of 100000 bytes that does not end",
    bytesOf(`GET /${"p".repeat(99995)}`),
    "REQUEST_LINE_TOO_LONG",
  ),
  reject("a header line of 8193 bytes", get(line(8193)), "FIELD_TOO_LONG"),
  reject("a head of more than 65536 bytes", get(...Array<string>(70).fill(line(1000))), "HEAD_TOO_LARGE"),
  reject("a hundred and one fields", get(...countedLines(100)), "TOO_MANY_FIELDS"),
  rejectBody(
    "chunk extensions of 4097 bytes",
    chunked(`5;${"e".repeat(4096)}`, "hello", "0", ""),
    "BAD_CHUNK_EXTENSION",
  ),
];
