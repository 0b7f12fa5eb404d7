// Lines as bytes: what is put in comes out again, however long it is, and what a peer has a say in is printable ASCII.

import fc from "fast-check";
import { expect, test } from "vitest";
import { LogText } from "../src/log-text.ts";

test("has what was put in, in its order, once", () => {
  const text = new LogText();
  text.put(Buffer.from("é "));
  text.putEscaped("é ");
  text.putNumber(12);
  text.putFixed(1.25, 2);
  expect(text.length).toBe(Buffer.byteLength("é \\xe9 121.25"));
  expect(text.take()).toBe("é \\xe9 121.25");
  expect([text.length, text.take()]).toEqual([0, ""]);
});

test("takes text of any length, and goes on as before", () => {
  const text = new LogText();
  const short = "a".repeat(16_000);
  const long = "\u0100".repeat(100_000);
  text.putEscaped(short);
  text.putEscaped(long);
  text.put(Buffer.from("\n"));
  expect(text.take()).toBe(`${short}${"\\u0100".repeat(100_000)}\n`);
  text.put(Buffer.from(short));
  text.put(Buffer.from(short));
  expect(text.take()).toBe(short + short);
});

test("shows numbers as String does", () => {
  const numbers = fc.oneof(
    fc.nat(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31),
  );
  fc.assert(
    fc.property(numbers, (number) => {
      const text = new LogText();
      text.putNumber(number);
      expect(text.take()).toBe(String(number === 0 ? 0 : number));
    }),
  );
});

test("escapes every character that is not plain, and no other", () => {
  const text = new LogText();
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    text.putEscaped(character);
    const isPlain = code >= 0x20 && code < 0x7f && character !== '"' && character !== "\\";
    const hex = code.toString(16);
    const escaped = /["\\]/.test(character)
      ? `\\${character}`
      : code > 0xff
        ? `\\u${hex.padStart(4, "0")}`
        : `\\x${hex.padStart(2, "0")}`;
    const shown = text.take();
    if (shown !== (isPlain ? character : escaped)) expect(shown).toBe(isPlain ? character : escaped);
  }
});
