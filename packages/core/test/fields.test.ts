import { describe, expect, test } from "vitest";
import { ProtocolError } from "../src/errors.ts";
import { endOfLine, expectLineFeed, type Field, parseFields, type SectionLimits } from "../src/fields.ts";

const WIDE: SectionLimits = { maxFieldBytes: 1000, maxHeadBytes: 1000, maxFieldCount: 100 };

/** Parses a section; returns the fields and where it ended. */
function parse(text: string, limits: Partial<SectionLimits> = {}, start = 0, sectionStart = 0) {
  const fields: Field[] = [];
  const end = parseFields(text, start, sectionStart, { ...WIDE, ...limits }, fields);
  return { fields, end };
}

function faultOf(attempt: () => unknown): { code?: string; message?: string } {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return error as ProtocolError;
  }
  return {};
}

describe("parseFields", () => {
  test("reads up to and including the empty line", () => {
    expect(parse("A: b\r\nC:d\r\n\r\nrest")).toEqual({
      fields: [
        ["A", "b"],
        ["C", "d"],
      ],
      end: 13,
    });
  });

  test("reads no fields from an empty line alone", () => {
    expect(parse("\r\nA: b")).toEqual({ fields: [], end: 2 });
  });

  test("begins where it is told to", () => {
    expect(parse("GET / HTTP/1.1\r\nA: b\r\n\r\n", {}, 16)).toEqual({ fields: [["A", "b"]], end: 24 });
  });

  test.each([
    ["A:b", "b"],
    ["A: \t b \t ", "b"],
    ["A:", ""],
    ["A: \t", ""],
    ["A: b \t c", "b \t c"],
    ["A: \x80\xff", "\x80\xff"],
    ["A:\xa0", "\xa0"],
  ])("takes the value of %j as %j", (line, value) => {
    expect(parse(`${line}\r\n\r\n`).fields).toEqual([["A", value]]);
  });

  test.each([
    ["A b: c\r\n\r\n", "BAD_FIELD_NAME", '"A "'],
    [": c\r\n\r\n", "BAD_FIELD_NAME", '":"'],
    ["A\r\n\r\n", "BAD_FIELD_NAME", '"A\\r"'],
    ["A\xe9: c\r\n\r\n", "BAD_FIELD_NAME", '"A\\xe9"'],
    ["A: b\0c\r\n\r\n", "BAD_FIELD_VALUE", '0x00 in "A"'],
    ["A: b\x7f\r\n\r\n", "BAD_FIELD_VALUE", '0x7f in "A"'],
    ["A: b\nC: d\r\n\r\n", "BAD_LINE_END", "an LF without its CR"],
    ["A\n: b\r\n\r\n", "BAD_LINE_END", "an LF without its CR"],
    ["\nA: b\r\n\r\n", "BAD_LINE_END", "an LF without its CR"],
    ["A: b\rC: d\r\n\r\n", "BAD_LINE_END", "a CR without its LF"],
    ["A: b\r\n\rC: d\r\n\r\n", "BAD_LINE_END", "a CR without its LF"],
    ["A: b\r\n c\r\n\r\n", "OBSOLETE_FOLDING", "continued"],
    ["A: b\r\n\tc\r\n\r\n", "OBSOLETE_FOLDING", "continued"],
  ])("refuses %j with %s", (text, code, reason) => {
    const fault = faultOf(() => parse(text));
    expect(fault.code).toBe(code);
    expect(fault.message).toContain(reason);
  });

  test.each(["", "A", "A:", "A: b", "A: b\r", "A: b\r\n", "A: b\r\n\r"])(
    "never takes %j for a whole section",
    (text) => {
      expect(faultOf(() => parse(text)).code).toBeDefined();
    },
  );

  test("counts fields, those that were there before too", () => {
    const text = "A: 1\r\nB: 2\r\n\r\n";
    expect(parse(text, { maxFieldCount: 2 }).fields).toHaveLength(2);
    expect(faultOf(() => parse(text, { maxFieldCount: 1 }))).toMatchObject({
      ...{ code: "TOO_MANY_FIELDS", message: "the header section has too many fields: more than 1" },
    });
    const fields: Field[] = [["Z", "0"]];
    expect(faultOf(() => parseFields(text, 0, 0, { ...WIDE, maxFieldCount: 2 }, fields)).code).toBe("TOO_MANY_FIELDS");
  });

  test("measures a line without its CRLF", () => {
    expect(parse("A: bc\r\n\r\n", { maxFieldBytes: 5 }).fields).toHaveLength(1);
    expect(faultOf(() => parse("A: bcd\r\n\r\n", { maxFieldBytes: 5 }))).toMatchObject({
      ...{ code: "FIELD_TOO_LONG", message: "a header line is too long: more than 5 bytes" },
    });
  });

  test("measures a section from where it began to the end of its last line", () => {
    const text = "0123456789A: b\r\nC: d\r\n\r\n";
    expect(parse(text, { maxHeadBytes: 20 }, 10, 0).fields).toHaveLength(2);
    expect(faultOf(() => parse(text, { maxHeadBytes: 19 }, 10, 0)).code).toBe("HEAD_TOO_LARGE");
    expect(parse(text, { maxHeadBytes: 10 }, 10, 10).fields).toHaveLength(2);
    expect(faultOf(() => parse(text, { maxHeadBytes: 9 }, 10, 10)).code).toBe("HEAD_TOO_LARGE");
  });
});

