import { expect, test } from "vitest";
import { BodyEncoder } from "../src/body-encoder.ts";
import { CHUNKED, type Framing, NO_BODY, UNTIL_CLOSE } from "../src/framing.ts";

const length = (bytes: number): Framing => ({ kind: "length", length: bytes });

/** Sends items through an encoder as a response does; returns what would be on the wire. */
function encode(encoder: BodyEncoder, ...items: readonly string[]): string {
  let wire = "";
  for (const item of items) {
    const admitted = encoder.admit(item.length);
    if (admitted > 0) wire += encoder.before(admitted) + item.slice(0, admitted) + encoder.after();
  }
  return wire;
}

/** What an encoder counted; its private fields cannot be compared. */
function countsOf({ bodyBytes, framingBytes, excessBytes, missingBytes }: BodyEncoder) {
  return { bodyBytes, framingBytes, excessBytes, missingBytes };
}

test("a chunked body is framed, chunk by chunk", () => {
  const encoder = new BodyEncoder(CHUNKED);
  const wire = encode(encoder, "hello", "x".repeat(26)) + encoder.finish();
  expect(wire).toBe(`5\r\nhello\r\n1a\r\n${"x".repeat(26)}\r\n0\r\n\r\n`);
  expect(countsOf(encoder)).toMatchObject({
    bodyBytes: 31,
    framingBytes: wire.length - 31,
    excessBytes: 0,
    missingBytes: 0,
  });
});

test("a chunked body of no bytes is its end alone", () => {
  const encoder = new BodyEncoder(CHUNKED);
  expect(encode(encoder, "") + encoder.finish()).toBe("0\r\n\r\n");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 0, framingBytes: 5 });
});

test("a body of a length goes out bare", () => {
  const encoder = new BodyEncoder(length(10));
  expect(encode(encoder, "hello", "world") + encoder.finish()).toBe("helloworld");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 10, framingBytes: 0, excessBytes: 0, missingBytes: 0 });
});

test("a body longer than its length is cut, and the rest is counted", () => {
  const encoder = new BodyEncoder(length(7));
  expect(encode(encoder, "hello", "world", "!") + encoder.finish()).toBe("hellowo");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 7, excessBytes: 4, missingBytes: 0 });
});

test("a body shorter than its length is known to be", () => {
  const encoder = new BodyEncoder(length(7));
  expect(encode(encoder, "hello") + encoder.finish()).toBe("hello");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 5, excessBytes: 0, missingBytes: 2 });
});

test("a body until close goes out bare and is never too long or too short", () => {
  const encoder = new BodyEncoder(UNTIL_CLOSE);
  expect(encode(encoder, "hello", "world") + encoder.finish()).toBe("helloworld");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 10, framingBytes: 0, excessBytes: 0, missingBytes: 0 });
});

test("no byte goes out where no body is allowed, and none is counted as missing or too much", () => {
  const encoder = new BodyEncoder(NO_BODY);
  expect(encode(encoder, "hello") + encoder.finish()).toBe("");
  expect(countsOf(encoder)).toMatchObject({ bodyBytes: 0, framingBytes: 0, excessBytes: 0, missingBytes: 0 });
});
