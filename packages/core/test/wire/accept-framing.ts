// Where a body ends when it has a length or is not there: RFC 9112 §6.2, §6.3.

import type { Field } from "../../src/fields.ts";
import { type AcceptCase, accept, HOST, type Message } from "./cases.ts";
import { bytesOf, get, post, request, wire } from "./wire.ts";

const byteOfEachValue = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));

function sized(name: string, value: string, body: string): AcceptCase {
  const expected: Partial<Message> = { method: "POST", fields: [HOST, ["Content-Length", value]], body };
  return accept(name, post([`Content-Length: ${value}`], body), expected);
}

const length = (value: number): Field => ["Content-Length", String(value)];

export const framingCases: readonly AcceptCase[] = [
  sized("a body of five bytes", "5", "hello"),
  sized("a body of one byte", "1", "x"),
  sized("a body of no bytes", "0", ""),
  sized("a length of many zeros", "000000000000000000000", ""),
  sized("a length with zeros before it", "0005", "hello"),
  sized("a length that is decimal, not octal", "010", "0123456789"),
  sized("a body of every byte", "256", byteOfEachValue),
  sized("a body of line ends", "8", "\r\n\r\n\r\n\r\n"),
  sized("a body that looks like a head", "27", "GET /x HTTP/1.1\r\nHost: b\r\n\r"),
  sized("a body that looks chunked", "15", "5\r\nhello\r\n0\r\n\r\n"),
  sized("a body that begins with an empty line", "3", "\r\nx"),
  sized("a body of 3000 bytes", "3000", "0123456789".repeat(300)),
  accept("a length with white space around it", post(["Content-Length: \t 5 \t"], "hello"), {
    ...{ method: "POST", fields: [HOST, length(5)], body: "hello" },
  }),
  accept("a length in capitals", post(["CONTENT-LENGTH: 5"], "hello"), {
    ...{ method: "POST", fields: [HOST, ["CONTENT-LENGTH", "5"]], body: "hello" },
  }),
  accept("a POST without any framing: no body", post([]), { method: "POST" }),
  accept(
    "Content-Encoding: chunked, which frames nothing",
    post(["Content-Encoding: chunked", "Content-Length: 3"], "0\r\n"),
    {
      ...{ method: "POST", fields: [HOST, ["Content-Encoding", "chunked"], length(3)], body: "0\r\n" },
    },
  ),
  accept(
    "a POST that offers another protocol, and has a body",
    post(
      ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk", "Content-Length: 2"],
      "{}",
    ),
    {
      ...{ method: "POST", body: "{}" },
      fields: [
        HOST,
        ["Connection", "Upgrade, HTTP2-Settings"],
        ["Upgrade", "h2c"],
        ["HTTP2-Settings", "AAMAAABk"],
        length(2),
      ],
    },
  ),
  accept("a field that made a server take 8 bytes for a body", get("Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5"), {
    fields: [HOST, ["Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5"]],
  }),
  accept("a GET with a body", Buffer.concat([get("Content-Length: 5"), bytesOf("hello")]), {
    ...{ fields: [HOST, length(5)], body: "hello" },
  }),
  accept(
    "a GET whose body is a request, as CL.0 would have it read",
    wire`
      GET / HTTP/1.1
      Host: a
      Content-Length: 35

      GET /admin HTTP/1.1
      Host: evil

    `,
    { fields: [HOST, length(35)], body: "GET /admin HTTP/1.1\r\nHost: evil\r\n\r\n" },
  ),
  accept("a HEAD with a body", Buffer.concat([request("HEAD / HTTP/1.1", "Content-Length: 2"), bytesOf("hi")]), {
    ...{ method: "HEAD", fields: [HOST, length(2)], body: "hi" },
  }),
  accept(
    "an unknown method with a body",
    Buffer.concat([request("BREW / HTTP/1.1", "Content-Length: 3"), bytesOf("tea")]),
    {
      ...{ method: "BREW", fields: [HOST, length(3)], body: "tea" },
    },
  ),
  accept("OPTIONS * with a body", Buffer.concat([request("OPTIONS * HTTP/1.1", "Content-Length: 2"), bytesOf("hi")]), {
    ...{ method: "OPTIONS", target: "*", fields: [HOST, length(2)], body: "hi" },
  }),
  accept("a DELETE with a length of 0", request("DELETE / HTTP/1.1", "Content-Length: 0"), {
    ...{ method: "DELETE", fields: [HOST, length(0)] },
  }),
  accept("an HTTP/1.0 body", Buffer.concat([request("POST / HTTP/1.0", "Content-Length: 5"), bytesOf("hello")]), {
    ...{ method: "POST", minorVersion: 0, keepAlive: false, fields: [HOST, length(5)], body: "hello" },
  }),
  accept("an HTTP/1.0 POST without a length: no body", request("POST / HTTP/1.0"), {
    ...{ method: "POST", minorVersion: 0, keepAlive: false },
  }),
  accept(
    "two bodies one after the other",
    wire`
      POST /1 HTTP/1.1
      Host: a
      Content-Length: 5

      helloPOST /2 HTTP/1.1
      Host: a
      Content-Length: 3

      bye`,
    { method: "POST", target: "/1", fields: [HOST, length(5)], body: "hello" },
    { method: "POST", target: "/2", fields: [HOST, length(3)], body: "bye" },
  ),
  accept(
    "a chunked body, a body of a length and none, one after the other",
    wire`
      POST /1 HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      5
      hello
      0

      POST /2 HTTP/1.1
      Host: a
      Content-Length: 3

      byeGET /3 HTTP/1.1
      Host: a

    `,
    { method: "POST", target: "/1", fields: [HOST, ["Transfer-Encoding", "chunked"]], body: "hello", trailers: [] },
    { method: "POST", target: "/2", fields: [HOST, length(3)], body: "bye" },
    { target: "/3" },
  ),
];
