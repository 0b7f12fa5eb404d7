// Request lines that are understood: RFC 9112 §2.2, §2.3, §3, §3.1.

import { type AcceptCase, accept } from "./cases.ts";
import { bytesOf, lines, request, wire } from "./wire.ts";

const METHODS = [
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "TRACE",
  "PATCH",
  "OPTIONS",
  "PROPFIND",
  "M-SEARCH",
  "PURGE",
  "QUERY",
];

export const requestLineCases: readonly AcceptCase[] = [
  accept(
    "a request as a reader would write it",
    wire`
      GET / HTTP/1.1
      Host: a

    `,
    {},
  ),
  ...METHODS.map((method) => accept(`the method ${method}`, request(`${method} / HTTP/1.1`), { method })),
  accept("a method in lower case, which is another method", request("get / HTTP/1.1"), { method: "get" }),
  accept("a method of one letter", request("G / HTTP/1.1"), { method: "G" }),
  accept("a method that begins with a digit", request("7UP / HTTP/1.1"), { method: "7UP" }),
  accept("a method of every mark that a token may have", request("!#$%&'*+-.^_`|~ / HTTP/1.1"), {
    method: "!#$%&'*+-.^_`|~",
  }),
  accept("a method of 64 letters", request(`${"M".repeat(64)} / HTTP/1.1`), { method: "M".repeat(64) }),

  accept("HTTP/1.0", request("GET / HTTP/1.0"), { minorVersion: 0, keepAlive: false }),
  accept("HTTP/1.0 without Host", bytesOf(lines("GET / HTTP/1.0", "")), {
    ...{ minorVersion: 0, keepAlive: false, host: undefined, fields: [] },
  }),
  accept("HTTP/1.2 as HTTP/1.1", request("GET / HTTP/1.2"), {}),
  accept("HTTP/1.9 as HTTP/1.1", request("GET / HTTP/1.9"), {}),

  accept("one empty line before the request line", Buffer.concat([bytesOf("\r\n"), request("GET / HTTP/1.1")]), {}),
  accept(
    "one empty line before an HTTP/1.0 request line",
    Buffer.concat([bytesOf("\r\n"), request("GET / HTTP/1.0")]),
    { minorVersion: 0, keepAlive: false },
  ),
  accept(
    "one empty line before each of two requests",
    wire`

      GET /1 HTTP/1.1
      Host: a


      GET /2 HTTP/1.1
      Host: a

    `,
    { target: "/1" },
    { target: "/2" },
  ),
  accept(
    "an empty line that an old client sends after its body",
    wire`
      POST /1 HTTP/1.1
      Host: a
      Content-Length: 4

      a=42
      GET /2 HTTP/1.1
      Host: a

    `,
    {
      method: "POST",
      target: "/1",
      fields: [
        ["Host", "a"],
        ["Content-Length", "4"],
      ],
      body: "a=42",
    },
    { target: "/2" },
  ),
  accept(
    "three requests at once",
    Buffer.concat([request("GET /1 HTTP/1.1"), request("HEAD /2 HTTP/1.1"), request("GET /3 HTTP/1.1")]),
    { target: "/1" },
    { target: "/2", method: "HEAD" },
    { target: "/3" },
  ),
];
