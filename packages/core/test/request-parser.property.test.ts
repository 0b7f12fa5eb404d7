// Laws of the request parser, tried on requests that nobody wrote down: how bytes are cut and taken out makes no
// difference, no bytes bring out anything but a ProtocolError, and what a request was made of is what is understood.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Field } from "../src/fields.ts";
import type { ParserLimits } from "../src/request-parser.ts";
import { acceptCases } from "./wire/accept-cases.ts";
import { type Message, message } from "./wire/cases.ts";
import { byteByByte, cutAt, transcript } from "./wire/drive.ts";
import { DEFAULT_LIMITS, SMALL_LIMITS } from "./wire/limits.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { bytesOf, lines } from "./wire/wire.ts";

const cuts = fc.array(fc.nat(400), { maxLength: 8 });
/** Small ones whose order is the other way round: a header line may be longer than the request line. */
const OTHER_LIMITS: ParserLimits = { ...SMALL_LIMITS, urlLengthLimit: 20, maxFieldBytes: 60, maxFieldCount: 2 };
const limits = fc.constantFrom(DEFAULT_LIMITS, SMALL_LIMITS, OTHER_LIMITS);

const manners = fc.record({ bite: fc.integer({ min: 1, max: 10 }), retainsAlways: fc.boolean() });

const rows: readonly Buffer[] = [...acceptCases, ...rejectCases].map((row) => row.bytes).filter((b) => b.length <= 300);
const row = fc.constantFrom(...rows);

const FRAGMENTS = [
  ...[
    "GET",
    "POST",
    "CONNECT",
    " ",
    "/",
    "*",
    "http://b/",
    " HTTP/1.1",
    " HTTP/1.0",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    "\t",
  ],
  ...[
    "GET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\n",
    "Host: a\r\n",
    "Host",
    ":",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
  ],
  ...[
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\n",
    "X: y\r\n",
    "hello",
    "0",
    "5",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
  ],
  ...[";", "\0", "\xff", "\x7f", ",", "%", "?", "#", "[", "]", "f", "0000000000000000", "x".repeat(40)],
];
const fragment = fc.constantFrom(...FRAGMENTS).map(bytesOf);
const BEGINNINGS = [
  "",
  "GET / HTTP/1.1\r\nHost: a\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
];
const beginning = fc.constantFrom(...BEGINNINGS).map(bytesOf);
const soup = fc
  .tuple(beginning, fc.array(fragment, { maxLength: 40, size: "max" }))
  .map(([first, pieces]) => Buffer.concat([first, ...pieces]));
const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/** Replaces a stretch of some bytes by others. */
interface Mutation {
  readonly at: number;
  readonly removed: number;
  readonly put: Buffer;
}

const mutation = fc.record({
  at: fc.nat(300),
  removed: fc.nat(4),
  put: fc.oneof(
    fragment,
    garbage.map((b) => b.subarray(0, 2)),
  ),
});

function mutated(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce((from, { at, removed, put }) => {
    const start = at % (from.length + 1);
    return Buffer.concat([from.subarray(0, start), put, from.subarray(start + removed)]);
  }, bytes);
}

const mutant = fc
  .tuple(row, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([bytes, list]) => mutated(bytes, list));
const pipelined = (part: fc.Arbitrary<Buffer>) =>
  fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => Buffer.concat(parts));

describe("how bytes are cut and taken out makes no difference", () => {
  test.each([
    ["requests of the tables", pipelined(row), 300],
    ["mutated requests", pipelined(mutant), 2000],
    ["requests of random fragments", soup, 2000],
    ["garbage", garbage, 300],
  ])("to %s, nor do they bring out anything but a ProtocolError", (_, bytesArbitrary, numRuns) => {
    const law = fc.property(bytesArbitrary, cuts, limits, manners, (bytes, positions, bounds, ways) => {
      const whole = transcript([bytes], bounds);
      expect(transcript([bytes], bounds, ways)).toEqual(whole);
      expect(transcript(cutAt(bytes, positions), bounds, ways)).toEqual(whole);
      expect(transcript(cutAt(bytes, positions), bounds)).toEqual(whole);
      expect(transcript(byteByByte(bytes), bounds)).toEqual(whole);
    });
    fc.assert(law, { numRuns });
  });
});

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CONTROL_FIELDS = new Set(["host", "expect", "connection", "content-length", "transfer-encoding"]);
const FORBIDDEN_TRAILERS_SEEN = new Set(["te", "age", "date", "vary"]); // the short ones, which chance may spell

function stringOf(characters: Iterable<string>, constraints: fc.ArrayConstraints): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...characters), constraints).map((list) => list.join(""));
}

