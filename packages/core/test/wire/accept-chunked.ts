// Chunked bodies that are understood: RFC 9112 §7.1. Extensions are skipped, trailers kept, forbidden trailers dropped.

import type { Field } from "../../src/fields.ts";
import { type AcceptCase, accept, HOST } from "./cases.ts";
import { chunked, chunkedRaw, lines, post, request } from "./wire.ts";

/** The body line by line, each line ended by CRLF. */
function row(name: string, bodyLines: readonly string[], body: string, trailers: readonly Field[] = []): AcceptCase {
  return accept(name, chunked(...bodyLines), chunkedMessage("chunked", body, trailers));
}

function chunkedMessage(coding: string, body: string, trailers: readonly Field[]) {
  return { method: "POST", fields: [HOST, ["Transfer-Encoding", coding] as Field], body, trailers };
}

function coded(name: string, fieldLine: string, field: Field): AcceptCase {
  const bytes = post([fieldLine], lines("5", "hello", "0", ""));
  return accept(name, bytes, { ...chunkedMessage("", "hello", []), fields: [HOST, field] });
}

/** A trailer line and what is kept of it. */
function trailer(name: string, line: string, ...kept: readonly Field[]): AcceptCase {
  return row(name, ["5", "hello", "0", line, ""], "hello", kept);
}

/** Framing, routing, and whatever had to be known before the body. */
const FORBIDDEN = [
  "Content-Length: 9",
  "Transfer-Encoding: chunked",
  "Host: evil",
  "Connection: close",
  "Trailer: X",
  "TE: x",
];
const FORBIDDEN_TOO = ["Authorization: Basic eDp5", "Cookie: a=b", "Content-Type: text/html", "Expect: 100-continue"];

const long = "x".repeat(300);