describe("endOfLine", () => {
  test("finds the CR, or the end of the text", () => {
    expect(endOfLine("abc\r\n", 0, 10, 10, "FIELD_TOO_LONG")).toBe(3);
    expect(endOfLine("abc", 0, 10, 10, "FIELD_TOO_LONG")).toBe(3);
    expect(endOfLine("a\r\nb\r\n", 3, 10, 10, "FIELD_TOO_LONG")).toBe(4);
  });

  test("takes a line that reaches both limits", () => {
    expect(endOfLine("abc\r\n", 0, 3, 3, "FIELD_TOO_LONG")).toBe(3);
    expect(endOfLine("..abc\r\n", 2, 3, 5, "FIELD_TOO_LONG")).toBe(5);
  });

  test.each([
    ["the line's limit when it is the first", 2, 3, "REQUEST_LINE_TOO_LONG"],
    ["the line's limit when both are crossed at once", 2, 2, "REQUEST_LINE_TOO_LONG"],
    ["the section's limit when it is the first", 3, 2, "HEAD_TOO_LARGE"],
  ])("refuses at %s", (_, maxLineBytes, sectionLimit, code) => {
    expect(faultOf(() => endOfLine("abcd\r\n", 0, maxLineBytes, sectionLimit, "REQUEST_LINE_TOO_LONG")).code).toBe(
      code,
    );
  });

  test.each([
    ["before both limits", "a\nbc\r\n", 2, 3, undefined],
    ["at the line's limit", "ab\nc\r\n", 2, 3, undefined],
    ["at the section's limit", "ab\nc\r\n", 3, 2, undefined],
    ["behind the line's limit", "abc\n\r\n", 2, 4, "FIELD_TOO_LONG"],
    ["behind the section's limit", "abc\nd\r\n", 4, 2, "HEAD_TOO_LARGE"],
    ["of a line before it", "\nabc\r\n", 2, 9, "FIELD_TOO_LONG"],
  ])("leaves a bare LF %s to whoever reads the line, and no other", (where, text, maxLineBytes, sectionLimit, code) => {
    const start = where === "of a line before it" ? 1 : 0;
    const fault = faultOf(() => endOfLine(text, start, maxLineBytes, sectionLimit, "FIELD_TOO_LONG"));
    expect(fault.code).toBe(code);
  });
});

test("expectLineFeed refuses everything but LF, the end of the text too", () => {
  expectLineFeed("\r\n", 1);
  for (const text of ["\r", "\rx", "\r\r"]) expect(faultOf(() => expectLineFeed(text, 1)).code).toBe("BAD_LINE_END");
});
