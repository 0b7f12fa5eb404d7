// What is remembered of heads: that it makes no difference to what is understood, that it is bounded, and what it never keeps.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Field } from "../src/fields.ts";
import { HeadMemory } from "../src/head-memory.ts";
import { acceptCases } from "./wire/accept-cases.ts";
import { byteByByte, transcript } from "./wire/drive.ts";
import { DEFAULT_LIMITS } from "./wire/limits.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { bytesOf, lines } from "./wire/wire.ts";

/** Shows a memory a line until it could have kept it; returns what it knows of it then. */
function shown(memory: HeadMemory, line: string, field: Field): Field | undefined {
  for (let i = 0; i < 3; i++)
    if (memory.find(line, 0, line.length) === undefined) memory.learn(line, 0, line.length, field);
  return memory.find(line, 0, line.length);
}

describe("a line", () => {
  test("is kept when it comes a second time, and found wherever it stands", () => {
    const memory = new HeadMemory();
    const text = "Accept: text/html\r\nAccept: text/html\r\n";
    expect(memory.find(text, 0, 17)).toBeUndefined();
    memory.learn(text, 0, 17, ["Accept", "text/html"]);
    expect(memory.find(text, 19, 36)).toBeUndefined();
    memory.learn(text, 19, 36, ["Accept", "text/html"]);
    expect(memory.find(text, 0, 17)).toEqual(["Accept", "text/html"]);
    expect(memory.find(`x${text}`, 1, 18)).toEqual(["Accept", "text/html"]);
    expect(memory.find(text, 0, 16)).toBeUndefined();
  });

  test("is given as a pair of the caller's own", () => {
    const memory = new HeadMemory();
    const line = "Accept: a";
    const field = shown(memory, line, ["Accept", "a"]) as Field;
    field[1] = "spoilt";
    expect(memory.find(line, 0, line.length)).toEqual(["Accept", "a"]);
  });

  test("is found when every character is the same, not when those are that the place is chosen by", () => {
    const memory = new HeadMemory();
    const line = `Accept: ${"a".repeat(40)}`;
    shown(memory, line, ["Accept", line.slice(8)]);
    for (let at = 0; at < line.length; at++) {
      const other = `${line.slice(0, at)}\0${line.slice(at + 1)}`;
      expect(memory.find(other, 0, other.length)).toBeUndefined();
    }
    expect(memory.find(line, 0, line.length)).toBeDefined();
  });

  test("that comes once does not drive out another", () => {
    const memory = new HeadMemory();
    const often = "Accept: often";
    shown(memory, often, ["Accept", "often"]);
    for (let i = 0; i < 20_000; i++) {
      const line = `Accept: ${i}`;
      memory.learn(line, 0, line.length, ["Accept", String(i)]);
    }
    expect(memory.find(often, 0, often.length)).toBeDefined();
  });

  test.each([
    "Cookie",
    "cookie",
    "Authorization",
    "Proxy-Authorization",
    "Referer",
    "X-Api-Key",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Anything",
    "ACCEPT",
  ])("of a name that is not common to many is not kept: %s", (name) => {
    expect(shown(new HeadMemory(), `${name}: a`, [name, "a"])).toBeUndefined();
  });

  test("that is long is not kept", () => {
    const value = (length: number): string => "a".repeat(length - "Accept: ".length);
    const keeps = (length: number): boolean =>
      shown(new HeadMemory(), `Accept: ${value(length)}`, ["Accept", value(length)]) !== undefined;
    expect([256, 257].map(keeps)).toEqual([true, false]);
  });
});

test("the last good Host is known, and no other", () => {
  const memory = new HeadMemory();
  memory.learnHost("a.example");
  expect(["a.example", "A.example", "", "a"].map((host) => memory.knowsHost(host))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

describe("what came before makes no difference", () => {
  const rows = [...acceptCases, ...rejectCases].filter(({ bytes }) => bytes.length <= 300);

  test("to the requests of the tables, in any order and cut in any way", () => {
    const law = fc.property(fc.shuffledSubarray(rows, { minLength: 20, maxLength: 60 }), (some) => {
      const memory = new HeadMemory();
      for (let round = 0; round < 3; round++) {
        for (const { bytes } of some) {
          const alone = transcript([bytes], DEFAULT_LIMITS);
          expect(transcript([bytes], DEFAULT_LIMITS, undefined, memory)).toEqual(alone);
          expect(transcript(byteByByte(bytes), DEFAULT_LIMITS, undefined, memory)).toEqual(alone);
        }
      }
    });
    fc.assert(law, { numRuns: 30 });
  });

  test("to lines that are nearly the same", () => {
    const values = fc.stringMatching(/^[ab\t \0]{0,4}$/);
    const names = fc.constantFrom("Accept", "accept", "Host", "Connection", "Accept ", "Content-Length");
    const field = fc.tuple(names, fc.constantFrom(":", ": ", ":  "), values).map((parts) => parts.join(""));
    const head = fc.array(field, { maxLength: 3 }).map((list) => bytesOf(lines("GET / HTTP/1.0", ...list, "")));
    const memory = new HeadMemory();
    const law = fc.property(head, (bytes) => {
      const alone = transcript([bytes], DEFAULT_LIMITS);
      for (let i = 0; i < 3; i++) expect(transcript([bytes], DEFAULT_LIMITS, undefined, memory)).toEqual(alone);
    });
    fc.assert(law, { numRuns: 2000 });
  });
});
