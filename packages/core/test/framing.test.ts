import { describe, expect, test } from "vitest";
import { ProtocolError } from "../src/errors.ts";
import {
  CHUNKED,
  type Framing,
  isBodyForbidden,
  isLengthForbidden,
  NO_BODY,
  parseContentLength,
  type ResponseFacts,
  requestFraming,
  responseFraming,
  UNTIL_CLOSE,
} from "../src/framing.ts";

const length = (bytes: number): Framing => ({ kind: "length", length: bytes });

test.each([
  ["0", 0],
  ["5", 5],
  ["0005", 5],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ["9007199254740992", undefined],
  ["9".repeat(400), undefined],
  ["", undefined],
  [" 5", undefined],
  ["+5", undefined],
  ["5.0", undefined],
])("a Content-Length of %j is %j", (text, expected) => {
  expect(parseContentLength(text)).toBe(expected);
});

test("the framings without a length cannot be changed by anybody", () => {
  for (const framing of [NO_BODY, CHUNKED, UNTIL_CLOSE]) expect(Object.isFrozen(framing)).toBe(true);
});

describe("the framing of a request", () => {
  test.each<[string, 0 | 1, string | undefined, string | undefined, Framing]>([
    ["without any field", 1, undefined, undefined, NO_BODY],
    ["without any field on HTTP/1.0", 0, undefined, undefined, NO_BODY],
    ["of a length", 1, undefined, "5", length(5)],
    ["of a length on HTTP/1.0", 0, undefined, "5", length(5)],
    ["of no bytes", 1, undefined, "0", length(0)],
    ["that is chunked", 1, "chunked", undefined, CHUNKED],
    ["that is chunked in capitals", 1, "CHUNKED", undefined, CHUNKED],
    ["that is chunked beside empty members", 1, ", chunked ,", undefined, CHUNKED],
  ])("%s", (_, minorVersion, transferEncoding, contentLength, expected) => {
    expect(requestFraming(minorVersion, transferEncoding, contentLength)).toEqual(expected);
  });

  test.each<[string, 0 | 1, string | undefined, string | undefined]>([
    ["TRANSFER_ENCODING_IN_HTTP_1_0", 0, "chunked", undefined],
    ["TRANSFER_ENCODING_IN_HTTP_1_0", 0, "x", "5"],
    ["CONFLICTING_FRAMING", 1, "chunked", "5"],
    ["CONFLICTING_FRAMING", 1, "chunked", "x"],
    ["BAD_TRANSFER_ENCODING", 1, "gzip", "5"],
    ["BAD_TRANSFER_ENCODING", 1, "", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "chunked, chunked", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "chunked, gzip", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "gzip", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "chunked;a", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "chunked ;a, chunked", undefined],
    ["BAD_TRANSFER_ENCODING", 1, "g zip, chunked", undefined],
    ["BAD_TRANSFER_ENCODING", 1, ";a, chunked", undefined],
    ["UNSUPPORTED_TRANSFER_ENCODING", 1, "gzip, chunked", undefined],
    ["UNSUPPORTED_TRANSFER_ENCODING", 1, "gzip ;q=1;r, Chunked", undefined],
    ["REPEATED_CONTENT_LENGTH", 1, undefined, "5,5"],
    ["BAD_CONTENT_LENGTH", 1, undefined, "x"],
    ["BAD_CONTENT_LENGTH", 1, undefined, ""],
  ])(
    "is refused with %s: version 1.%i, codings %j, length %j",
    (code, minorVersion, transferEncoding, contentLength) => {
      const attempt = () => requestFraming(minorVersion, transferEncoding, contentLength);
      expect(attempt).toThrow(ProtocolError);
      expect(attempt).toThrow(expect.objectContaining({ code }));
    },
  );

  test("takes no quadratic time on the white space of a coding", () => {
    // Hours, if it did: the time limit of a test is the assertion.
    const coding = `a${" ".repeat(3_000_000)}b`;
    expect(() => requestFraming(1, coding, undefined)).toThrow(ProtocolError);
  });
});

describe("the framing of a response", () => {
  const facts: ResponseFacts = {
    ...{ method: "GET", status: 200, minorVersion: 1, declaredLength: undefined, knownLength: undefined },
  };

  test.each<[string, Partial<ResponseFacts>, Framing]>([
    ["chunked", {}, CHUNKED],
    ["until close on HTTP/1.0", { minorVersion: 0 }, UNTIL_CLOSE],
    ["the length that was declared", { declaredLength: 5 }, length(5)],
    ["the length that was declared on HTTP/1.0", { declaredLength: 5, minorVersion: 0 }, length(5)],
    ["the length that is known", { knownLength: 7 }, length(7)],
    ["a known length of 0", { knownLength: 0 }, length(0)],
    ["the declared length before the known one", { declaredLength: 5, knownLength: 7 }, length(5)],
    ["none for HEAD", { method: "HEAD", declaredLength: 5 }, NO_BODY],
    ["none for 204", { status: 204, knownLength: 5 }, NO_BODY],
    ["none for 304", { status: 304, declaredLength: 5 }, NO_BODY],
    ["none for 101", { status: 101 }, NO_BODY],
    ["none for a CONNECT that succeeds", { method: "CONNECT" }, NO_BODY],
    ["chunked for a CONNECT that fails", { method: "CONNECT", status: 404 }, CHUNKED],
    ["a length of 0 for 205, whatever was declared", { status: 205, declaredLength: 5 }, length(0)],
    ["none for a HEAD with 205", { method: "HEAD", status: 205 }, NO_BODY],
  ])("is %s", (_, own, expected) => {
    expect(responseFraming({ ...facts, ...own })).toEqual(expected);
  });

  test.each<[string, number, boolean, boolean]>([
    ["GET", 100, true, true],
    ["GET", 199, true, true],
    ["GET", 200, false, false],
    ["GET", 204, true, true],
    ["GET", 205, false, false],
    ["GET", 304, true, false],
    ["HEAD", 200, true, false],
    ["HEAD", 404, true, false],
    ["CONNECT", 200, true, true],
    ["CONNECT", 299, true, true],
    ["CONNECT", 300, false, false],
  ])("to %s with %i forbids a body: %s, and a Content-Length: %s", (method, status, body, contentLength) => {
    expect(isBodyForbidden(method, status)).toBe(body);
    expect(isLengthForbidden(method, status)).toBe(contentLength);
  });
});