export const chunkedCases: readonly AcceptCase[] = [
  row("a body in one chunk", ["5", "hello", "0", ""], "hello"),
  row("a body in two chunks", ["5", "hello", "6", " world", "0", ""], "hello world"),
  row("a body in chunks of one byte", ["1", "a", "1", "b", "1", "c", "0", ""], "abc"),
  row("a chunked body of no bytes", ["0", ""], ""),
  row("a chunk size in lower case", ["a", "0123456789", "0", ""], "0123456789"),
  row("a chunk size in capitals", ["A", "0123456789", "0", ""], "0123456789"),
  row(
    "chunk sizes of two digits in both cases",
    ["1a", "x".repeat(26), "1B", "y".repeat(27), "0", ""],
    "x".repeat(26) + "y".repeat(27),
  ),
  row("every digit of a chunk size", ["12c", long, "0", ""], long),
  row("zeros before a chunk size", ["00005", "hello", "0", ""], "hello"),
  row("a chunk size of 16 digits", ["0000000000000005", "hello", "0", ""], "hello"),
  row("a last chunk of many zeros", ["5", "hello", "0000000000000000", ""], "hello"),
  row("line ends in the data of a chunk", ["4", "\r\n\r\n", "0", ""], "\r\n\r\n"),
  row("chunk data that looks like a last chunk", ["5", "0\r\n\r\n", "0", ""], "0\r\n\r\n"),
  row("chunk data that begins with an LF", ["2", "\nx", "0", ""], "\nx"),
  row("chunk data that ends with a CR", ["2", "x\r", "0", ""], "x\r"),
  row("chunk data of bytes above ASCII", ["4", "\x00\x80\xfe\xff", "0", ""], "\x00\x80\xfe\xff"),

  row("an extension", ["5;a", "hello", "0", ""], "hello"),
  row("an extension with a value", ["5;a=b", "hello", "0", ""], "hello"),
  row("an extension with a quoted value", ['5;a="b c;d=e"', "hello", "0", ""], "hello"),
  row("an extension with an escaped quote", ['5;a="\\""', "hello", "0", ""], "hello"),
  row("several extensions", ["5;a;b=c;d", "hello", "0", ""], "hello"),
  row("an extension on the last chunk", ["5", "hello", "0;a=b", ""], "hello"),
  row("white space before an extension", ["5 \t ;a", "hello", "0", ""], "hello"),
  row("white space around the parts of an extension", ["5 ; a\t= \tb ;c\t;d", "hello", "0", ""], "hello"),
  row("an extension that looks like a size", ["5;5", "hello", "0;0", ""], "hello"),
  row(
    "an extension of every mark that a token may have",
    ["5;!#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~", "hello", "0", ""],
    "hello",
  ),
  row("an extension with an empty quoted value", ['5;a=""', "hello", "0", ""], "hello"),
  row("a quoted value of everything that it may hold", ['5;a="\t (,;=[]\\"\\\\ \x80\xff"', "hello", "0", ""], "hello"),
  row("white space between a quoted value and the next extension", ['5;a="b" ; c', "hello", "0", ""], "hello"),
  row("the signature of a signed chunk", [`5;chunk-signature=${"0f".repeat(32)}`, "hello", "0", ""], "hello"),
  row("obs-text in an extension", ['5;a="\xe9"', "hello", "0", ""], "hello"),

  trailer("a trailer", "X-Sum: 7", ["X-Sum", "7"]),
  row("several trailers", ["1", "a", "0", "X: 1", "Y: 2", "X: 3", ""], "a", [
    ["X", "1"],
    ["Y", "2"],
    ["X", "3"],
  ]),
  row("a trailer after no data", ["0", "X: 1", ""], "", [["X", "1"]]),
  trailer("a trailer without a value", "X:", ["X", ""]),
  trailer("white space around the value of a trailer", "X: \t a \t", ["X", "a"]),
  trailer("a trailer of latin-1", "X: caf\xe9", ["X", "caf\xe9"]),
  trailer("a trailer that looks like a request line", "GET: / HTTP/1.1", ["GET", "/ HTTP/1.1"]),
  trailer("a trailer that is the property of every object", "constructor: x", ["constructor", "x"]),
  ...[...FORBIDDEN, ...FORBIDDEN_TOO].map((line) => trailer(`the trailer ${line}, dropped`, line)),
  trailer("a forbidden trailer in capitals, dropped", "CONTENT-LENGTH: 9"),
  row("a good trailer among forbidden ones", ["0", "Host: b", "X: 1", "Cookie: c", ""], "", [["X", "1"]]),

  coded("chunked in capitals", "Transfer-Encoding: CHUNKED", ["Transfer-Encoding", "CHUNKED"]),
  coded("chunked in mixed case", "transfer-encoding: Chunked", ["transfer-encoding", "Chunked"]),
  coded("white space around chunked", "Transfer-Encoding:\t chunked \t", ["Transfer-Encoding", "chunked"]),
  coded("no space before chunked", "Transfer-Encoding:chunked", ["Transfer-Encoding", "chunked"]),
  coded("an empty list member before chunked", "Transfer-Encoding: , chunked", ["Transfer-Encoding", ", chunked"]),
  coded("an empty list member after chunked", "Transfer-Encoding: chunked,", ["Transfer-Encoding", "chunked,"]),
  accept(
    "a chunked GET",
    Buffer.concat([request("GET / HTTP/1.1", "Transfer-Encoding: chunked"), Buffer.from("0\r\n\r\n")]),
    {
      ...{ fields: [HOST, ["Transfer-Encoding", "chunked"]], trailers: [] },
    },
  ),
  accept(
    "two chunked bodies one after the other",
    Buffer.concat([chunkedRaw("5\r\nhello\r\n0\r\n\r\n"), chunkedRaw("3\r\nbye\r\n0\r\nX: 1\r\n\r\n")]),
    chunkedMessage("chunked", "hello", []),
    chunkedMessage("chunked", "bye", [["X", "1"]]),
  ),
];
