// Header lines and Host that are refused: RFC 9112 §2.2, §5.1, §5.2, §3.2; RFC 9110 §5.5, §10.1.1.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, reject } from "./cases.ts";
import { bytesOf, get, lines, request, wire } from "./wire.ts";

function field(name: string, line: string, code: ProtocolErrorCode): RejectCase {
  return reject(name, get(line), code);
}

/** Whatever stands after `Host: a` CRLF, no line end added. */
function raw(name: string, text: string, code: ProtocolErrorCode): RejectCase {
  return reject(name, bytesOf(`GET / HTTP/1.1\r\nHost: a\r\n${text}`), code);
}

function host(name: string, value: string): RejectCase {
  return reject(name, bytesOf(lines("GET / HTTP/1.1", `Host: ${value}`, "")), "BAD_HOST");
}

const CONTROLS = [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f];
const NAME_SEPARATORS = ["(", ")", ",", "/", ";", "<", "=", ">", "?", "@", "[", "\\", "]", "{", "}", '"'];

const hex = (code: number): string => `0x${code.toString(16).padStart(2, "0")}`;

export const fieldFaults: readonly RejectCase[] = [
  field("a space before the colon", "X : b", "BAD_FIELD_NAME"),
  field("a tab before the colon", "X\t: b", "BAD_FIELD_NAME"),
  field("a space inside a name", "X Y: b", "BAD_FIELD_NAME"),
  field("an empty name", ": b", "BAD_FIELD_NAME"),
  field("a colon alone", ":", "BAD_FIELD_NAME"),
  field("a line without a colon", "X", "BAD_FIELD_NAME"),
  field("a line of words without a colon", "X b", "BAD_FIELD_NAME"),
  field("a name with NUL", "X\0: b", "BAD_FIELD_NAME"),
  field("a name with DEL", "X\x7f: b", "BAD_FIELD_NAME"),
  field("a name with a byte above ASCII", "\xdc: b", "BAD_FIELD_NAME"),
  ...NAME_SEPARATORS.map((mark) => field(`a name with ${mark}`, `X${mark}: b`, "BAD_FIELD_NAME")),
  field("a second request line among the headers", "GET / HTTP/1.1", "BAD_FIELD_NAME"),

  ...CONTROLS.map((code) => field(`a value with ${hex(code)}`, `X: a${String.fromCharCode(code)}b`, "BAD_FIELD_VALUE")),
  field("a value that begins with NUL", "X:\0b", "BAD_FIELD_VALUE"),
  field("a value that ends with NUL", "X: b\0", "BAD_FIELD_VALUE"),

  field("a folded value", "X: b\r\n c", "OBSOLETE_FOLDING"),
  field("a value folded with a tab", "X: b\r\n\tc", "OBSOLETE_FOLDING"),
  field("a folded line of white space only", "X: b\r\n ", "OBSOLETE_FOLDING"),
  field("a folded empty value", "X:\r\n b", "OBSOLETE_FOLDING"),
  field("a folded Content-Length", "Content-Length:\r\n 5", "OBSOLETE_FOLDING"),
  reject("white space before the first header", bytesOf("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "OBSOLETE_FOLDING"),
  reject("a tab before the first header", bytesOf("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"), "OBSOLETE_FOLDING"),

  raw("a header that ends with a bare LF", "X: b\nY: c\r\n\r\n", "BAD_LINE_END"),
  raw("a header that ends with a bare CR", "X: b\rY: c\r\n\r\n", "BAD_LINE_END"),
  raw("a header that ends with LF CR", "X: b\n\rY: c\r\n\r\n", "BAD_LINE_END"),
  raw("a header that ends with CR CR LF", "X: b\r\r\nY: c\r\n\r\n", "BAD_LINE_END"),
  raw("a head that ends with two bare LF", "X: b\n\n", "BAD_LINE_END"),
  raw("a head that ends with CRLF and a bare LF", "X: b\r\n\n", "BAD_LINE_END"),
  raw("a head that ends with CRLF and a bare CR", "X: b\r\n\rx", "BAD_LINE_END"),
  raw("a head that ends with CR CR", "X: b\r\r", "BAD_LINE_END"),
  raw("a bare LF inside a name", "X\nY: b\r\n\r\n", "BAD_LINE_END"),
  raw("a bare CR inside a name", "X\rY: b\r\n\r\n", "BAD_FIELD_NAME"),
  raw("a bare LF before a name", "\nX: b\r\n\r\n", "BAD_LINE_END"),
  raw("a bare LF after the colon", "X:\nb\r\n\r\n", "BAD_LINE_END"),
  raw("a bare CR after the colon", "X:\rb\r\n\r\n", "BAD_LINE_END"),
  raw("a bare LF between two faults: the first counts", "X: a\0b\nc\r\n\r\n", "BAD_FIELD_VALUE"),

  reject("HTTP/1.1 without Host", bytesOf(lines("GET / HTTP/1.1", "")), "MISSING_HOST"),
  reject(
    "HTTP/1.1 with other fields and no Host",
    bytesOf(lines("GET / HTTP/1.1", "X-Host: a", "Hots: a", "")),
    "MISSING_HOST",
  ),
  reject("HTTP/1.2 without Host", bytesOf(lines("GET / HTTP/1.2", "")), "MISSING_HOST"),
  field("a second Host", "Host: b", "REPEATED_HOST"),
  field("the same Host again", "Host: a", "REPEATED_HOST"),
  field("a second Host in another case", "hOST: a", "REPEATED_HOST"),
  field("a second Host that is empty", "Host:", "REPEATED_HOST"),
  reject("a second Host on HTTP/1.0", request("GET / HTTP/1.0", "Host: b"), "REPEATED_HOST"),
  reject("a second Host beside a URL", request("GET http://a/ HTTP/1.1", "Host: a"), "REPEATED_HOST"),
  reject("a first Host that is empty", bytesOf(lines("GET / HTTP/1.1", "Host:", "Host: a", "")), "REPEATED_HOST"),
  reject("a bad Host beside a good URL", bytesOf(lines("GET http://a/ HTTP/1.1", "Host: a b", "")), "BAD_HOST"),
  reject("a bad Host on HTTP/1.0", bytesOf(lines("GET / HTTP/1.0", "Host: a/b", "")), "BAD_HOST"),
  host("Host with a space", "a b"),
  host("Host as a list", "a, b"),
  host("Host with a path", "a/b"),
  host("Host with a query", "a?b"),
  host("Host with a fragment", "a#b"),
  host("Host as a URL", "http://a/"),
  host("Host with a user", "user@a"),
  host("Host with a backslash", "a\\b"),
  host("Host with a byte above ASCII", "caf\xe9"),
  host("Host with a tab", "a\tb"),
  host("Host with a port of letters", "a:http"),
  host("Host with a port above 65535", "a:65536"),
  host("Host with a port of six digits", "a:000080"),
  host("Host with a negative port", "a:-1"),
  host("Host with two ports", "a:80:80"),
  host("Host with IPv6 and no brackets", "::1"),
  host("Host with an unclosed bracket", "[::1"),
  host("Host with a bracket at the end only", "::1]"),
  host("Host with empty brackets", "[]"),
  host("Host with a name in brackets", "[a.example]"),
  host("Host with an IPv4 address in brackets", "[127.0.0.1]"),
  host("Host with text after the bracket", "[::1]a"),
  host("Host with text before the bracket", "a[::1]"),
  host("Host with half an encoding", "a%4"),
  host("Host with a bad encoding", "a%zz"),
  host("Host with a percent sign at the end", "a%"),

  field("a second Content-Type", "Content-Type: text/plain\r\nContent-Type: text/html", "REPEATED_CONTENT_TYPE"),
  field("the same Content-Type again", "Content-Type: a/b\r\nContent-Type: a/b", "REPEATED_CONTENT_TYPE"),
  field("a second Content-Type in another case", "Content-Type: a/b\r\ncONTENT-tYPE: c/d", "REPEATED_CONTENT_TYPE"),
  field("a second Content-Type that is empty", "Content-Type: a/b\r\nContent-Type:", "REPEATED_CONTENT_TYPE"),
  field("a first Content-Type that is empty", "content-type:\r\nContent-Type: a/b", "REPEATED_CONTENT_TYPE"),

  field("an unknown expectation", "Expect: tea", "UNKNOWN_EXPECTATION"),
  field("an unknown expectation beside a known one", "Expect: 100-continue, tea", "UNKNOWN_EXPECTATION"),
  field("an expectation with a parameter", "Expect: 100-continue;a=b", "UNKNOWN_EXPECTATION"),
  field("another number of an expectation", "Expect: 200-ok", "UNKNOWN_EXPECTATION"),
  reject(
    "an unknown expectation in a second field",
    wire`
      POST / HTTP/1.1
      Host: a
      Expect: 100-continue
      Expect: tea
      Content-Length: 5

      hello`,
    "UNKNOWN_EXPECTATION",
  ),
];
