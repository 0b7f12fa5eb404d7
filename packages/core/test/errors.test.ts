import { describe, expect, test } from "vitest";
import {
  ClientDisconnected,
  ListenError,
  PROTOCOL_ERRORS,
  ProtocolError,
  quote,
  USAGE_ERRORS,
  UsageError,
} from "../src/errors.ts";

test.each([
  [408, ["HEAD_TIMEOUT", "BODY_TIMEOUT"]],
  [413, ["BODY_TOO_LARGE"]],
  [414, ["REQUEST_LINE_TOO_LONG"]],
  [417, ["UNKNOWN_EXPECTATION"]],
  [431, ["FIELD_TOO_LONG", "HEAD_TOO_LARGE", "TOO_MANY_FIELDS"]],
  [501, ["UNSUPPORTED_TRANSFER_ENCODING"]],
  [505, ["UNSUPPORTED_VERSION"]],
])("the faults of a peer that are answered with %i", (status, codes) => {
  const found = Object.entries(PROTOCOL_ERRORS).filter(([, entry]) => entry.status === status);
  expect(found.map(([code]) => code)).toEqual(codes);
});

test("every other fault of a peer is answered with 400", () => {
  const others = Object.values(PROTOCOL_ERRORS).filter(
    ({ status }) => ![408, 413, 414, 417, 431, 501, 505].includes(status),
  );
  expect(new Set(others.map(({ status }) => status))).toEqual(new Set([400]));
});

test("no code is in both tables, and every code has a text of its own", () => {
  const texts = [...Object.values(PROTOCOL_ERRORS).map(({ text }) => text), ...Object.values(USAGE_ERRORS)];
  const codes = [...Object.keys(PROTOCOL_ERRORS), ...Object.keys(USAGE_ERRORS)];
  expect(new Set(texts).size).toBe(codes.length);
  expect(new Set(codes).size).toBe(codes.length);
  for (const text of texts) expect(text).toMatch(/\S/);
});

describe("a ProtocolError", () => {
  test("has a code, a status, and a text with what came", () => {
    const error = new ProtocolError("BAD_HOST", '"a b"');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      ...{ name: "ProtocolError", code: "BAD_HOST", status: 400 },
      message: 'Host is not `host [:port]`: "a b"',
    });
  });

  test("has the text of the table alone when there is nothing to add", () => {
    expect(new ProtocolError("UNSUPPORTED_VERSION")).toMatchObject({
      ...{ status: 505, message: "only HTTP/1.0 and HTTP/1.1 are spoken here" },
    });
  });
});

describe("a UsageError", () => {
  test("has a code, and a text with what came", () => {
    const error = new UsageError("BAD_HEADER_NAME", '"a b"');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      ...{ name: "UsageError", code: "BAD_HEADER_NAME", message: 'a header name is a token: "a b"' },
    });
  });

  test("has the text of the table alone when there is nothing to add", () => {
    expect(new UsageError("BAD_HEADER_NAME").message).toBe("a header name is a token");
  });
});

test("a ClientDisconnected has a code, a text and a cause", () => {
  expect(new ClientDisconnected()).toMatchObject({
    ...{ name: "ClientDisconnected", code: "CLIENT_DISCONNECTED", message: "the client closed the connection" },
  });
  const cause = new Error("ECONNRESET");
  expect(new ClientDisconnected("reset", { cause })).toMatchObject({ message: "reset", cause });
});

test("a ListenError says where and why", () => {
  const cause = new Error("bind");
  expect(new ListenError("EADDRINUSE", "127.0.0.1:80", "the address is in use", { cause })).toMatchObject({
    ...{ name: "ListenError", code: "EADDRINUSE", address: "127.0.0.1:80", cause },
    message: "cannot listen on 127.0.0.1:80: the address is in use (EADDRINUSE)",
  });
});

test.each([
  ["abc", '"abc"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["a\r\n\t\0\x1b", '"a\\r\\n\\t\\u0000\\u001b"'],
  ["\x7f\x80\x9f\xa0\xff", '"\\x7f\\x80\\x9f\\xa0\\xff"'],
  ["x".repeat(40), `"${"x".repeat(40)}"`],
  ["x".repeat(41), `"${"x".repeat(40)}\u2026"`],
])("%j is quoted as %s", (text, expected) => {
  expect(quote(text)).toBe(expected);
});
