import { describe, expect, test } from "vitest";
import {
  every,
  FIELD_VALUE,
  HEX_VALUE,
  IP_LITERAL,
  isBlank,
  isDigits,
  isToken,
  listMembers,
  REG_NAME,
  TARGET,
  TOKEN,
  trimBlanks,
} from "../src/grammar.ts";

const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const membersOf = (table: Uint8Array): string => bytes.filter((_, code) => table[code] === 1).join("");
const matching = (pattern: RegExp): string => bytes.filter((character) => pattern.test(character)).join("");

describe("the tables", () => {
  // Spelled here as the standards spell them, so that a slip of a key in the tables is seen.
  test.each([
    ["tchar", TOKEN, /[!#$%&'*+\-.^_`|~0-9A-Za-z]/],
    ["field values", FIELD_VALUE, /[\t \x21-\x7e\x80-\xff]/],
    ["request targets", TARGET, /[\x21\x22\x24-\x7e]/],
    ["registered names", REG_NAME, /[A-Za-z0-9\-._~!$&'()*+,;=%]/],
    ["IP literals", IP_LITERAL, /[A-Za-z0-9\-._~!$&'()*+,;=%:]/],
  ])("hold the characters of %s and no others", (_, table, pattern) => {
    expect(membersOf(table)).toBe(matching(pattern));
    expect(table).toHaveLength(256);
  });

  test("know the value of each hexadecimal digit", () => {
    for (const [code, character] of bytes.entries()) {
      expect(HEX_VALUE[code]).toBe(/[0-9a-fA-F]/.test(character) ? Number.parseInt(character, 16) : 255);
    }
  });
});

describe("every", () => {
  test("asks for each character of a text", () => {
    expect(every(TOKEN, "abc")).toBe(true);
    expect(every(TOKEN, "a c")).toBe(false);
    expect(every(TOKEN, "")).toBe(true);
  });

  test("asks for a part only", () => {
    expect(every(TOKEN, " abc ", 1, 4)).toBe(true);
    expect(every(TOKEN, " abc ", 0, 4)).toBe(false);
    expect(every(TOKEN, " abc ", 1)).toBe(false);
  });

  test("knows no character beyond latin-1", () => {
    expect(every(FIELD_VALUE, "a\u0141")).toBe(false);
  });
});

test.each([
  ["GET", true],
  ["a!", true],
  ["", false],
  ["a b", false],
  ["a\u0141", false],
])("whether %j is a token: %s", (text, expected) => {
  expect(isToken(text)).toBe(expected);
});

test.each([
  ["0", true],
  ["0123456789", true],
  ["", false],
  ["-1", false],
  ["1/", false],
  ["1:", false],
  ["\u0661", false],
])("whether %j is digits: %s", (text, expected) => {
  expect(isDigits(text)).toBe(expected);
});

test.each([
  ["a", "a"],
  ["", ""],
  [" \t", ""],
  ["\t a \t b \t", "a \t b"],
  ["\u00a0a\v", "\u00a0a\v"],
])("the white space around %j leaves %j", (text, expected) => {
  expect(trimBlanks(text)).toBe(expected);
});

test("SP and HTAB are blank, and nothing else", () => {
  expect(bytes.filter((_, code) => isBlank(code)).join("")).toBe("\t ");
});

describe("listMembers", () => {
  test.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    ["a , \tb\t", ["a", "b"]],
    [",a,, ,b,", ["a", "b"]],
    ["a b", ["a b"]],
    ["", []],
    [" , ", []],
  ])("splits %j", (value, members) => {
    expect(listMembers(value)).toEqual(members);
  });

  test("takes no quadratic time on white space, whose amount the peer decides", () => {
    // Hours, if it did: the time limit of a test is the assertion.
    const value = `a${" ".repeat(3_000_000)}b`;
    expect(listMembers(value)).toEqual([value]);
  });
});
