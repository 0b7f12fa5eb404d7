// Response splitting: wherever an application gives a string for a head, what would end a line or a field is refused, and
// nothing of it reaches the wire. SECURITY.md names these tests.

import { describe, expect, test } from "vitest";
import { type Application, type Environ, type Header, type StartResponse, UsageError } from "../src/index.ts";
import { serve } from "./support/serve.ts";

type Place = (text: string, environ: Environ, startResponse: StartResponse) => unknown;

/** Every place where an application gives text for a head; `text` is what a client made it say. */
const PLACES: Readonly<Record<string, Place>> = {
  "the status": (text, _environ, startResponse) => startResponse(`200 OK${text}`, []),
  "a header name": (text, _environ, startResponse) => startResponse("200 OK", [[`X-A${text}`, "1"]]),
  "a header value": (text, _environ, startResponse) => startResponse("200 OK", [["X-A", `1${text}`]]),
  "a value that was good before": (text, _environ, startResponse) => startResponse("200 OK", [["Content-Type", text]]),
  "Content-Length": (text, _environ, startResponse) => startResponse("200 OK", [["Content-Length", `5${text}`]]),
  Connection: (text, _environ, startResponse) => startResponse("200 OK", [["Connection", `close${text}`]]),
  "Date, which the server leaves alone": (text, _environ, startResponse) =>
    startResponse("200 OK", [["Date", `now${text}`]]),
  "the status of a 101": (text, _environ, startResponse) => startResponse(`101 S${text}`, [["Upgrade", "echo"]]),
  "Upgrade of a 101": (text, _environ, startResponse) =>
    startResponse("101 Switching Protocols", [["Upgrade", `echo${text}`]]),
  "the head that replaces another": (text, _environ, startResponse) => {
    startResponse("200 OK", []);
    startResponse("500 Internal Server Error", [["X-A", `1${text}`]], new UsageError("BAD_BODY", "asked for"));
  },
  "the name of an early hint": (text, environ) => environ["wsgi.early_hints"]?.([[`Link${text}`, "</a>"]]),
  "the value of an early hint": (text, environ) => environ["wsgi.early_hints"]?.([["Link", `</a>${text}`]]),
  "the name of a header of 100 Continue": (text, environ) => {
    environ["wsgi.input"].setHundredContinueResponseHeaders([[`X-A${text}`, "1"]]);
    environ["wsgi.input"].sendHundredContinueResponse();
  },
  "the value of a header of 100 Continue": (text, environ) => {
    environ["wsgi.input"].setHundredContinueResponseHeaders([["X-A", `1${text}`]]);
    environ["wsgi.input"].sendHundredContinueResponse();
  },
};

/** What ends a line somewhere, and characters whose low byte does. */
const ENDS: readonly [name: string, text: string][] = [
  ["CRLF", "\r\nForged: 1"],
  ["LF", "\nForged: 1"],
  ["CR", "\rForged: 1"],
  ["NUL", "\0Forged: 1"],
  ["an empty line", "\r\n\r\nHTTP/1.1 200 Forged\r\n\r\n"],
  ["U+010A", "\u010aForged: 1"],
  ["U+560D U+560A", "\u560d\u560aForged: 1"],
  ["U+2028", "\u2028Forged: 1"],
];

const REQUEST =
  "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";

describe.each(Object.keys(PLACES))("%s", (name) => {
  test.each(ENDS)("takes no %s", async (_, text) => {
    const faults: unknown[] = [];
    const application: Application = (environ, startResponse) => {
      // What comes first is remembered by name and value, and must not make the second one pass.
      if (environ.PATH_INFO === "/before") {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return [];
      }
      try {
        (PLACES[name] as Place)(text, environ, startResponse);
      } catch (error) {
        faults.push(error);
      }
      startResponse("200 OK", [["X-End", "1"]], new Error("replaced"));
      return [];
    };
    const served = await serve(application);
    const client = await served.connect();
    client.send("GET /before HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive("\r\n\r\n");
    client.send(REQUEST);
    await client.receive("X-End: 1\r\n");
    expect(faults).toEqual([expect.any(UsageError)]);
    expect(client.received).not.toMatch(/Forged/);
    expect(client.received).not.toMatch(/[^\x20-\x7e\r\n]|\r(?!\n)|(?<!\r)\n/);
  });
});

test("the server's own answers hold nothing that a client could end a line with", async () => {
  const served = await serve(() => {
    throw new Error("a\r\nForged: 1");
  });
  for (const head of [
    "GET /\x01 HTTP/1.1",
    "GET / HTTP/1.1\r\nHost: a\x0b",
    "G\xe9T / HTTP/1.1",
    "GET / HTTP/1.1\r\nX\r\rForged: 1",
  ]) {
    const client = await served.connect();
    client.send(`${head}\r\n\r\n`);
    const text = await client.end();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toMatch(/[^\x20-\x7e\r\n]|^Forged/m);
  }
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await client.end()).not.toContain("Forged");
});

test("headers that are given as something that changes when it is looked at again are sent as they were checked", async () => {
  let looks = 0;
  const shifty = {
    get 0() {
      return "X-A";
    },
    get 1() {
      return looks++ === 0 ? "1" : "1\r\nForged: 1";
    },
    length: 2,
  };
  const pair = new Proxy(["X-A", "1"], { get: (target, key) => Reflect.get(key in shifty ? shifty : target, key) });
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", [pair as unknown as Header]);
    return [];
  });
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await client.end()).not.toMatch(/^Forged/m);
});
