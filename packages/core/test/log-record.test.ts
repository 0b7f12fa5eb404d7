// Text of applications as one record of a log: whatever is in it, no line of it begins like a record, and stacks stay readable.

import fc from "fast-check";
import { expect, test } from "vitest";
import { logRecord } from "../src/log-record.ts";

test.each([
  ["one line", "one line"],
  ["one line with its end\n", "one line with its end\n"],
  ["Error: no\n    at f (file.ts:1:2)\n\tat g", "Error: no\n    at f (file.ts:1:2)\n\tat g"],
  ["Error: a\n(1) forged\n    at f", "Error: a\n    (1) forged\n    at f"],
  ["a\r\nb\rc", "a\n    b\\x0dc"],
  ["a\n\n\nb\n", "a\n\n\n    b\n"],
  ["grüße, \u{1f600}\t\u65e5\u672c", "grüße, \u{1f600}\t\u65e5\u672c"],
  ["\x1b[2J\x00\x08\x7f\x9b", "\\x1b[2J\\x00\\x08\\x7f\\x9b"],
  ["a\u2028b\u2029c\u202ed\u2066e\x85f", "a\\u2028b\\u2029c\\u202ed\\u2066e\\x85f"],
])("of %j makes %j", (text, record) => {
  expect(logRecord(text)).toBe(record);
});

test("has no further line without an indent and no control, and shows itself as it is", () => {
  const pieces = fc.constantFrom(
    "\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "(1) ",
    "a",
    "\x1b[31m",
    "\u2028",
    "\u202e",
    "\x85",
    "\0",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const record = logRecord(text);
      for (const line of record.split("\n").slice(1)) expect(line).toMatch(/^(?:[\t ]|$)/);
      expect(record).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
      expect(logRecord(record)).toBe(record);
      expect(record.endsWith("\n")).toBe(text.endsWith("\n"));
    }),
  );
});
