// Every byte at every kind of place in a message: understood where the grammar has it, refused where it has not. So does
// whoever looks for a way to smuggle (the tools go through `Transfer-Encoding\xNN:` and its like byte by byte).
// RFC 9112 §2 to §7, RFC 9110 §5, RFC 3986 §3.2.2; the sets are spelled out here once more, not taken from grammar.ts.

import { expect, test } from "vitest";
import { byteByByte, transcript } from "./wire/drive.ts";
import { DEFAULT_LIMITS } from "./wire/limits.ts";
import { bytesOf, chunkedRaw, get, lines, post, request } from "./wire/wire.ts";

const ALL = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const matching = (pattern: RegExp): string => ALL.filter((byte) => pattern.test(byte)).join("");

const DIGIT = "0123456789";
const TCHAR = matching(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/);
const TEXT = matching(/[\t\x20-\x7e\x80-\xff]/);
const TARGET = matching(/[\x21-\x22\x24-\x7e]/);
const REG_NAME = matching(/[-._~!$&'()*+,;=0-9A-Za-z]/);
const NONE = "";
const BLANK = " \t";

type Place = readonly [name: string, bytes: (byte: string) => Buffer, allowed: string, body?: string];

const field = (name: string, line: (byte: string) => string, allowed: string): Place => [
  name,
  (byte) => get(line(byte)),
  allowed,
];
const framed = (name: string, line: (byte: string) => string, allowed: string): Place => [
  name,
  (byte) => post([line(byte)], line("").startsWith("Content-Length") ? "hello" : "5\r\nhello\r\n0\r\n\r\n"),
  allowed,
  "hello",
];
const chunk = (name: string, text: (byte: string) => string, allowed: string): Place => [
  name,
  (byte) => chunkedRaw(text(byte)),
  allowed,
  "hello",
];
const rest = "\r\nhello\r\n0\r\n\r\n";

const places: readonly Place[] = [
  ["before the method", (byte) => request(`${byte}GET / HTTP/1.1`), TCHAR],
  ["inside the method", (byte) => request(`G${byte}T / HTTP/1.1`), TCHAR],
  ["for the space after the method", (byte) => request(`GET${byte}/ HTTP/1.1`), " "],
  ["before the target", (byte) => request(`GET ${byte}/ HTTP/1.1`), "/"],
  ["inside the target", (byte) => request(`GET /a${byte}b HTTP/1.1`), TARGET],
  ["inside the query", (byte) => request(`GET /?a${byte}b HTTP/1.1`), TARGET],
  ["inside the host of a URL", (byte) => request(`GET http://a${byte}b/ HTTP/1.1`), `${REG_NAME}/?`],
  ["for the space after the target", (byte) => request(`GET /${byte}HTTP/1.1`), " "],
  ["before the version", (byte) => request(`GET / ${byte}HTTP/1.1`), NONE],
  ["for the major digit", (byte) => request(`GET / HTTP/${byte}.1`), "1"],
  ["for the dot", (byte) => request(`GET / HTTP/1${byte}1`), "."],
  ["for the minor digit", (byte) => request(`GET / HTTP/1.${byte}`), DIGIT],
  ["after the version", (byte) => request(`GET / HTTP/1.1${byte}`), NONE],
  ["for the CR of the request line", (byte) => bytesOf(`GET / HTTP/1.1${byte}\nHost: a\r\n\r\n`), "\r"],
  ["for the LF of the request line", (byte) => bytesOf(`GET / HTTP/1.1\r${byte}Host: a\r\n\r\n`), "\n"],
  field("before a name", (byte) => `${byte}X: y`, TCHAR),
  field("inside a name", (byte) => `X${byte}Y: z`, `${TCHAR}:`),
  field("before the colon", (byte) => `X${byte}: y`, `${TCHAR}:`),
  field("for the colon", (byte) => `X${byte} y`, ":"),
  field("after the colon", (byte) => `X:${byte}y`, TEXT),
  field("inside a value", (byte) => `X: y${byte}z`, TEXT),
  field("after a value", (byte) => `X: y${byte}`, TEXT),
  ["for the CR of a field", (byte) => bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}X: y${byte}\nY: z\r\n\r\n`), "\r"],
  ["for the LF of a field", (byte) => bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}X: y\r${byte}Y: z\r\n\r\n`), "\n"],
  ["for the CR of the empty line", (byte) => bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}${byte}\n`), "\r"],
  ["for the LF of the empty line", (byte) => bytesOf(`${lines("GET / HTTP/1.1", "Host: a")}\r${byte}`), "\n"],
  ["inside Host", (byte) => bytesOf(lines("GET / HTTP/1.1", `Host: a${byte}b`, "")), REG_NAME],
  ["for the colon of a port", (byte) => bytesOf(lines("GET / HTTP/1.1", `Host: a${byte}80`, "")), `${REG_NAME}:%`],
  framed("before Transfer-Encoding", (byte) => `${byte}Transfer-Encoding: chunked`, NONE),
  framed("after Transfer-Encoding", (byte) => `Transfer-Encoding${byte}: chunked`, NONE),
  framed("for the hyphen of Transfer-Encoding", (byte) => `Transfer${byte}Encoding: chunked`, "-"),
  framed("before chunked", (byte) => `Transfer-Encoding:${byte}chunked`, `${BLANK},`),
  framed("after chunked", (byte) => `Transfer-Encoding: chunked${byte}`, `${BLANK},`),
  framed("before Content-Length", (byte) => `${byte}Content-Length: 5`, NONE),
  framed("after Content-Length", (byte) => `Content-Length${byte}: 5`, NONE),
  framed("before a length", (byte) => `Content-Length:${byte}5`, `${BLANK}0`),
  framed("after a length", (byte) => `Content-Length: 5${byte}`, BLANK),
  chunk("before a chunk size", (byte) => `${byte}5${rest}`, "0"),
  chunk("after a chunk size", (byte) => `5${byte}${rest}`, NONE),
  chunk("for the CR of a chunk size", (byte) => `5${byte}\nhello\r\n0\r\n\r\n`, "\r"),
  chunk("for the LF of a chunk size", (byte) => `5\r${byte}hello\r\n0\r\n\r\n`, "\n"),
  chunk("before the semicolon of an extension", (byte) => `5${byte};a${rest}`, BLANK),
  chunk("before the name of an extension", (byte) => `5;${byte}a${rest}`, BLANK + TCHAR),
  chunk("inside the name of an extension", (byte) => `5;a${byte}b${rest}`, `${TCHAR};=`),
  chunk("after the name of an extension", (byte) => `5;a${byte}${rest}`, TCHAR),
  chunk("after the value of an extension", (byte) => `5;a=b${byte}${rest}`, TCHAR),
  chunk("inside quotes", (byte) => `5;a="${byte}"${rest}`, TEXT.replace(/["\\]/g, "")),
  chunk("behind a backslash inside quotes", (byte) => `5;a="\\${byte}"${rest}`, TEXT),
  chunk("behind quotes", (byte) => `5;a="b"${byte}${rest}`, NONE),
  chunk("behind the data", (byte) => `5\r\nhello${byte}\r\n0\r\n\r\n`, NONE),
  chunk("for the CR behind the data", (byte) => `5\r\nhello${byte}\n0\r\n\r\n`, "\r"),
  chunk("for the LF behind the data", (byte) => `5\r\nhello\r${byte}0\r\n\r\n`, "\n"),
  chunk("inside the name of a trailer", (byte) => `5\r\nhello\r\n0\r\nX${byte}Y: z\r\n\r\n`, `${TCHAR}:`),
  chunk("before the name of a trailer", (byte) => `5\r\nhello\r\n0\r\n${byte}X: z\r\n\r\n`, TCHAR),
  chunk("inside the value of a trailer", (byte) => `5\r\nhello\r\n0\r\nX: y${byte}z\r\n\r\n`, TEXT),
  chunk("for the CR of the last line", (byte) => `5\r\nhello\r\n0\r\n${byte}\n`, "\r"),
  chunk("for the LF of the last line", (byte) => `5\r\nhello\r\n0\r\n\r${byte}`, "\n"),
];

/** Whether these bytes are one whole message with this body, and nothing else. */
function isUnderstood(bytes: Buffer, body: string): boolean[] {
  return [[bytes], byteByByte(bytes)].map((pieces) => {
    const { messages, unfinishedBody, fault } = transcript(pieces, DEFAULT_LIMITS);
    const isWhole = messages.length === 1 && messages[0]?.body === body;
    return isWhole && unfinishedBody === undefined && fault === undefined;
  });
}

test.each(places.map((place) => [place[0], place] as const))("%s", (_, [, bytes, allowed, body = ""]) => {
  const found = ALL.filter((byte) => {
    const [whole, inPieces] = isUnderstood(bytes(byte), body);
    expect(inPieces, JSON.stringify(byte)).toBe(whole);
    return whole;
  });
  expect(found).toEqual(ALL.filter((byte) => allowed.includes(byte)));
});
