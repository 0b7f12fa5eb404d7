import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDateTime } from "../src/date.ts";

test.each([
  [784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"],
  [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
  [-1, "Wed, 31 Dec 1969 23:59:59 GMT"],
  [951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"],
  [1_709_208_000, "Thu, 29 Feb 2024 12:00:00 GMT"],
  [2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"],
  [-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"],
  [253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"],
])("%d is %s", (timestamp, text) => {
  expect(formatDateTime(timestamp)).toBe(text);
});

test("fractions are dropped, before 1970 too", () => {
  expect(formatDateTime(0.999)).toBe("Thu, 01 Jan 1970 00:00:00 GMT");
  expect(formatDateTime(-0.001)).toBe("Wed, 31 Dec 1969 23:59:59 GMT");
});

test("every second has the text that Date gives it", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (timestamp) => {
      expect(formatDateTime(timestamp)).toBe(new Date(timestamp * 1000).toUTCString());
    }),
  );
});

test.each([
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  [1e20, "100000000000000000000"],
  [253_402_300_800, "253402300800"],
  [-62_167_219_201, "-62167219201"],
])("%d is refused", (timestamp, shown) => {
  const attempt = () => formatDateTime(timestamp);
  expect(attempt).toThrow(RangeError);
  expect(attempt).toThrow(`formatDateTime: expected seconds since the epoch, got ${shown}`);
});

test("what is no number is refused", () => {
  expect(() => formatDateTime(undefined as unknown as number)).toThrow(RangeError);
});
