import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePercent } from "../src/percent.ts";

test.each([
  ["", ""],
  ["/a/b", "/a/b"],
  ["/%41", "/A"],
  ["/a%2Fb%20c", "/a/b c"],
  ["/%2f%3F", "//?"],
  ["/caf%C3%A9", "/caf\u00e9"],
  ["/%e2%82%ac", "/\u20ac"],
  ["/%F0%9F%98%80", "/\u{1f600}"],
  ["/+", "/+"],
  ["/%00", "/\0"],
  ["/%25", "/%"],
  ["/%2541", "/%41"],
])("%j is decoded to %j", (text, expected) => {
  expect(decodePercent(text)).toBe(expected);
});

test.each([
  ["a percent sign at the end", "/%", "/%"],
  ["one digit at the end", "/%4", "/%4"],
  ["no digits", "/%zz", "/%zz"],
  ["a bad second digit", "/%4g", "/%4g"],
  ["a bad first digit", "/%g4", "/%g4"],
  ["a percent sign before an encoding", "/%%41", "/%A"],
  ["a half encoding before an encoding", "/%4%41", "/%4A"],
  ["a good encoding before a bad one", "/%41%", "/A%"],
])("%s stays as it is, the rest is decoded", (_, text, expected) => {
  expect(decodePercent(text)).toBe(expected);
});

test.each([
  ["an octet that begins nothing", "/%FF", "/\ufffd"],
  ["a sequence that is cut short", "/%C3", "/\ufffd"],
  ["a sequence that is cut short by text", "/%C3a", "/\ufffda"],
  ["a continuation alone", "/%A9", "/\ufffd"],
  ["an overlong slash", "/%C0%AF", "/\ufffd\ufffd"],
  ["latin-1", "/caf%E9", "/caf\ufffd"],
  ["half of a surrogate pair", "/%ED%A0%80", "/\ufffd\ufffd\ufffd"],
])("%s becomes U+FFFD", (_, text, expected) => {
  expect(decodePercent(text)).toBe(expected);
});

test("what encodeURIComponent made is decoded", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(decodePercent(encodeURIComponent(text))).toBe(text);
    }),
  );
});

test("text without a percent sign is its own decoding, and nothing throws", () => {
  const characters = fc.constantFrom(..."%%%0123456789abcdefABCDEFg/ \x7f");
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 20 }), (list) => {
      const text = list.join("");
      const decoded = decodePercent(text);
      expect(decoded.length).toBeLessThanOrEqual(text.length);
      if (!text.includes("%")) expect(decoded).toBe(text);
    }),
  );
});