const latin1 = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const token = stringOf(TOKEN_CHARACTERS, { minLength: 1, maxLength: 12 });
const path = stringOf(
  latin1.filter((c) => /[!"$-~]/.test(c) && c !== "?"),
  { maxLength: 30 },
).map((text) => `/${text}`);
const query = fc.option(
  stringOf(
    latin1.filter((c) => /[!"$-~]/.test(c)),
    { maxLength: 20 },
  ),
  { nil: undefined },
);
const value = stringOf(
  latin1.filter((c) => /[\t\x20-\x7e\x80-\xff]/.test(c)),
  { maxLength: 30 },
).map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ""));
const blank = stringOf([" ", "\t"], { maxLength: 3 });

/** A field, and the line that it comes in. */
const fieldAndLine = fc
  .tuple(token, blank, value, blank)
  .filter(([name]) => !CONTROL_FIELDS.has(name.toLowerCase()) && !FORBIDDEN_TRAILERS_SEEN.has(name.toLowerCase()))
  .map(([name, before, text, after]) => ({ field: [name, text] as Field, line: `${name}:${before}${text}${after}` }));
const fields = fc.array(fieldAndLine, { maxLength: 5 });

const bodyText = stringOf(latin1, { maxLength: 60 });
const quoted = stringOf(
  latin1.filter((character) => /[\t\x20-\x7e\x80-\xff]/.test(character)),
  { maxLength: 10 },
).map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`);
const extensionValue = fc.tuple(blank, blank, fc.oneof(token, quoted)).map(([b, c, text]) => `${b}=${c}${text}`);
const extension = fc
  .array(fc.tuple(blank, blank, token, fc.oneof(fc.constant(""), extensionValue)), { maxLength: 3 })
  .map((members) => members.map(([before, after, name, text]) => `${before};${after}${name}${text}`).join(""));
const chunk = fc.record({
  data: stringOf(latin1, { minLength: 1, maxLength: 40 }),
  zeros: fc.nat(5),
  capitals: fc.boolean(),
  extension,
});

/** The body of a request, what the head says of it, and what comes out. */
interface Framed {
  readonly control: Field | undefined;
  readonly wire: string;
  readonly body: string;
  readonly trailers: Field[] | undefined;
}

const noBody: fc.Arbitrary<Framed> = fc.constant({ control: undefined, wire: "", body: "", trailers: undefined });
const sized: fc.Arbitrary<Framed> = bodyText.map((body) => ({
  control: ["Content-Length", String(body.length)],
  ...{ wire: body, body, trailers: undefined },
}));
const chunked: fc.Arbitrary<Framed> = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fields, fc.constantFrom("chunked", "Chunked", "CHUNKED"))
  .map(([chunks, trailers, coding]) => {
    const sizeOf = ({ data, zeros, capitals }: (typeof chunks)[number]): string => {
      const digits = data.length.toString(16);
      return "0".repeat(zeros) + (capitals ? digits.toUpperCase() : digits);
    };
    const data = chunks.map((part) => lines(`${sizeOf(part)}${part.extension}`, part.data)).join("");
    return {
      control: ["Transfer-Encoding", coding],
      wire: data + lines("0", ...trailers.map(({ line }) => line), ""),
      body: chunks.map((part) => part.data).join(""),
      trailers: trailers.map(({ field }) => field),
    };
  });

const host = fc.constantFrom("a", "a.example:8090", "[::1]:80", "", "127.0.0.1");
const connection = fc.constantFrom(undefined, "close", "keep-alive", "Keep-Alive, x", "close, keep-alive");

/** A request as bytes, and the message that it is. */
const request = fc
  .record({
    method: token.filter((name) => name !== "CONNECT"),
    ...{ path, query, host, connection, fields },
    authority: fc.option(fc.constantFrom("b", "b.example:80"), { nil: undefined }),
    minorVersion: fc.constantFrom<0 | 1>(0, 1),
    framed: fc.oneof(noBody, sized, chunked),
    continues: fc.boolean(),
    emptyLine: fc.boolean(),
  })
  .filter(({ minorVersion, framed }) => minorVersion === 1 || framed.control?.[0] !== "Transfer-Encoding")
  .map((parts): { bytes: Buffer; expected: Message } => {
    const { method, authority, minorVersion, framed, continues } = parts;
    const origin = parts.query === undefined ? parts.path : `${parts.path}?${parts.query}`;
    const target = authority === undefined ? origin : `http://${authority}${origin}`;
    const control: Field[] = [["Host", parts.host]];
    if (parts.connection !== undefined) control.push(["connection", parts.connection]);
    if (continues) control.push(["EXPECT", "100-continue"]);
    if (framed.control !== undefined) control.push(framed.control);
    const fieldLines = [...control.map(([name, text]) => `${name}: ${text}`), ...parts.fields.map(({ line }) => line)];
    const head = lines(`${method} ${target} HTTP/1.${minorVersion}`, ...fieldLines, "");
    const asksKeepAlive = /keep-alive/i.test(parts.connection ?? "");
    const expected = message({
      ...{ method, target, minorVersion, asksKeepAlive, path: parts.path, query: parts.query },
      host: authority ?? parts.host,
      fields: [...control, ...parts.fields.map(({ field }) => field)],
      keepAlive: !parts.connection?.startsWith("close") && (minorVersion === 1 || asksKeepAlive),
      wantsContinue: continues && minorVersion === 1,
      ...{ body: framed.body, trailers: framed.trailers },
    });
    return { bytes: bytesOf(`${parts.emptyLine ? "\r\n" : ""}${head}${framed.wire}`), expected };
  });

test("a request is understood as what it was made of", () => {
  const law = fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), cuts, (requests, positions) => {
    const bytes = Buffer.concat(requests.map((made) => made.bytes));
    const expected = { messages: requests.map((made) => made.expected), unfinishedBody: undefined, fault: undefined };
    expect(transcript([bytes], DEFAULT_LIMITS)).toEqual(expected);
    expect(transcript(cutAt(bytes, positions), DEFAULT_LIMITS)).toEqual(expected);
  });
  fc.assert(law, { numRuns: 500 });
});
