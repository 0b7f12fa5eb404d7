// Messages that reach a limit and do not cross it: with small limits, and with those of a server nobody configured.
// What lies one byte above is in reject-limits.ts.

import type { Field } from "../../src/fields.ts";
import { type AcceptCase, accept, HOST, type Message } from "./cases.ts";
import { SMALL_LIMITS } from "./limits.ts";
import { bytesOf, chunked, lines, post, request } from "./wire.ts";

function small(name: string, bytes: Buffer, ...messages: readonly Partial<Message>[]): AcceptCase {
  return { ...accept(name, bytes, ...messages), limits: SMALL_LIMITS };
}

/** A path that makes `GET … HTTP/1.1` this many bytes long. */
const path = (lineBytes: number): string => `/${"p".repeat(lineBytes - "GET / HTTP/1.1".length)}`;

/** An `X` line of this many bytes without its CRLF. */
const field = (lineBytes: number): Field => ["X", "v".repeat(lineBytes - 3)];
const lineOf = ([name, value]: Field): string => `${name}: ${value}`;

/** Fields of up to 1000 bytes that fill a head of `request()` up to this many bytes. */
function filling(requestLine: string, headBytes: number): Field[] {
  const fields: Field[] = [];
  let left = headBytes - lines(requestLine, "Host: a").length;
  for (; left > 1100; left -= 1002) fields.push(field(1000));
  return [...fields, field(left)]; // its CRLF does not count
}

const OK_CHUNK: Partial<Message> = { method: "POST", fields: [HOST, ["Transfer-Encoding", "chunked"]], trailers: [] };
const many = (count: number): Field[] => Array.from({ length: count }, (_, i): Field => ["F", String(i % 10)]);

function withFields(name: string, fields: readonly Field[]): AcceptCase {
  return small(name, request("GET / HTTP/1.1", ...fields.map(lineOf)), { fields: [HOST, ...fields] });
}

export const limitCases: readonly AcceptCase[] = [
  small("a request line one byte below its limit", request(`GET ${path(39)} HTTP/1.1`), { target: path(39) }),
  small("a request line at its limit", request(`GET ${path(40)} HTTP/1.1`), { target: path(40) }),
  small(
    "a request line at its limit after an empty line",
    Buffer.concat([bytesOf("\r\n"), request(`GET ${path(40)} HTTP/1.1`)]),
    { target: path(40) },
  ),
  withFields("a header line one byte below its limit", [field(31)]),
  withFields("a header line at its limit", [field(32)]),
  accept("a header line at its limit, white space counted", request("GET / HTTP/1.1", `X: ${" ".repeat(8188)}v`), {
    fields: [HOST, ["X", "v"]],
  }),
  withFields("a head one byte below its limit", [field(32), field(32), field(6)]),
  withFields("a head at its limit", [field(32), field(32), field(7)]),
  withFields("one field below their highest number", many(2)),
  withFields("the highest number of fields", many(3)),
  small("a body one byte below its limit", post(["Content-Length: 19"], "x".repeat(19)), {
    ...{ method: "POST", fields: [HOST, ["Content-Length", "19"]], body: "x".repeat(19) },
  }),
  small("a body at its limit", post(["Content-Length: 20"], "x".repeat(20)), {
    ...{ method: "POST", fields: [HOST, ["Content-Length", "20"]], body: "x".repeat(20) },
  }),
  small("a chunked body at its limit", chunked("14", "x".repeat(20), "0", ""), { ...OK_CHUNK, body: "x".repeat(20) }),
  small("chunks that reach the limit together", chunked("a", "x".repeat(10), "A", "x".repeat(10), "0", ""), {
    ...OK_CHUNK,
    body: "x".repeat(20),
  }),
  small("an extension one byte below its limit", chunked(`5;${"e".repeat(8)}`, "hello", "0", ""), {
    ...OK_CHUNK,
    body: "hello",
  }),
  small("an extension at its limit", chunked(`5;${"e".repeat(9)}`, "hello", "0", ""), { ...OK_CHUNK, body: "hello" }),
  small("extensions that reach the limit together", chunked("1;abcd", "x", "1 ;bcd", "y", "0", ""), {
    ...OK_CHUNK,
    body: "xy",
  }),
  small("a trailer line at its limit", chunked("0", lineOf(field(32)), ""), { ...OK_CHUNK, trailers: [field(32)] }),
  small("trailers at their limit", chunked("0", lineOf(field(32)), lineOf(field(32)), lineOf(field(32)), ""), {
    ...{ ...OK_CHUNK, trailers: [field(32), field(32), field(32)] },
  }),
  small("the highest number of trailers", chunked("0", "F: 0", "F: 1", "F: 2", "F: 3", ""), {
    ...OK_CHUNK,
    trailers: many(4),
  }),
  small(
    "two requests that reach the limits one after the other",
    Buffer.concat([
      request("GET / HTTP/1.1", ...many(3).map(lineOf)),
      chunked("14;aaaaaaaaa", "x".repeat(20), "0", ""),
      chunked("14;aaaaaaaaa", "x".repeat(20), "0", ""),
    ]),
    { fields: [HOST, ...many(3)] },
    { ...OK_CHUNK, body: "x".repeat(20) },
    { ...OK_CHUNK, body: "x".repeat(20) },
  ),

  accept("a request line of 8192 bytes", request(`GET ${path(8192)} HTTP/1.1`), { target: path(8192) }),
  accept("a header line of 8192 bytes", request("GET / HTTP/1.1", lineOf(field(8192))), {
    fields: [HOST, field(8192)],
  }),
  accept("a head of 65536 bytes", request("GET / HTTP/1.1", ...filling("GET / HTTP/1.1", 65536).map(lineOf)), {
    fields: [HOST, ...filling("GET / HTTP/1.1", 65536)],
  }),
  accept("a hundred fields", request("GET / HTTP/1.1", ...many(99).map(lineOf)), { fields: [HOST, ...many(99)] }),
  accept("chunk extensions of 4096 bytes", chunked(`5;${"e".repeat(4095)}`, "hello", "0", ""), {
    ...OK_CHUNK,
    body: "hello",
  }),
];
