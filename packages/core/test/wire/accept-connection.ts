// What a request says about its connection: RFC 9112 §9.3 and RFC 9110 §10.1.1 (100-continue).

import type { Field } from "../../src/fields.ts";
import { type AcceptCase, accept, HOST, type Message } from "./cases.ts";
import { get, post, request } from "./wire.ts";

/** A GET with these header lines and what they mean. */
function row(name: string, fields: readonly Field[], expected: Partial<Message>): AcceptCase {
  const fieldLines = fields.map(([fieldName, value]) => `${fieldName}: ${value}`);
  const version = expected.minorVersion === 0 ? "GET / HTTP/1.0" : "GET / HTTP/1.1";
  return accept(name, request(version, ...fieldLines), { fields: [HOST, ...fields], ...expected });
}

const CLOSE: Partial<Message> = { keepAlive: false };
const ASKS: Partial<Message> = { asksKeepAlive: true };
const OLD: Partial<Message> = { minorVersion: 0, keepAlive: false };
const EXPECTS: Partial<Message> = { wantsContinue: true };

export const connectionCases: readonly AcceptCase[] = [
  row("Connection: close", [["Connection", "close"]], CLOSE),
  row("Connection: close in capitals", [["CONNECTION", "CLOSE"]], CLOSE),
  row("Connection: keep-alive", [["Connection", "keep-alive"]], ASKS),
  row("Connection: keep-alive in mixed case", [["connection", "Keep-Alive"]], ASKS),
  row("close among other options", [["Connection", "upgrade, close ,x"]], CLOSE),
  row("close among empty members", [["Connection", ",, close,"]], CLOSE),
  row(
    "close in a second Connection",
    [
      ["Connection", "x"],
      ["Connection", "close"],
    ],
    CLOSE,
  ),
  row(
    "close in the first of two Connections",
    [
      ["Connection", "close"],
      ["Connection", "x"],
    ],
    CLOSE,
  ),
  row("close beside keep-alive: close wins", [["Connection", "keep-alive, close"]], { ...ASKS, ...CLOSE }),
  row("an unknown connection option", [["Connection", "closed"]], {}),
  row("an empty Connection", [["Connection", ""]], {}),
  row(
    "Connection: upgrade",
    [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
    ],
    {},
  ),
  row("Proxy-Connection, which means nothing", [["Proxy-Connection", "close"]], {}),
  row("Keep-Alive alone, which means nothing", [["Keep-Alive", "timeout=5"]], {}),
  row("HTTP/1.0 with keep-alive", [["Connection", "keep-alive"]], { minorVersion: 0, ...ASKS }),
  row("HTTP/1.0 with close", [["Connection", "close"]], OLD),
  row("HTTP/1.0 with close and keep-alive: close wins", [["Connection", "close, keep-alive"]], { ...OLD, ...ASKS }),
  row("HTTP/1.0 with another option", [["Connection", "x"]], OLD),
  accept(
    "an HTTP/1.0 request kept alive, and the next one",
    Buffer.concat([request("GET /1 HTTP/1.0", "Connection: keep-alive"), request("GET /2 HTTP/1.0")]),
    { target: "/1", minorVersion: 0, asksKeepAlive: true, fields: [HOST, ["Connection", "keep-alive"]] },
    { target: "/2", minorVersion: 0, keepAlive: false },
  ),

  row("an expectation", [["Expect", "100-continue"]], EXPECTS),
  row("an expectation in mixed case", [["expect", "100-Continue"]], EXPECTS),
  row("an expectation twice in a list", [["Expect", "100-continue, 100-continue"]], EXPECTS),
  row(
    "an expectation in two fields",
    [
      ["Expect", "100-continue"],
      ["Expect", "100-continue"],
    ],
    EXPECTS,
  ),
  row("an empty expectation", [["Expect", ""]], {}),
  row("an expectation on HTTP/1.0, ignored", [["Expect", "100-continue"]], OLD),
  row("an unknown expectation on HTTP/1.0, ignored", [["Expect", "tea"]], OLD),
  accept("an expectation with a body", post(["Expect: 100-continue", "Content-Length: 5"], "hello"), {
    ...EXPECTS,
    ...{ method: "POST", fields: [HOST, ["Expect", "100-continue"], ["Content-Length", "5"]], body: "hello" },
  }),
  accept(
    "an expectation on HTTP/1.0 with a body, which is no request line",
    Buffer.concat([
      request("POST / HTTP/1.0", "Expect: 100-continue", "Content-Length: 14", "Connection: keep-alive"),
      Buffer.from("GET / HTTP/1.1"),
    ]),
    {
      ...{ method: "POST", minorVersion: 0, asksKeepAlive: true, body: "GET / HTTP/1.1" },
      fields: [HOST, ["Expect", "100-continue"], ["Content-Length", "14"], ["Connection", "keep-alive"]],
    },
  ),
  accept("TE, which is no framing", get("TE: trailers, chunked"), { fields: [HOST, ["TE", "trailers, chunked"]] }),
];
