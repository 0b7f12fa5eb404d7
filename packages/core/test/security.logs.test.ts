// Log injection: what a client sends never ends a line of the log, fakes a field of it, or reaches a terminal as a control.
// SECURITY.md names these tests.

import { describe, expect, test } from "vitest";
import { serve } from "./support/serve.ts";
import { drive } from "./wire/drive.ts";
import { DEFAULT_LIMITS } from "./wire/limits.ts";
import { rejectCases } from "./wire/reject-cases.ts";

/** Printable ASCII and the mark of what was cut. */
const PRINTABLE = /^[\x20-\x7e…]*$/;

/** Heads and bodies with a place for one byte of the client's choice. */
const PLACES: Readonly<Record<string, (byte: string) => string>> = {
  "the method": (byte) => `G${byte}T / HTTP/1.1\r\nHost: a\r\n\r\n`,
  "the target": (byte) => `GET /${byte} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "a target that is a URL": (byte) => `GET http://a${byte}b/ HTTP/1.1\r\nHost: a\r\n\r\n`,
  "the version": (byte) => `GET / HTTP/1${byte}1\r\nHost: a\r\n\r\n`,
  "a header name": (byte) => `GET / HTTP/1.1\r\nHost: a\r\nX${byte}Y: 1\r\n\r\n`,
  "a header value": (byte) => `GET / HTTP/1.1\r\nHost: a\r\nX: 1${byte}2\r\n\r\n`,
  Host: (byte) => `GET / HTTP/1.1\r\nHost: a${byte}b\r\n\r\n`,
  "Content-Length": (byte) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1${byte}\r\n\r\n`,
  "Transfer-Encoding": (byte) => `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x${byte}y\r\n\r\n`,
  Expect: (byte) => `POST / HTTP/1.1\r\nHost: a\r\nExpect: x${byte}y\r\nContent-Length: 1\r\n\r\n`,
  "a chunk size": (byte) => `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1${byte}\r\na\r\n`,
  "a chunk extension": (byte) => `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${byte}\r\na\r\n`,
  "a trailer": (byte) => `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX${byte}: 1\r\n\r\n`,
};

const BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

describe("the words of a refusal are printable ASCII", () => {
  test.each(Object.entries(PLACES))("for every byte in %s", (_, place) => {
    let refused = 0;
    for (const byte of BYTES) {
      const { fault } = drive([Buffer.from(place(byte), "latin1")], DEFAULT_LIMITS);
      if (fault === undefined) continue;
      refused++;
      expect(fault.message).toMatch(PRINTABLE);
    }
    expect(refused).toBeGreaterThan(20);
  });

  test("for every wire case that is refused", () => {
    for (const { bytes, limits } of rejectCases) {
      expect(drive([bytes], limits).fault?.message).toMatch(PRINTABLE);
    }
  });
});

test("every line of the log about a client is one line of printable ASCII, debug lines too", async () => {
  const served = await serve(async (environ, startResponse) => {
    await environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return [];
  });
  for (const place of Object.values(PLACES)) {
    for (const byte of ["\n", "\r", "\x1b", "\0", '"', "\x9b", "\x85", "\\"]) {
      const client = await served.connect();
      client.send(place(byte));
      client.finish();
      await client.end();
    }
  }
  await served.server.close({ timeout: 5 });
  expect(served.log.length).toBeGreaterThan(100);
  for (const line of served.log) expect(line).toMatch(PRINTABLE);
});

test("an access line has as many quotes as its format, whatever a client sends", async () => {
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return [];
  });
  const client = await served.connect();
  client.send(
    'GET /"\\"x%22 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4 - - [] "GET / HTTP/1.1" 200\x85\r\nConnection: close\r\n\r\n',
  );
  await client.end();
  const line = await served.logged(/" 200 0 /);
  expect(line).toMatch(PRINTABLE);
  expect(line.replaceAll(/\\[\\"]/g, "").match(/"/g)).toHaveLength(2);
  expect(line).toMatch(/,127\.0\.0\.1 - - \[/); // the client's own words come before the address of the socket
});

test("what an application throws or writes is one record, whatever a client's words in it are", async () => {
  let text = "";
  const words = 'x\n(1) wsgi exited\r\n127.0.0.1 - - [] "GET / HTTP/1.1" 200 5\r\x1b[2J\u2028\u202e';
  const served = await serve(
    (environ) => {
      environ["wsgi.errors"].write(`by ${words}\n`);
      environ["wsgi.errors"].writelines([`with ${words}\n`, `and ${words}\n`]);
      throw new Error(`no ${words}`, { cause: new TypeError(words) });
    },
    { log: { write: (piece: string) => (text += piece) }, logFormat: "access" },
  );
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await client.end();
  await served.server.close();
  expect(text).not.toMatch(/[^\n\t\x20-\x7e]/);
  const records = text.split("\n").filter((line) => /^[^\t ]/.test(line));
  const own = `(${process.pid}) `;
  expect(records.map((line) => line.replace(own, "* ").replace(/http:\S+/, "URL"))).toEqual([
    "* wsgi starting up on URL",
    "by x",
    "with x",
    "and x",
    "* the application failed: Error: no x",
    "access",
    "* wsgi exiting",
    "* wsgi exited, 1 requests served",
  ]);
  expect(text).toMatch(/\n {4}at \S.*security\.logs\.test\.ts/);
  expect(text).toContain("\n    (1) wsgi exited\n    127.0.0.1 - - [] ");
});
