// The kinds of settings: how the text of a flag or of an environment variable becomes a value, and what a value must be.
// Text in, a value or an error text out. Pure.

import { messageOf } from "./errors.ts";

/** One kind of value. */
export interface Kind {
  /** How help shows the value: `<seconds>`; undefined for a switch. */
  readonly placeholder: string | undefined;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  /** The value of a text; undefined when the text means nothing of this kind. */
  parse(text: string): unknown;
  accepts(value: unknown): boolean;
  /** The values there are, when they are few. */
  readonly choices?: readonly string[];
  /** A value as `--print-config` shows it, where that is not its plain text. */
  show?(value: unknown): string;
}

/** What is expected in place of this value; undefined when it is good. A check may throw to say more. */
export function expectedInstead({ accepts, expected }: Kind, value: unknown): string | undefined {
  try {
    return value !== undefined && accepts(value) ? undefined : expected;
  } catch (error) {
    return `${expected} (${messageOf(error)})`;
  }
}

const UNITS: Readonly<Record<string, number>> = Object.freeze({
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
});

/** A number as people write it; undefined when it is none. `Infinity` counts. */
function parseNumber(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? undefined : value;
}

function kind(
  placeholder: string | undefined,
  expected: string,
  parse: (text: string) => unknown,
  accepts: (value: unknown) => boolean,
): Kind {
  return Object.freeze({ placeholder, expected, parse, accepts });
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value);

export const SWITCH: Kind = kind(
  undefined,
  "true or false",
  (text) =>
    ({ true: true, false: false, 1: true, 0: false, yes: true, no: false, on: true, off: false })[text.toLowerCase()],
  (value) => typeof value === "boolean",
);

export const TEXT: Kind = kind(
  "<text>",
  "text",
  (text) => text,
  (value) => typeof value === "string" && value !== "",
);

export const FILE: Kind = kind("<file>", "the name of a file", TEXT.parse, TEXT.accepts);
export const FOLDER: Kind = kind("<folder>", "the name of a folder", TEXT.parse, TEXT.accepts);
export const ADDRESS: Kind = kind(
  "<address>",
  "an address such as :8000, 127.0.0.1:8000 or unix:/run/app.sock",
  TEXT.parse,
  TEXT.accepts,
);

/** Seconds, 0 or more: `30`, `1.5`, `500ms`, `2m`, `1h`. */
export const SECONDS: Kind = kind(
  "<seconds>",
  "a number of seconds, 0 or more, such as 30, 1.5, 500ms, 2m or 1h",
  (text) => {
    const [, digits = "", unit = ""] = /^([\d.]+|Infinity)(ms|s|m|h)?$/.exec(text) ?? [];
    const factor = { ms: 0.001, "": 1, s: 1, m: 60, h: 3600 }[unit];
    const value = parseNumber(digits);
    return value === undefined || factor === undefined ? undefined : value * factor;
  },
  (value) => typeof value === "number" && value >= 0,
);

/** A whole number, 0 or more. */
export const COUNT: Kind = kind(
  "<count>",
  "a whole number, 0 or more",
  parseNumber,
  (value) => isWhole(value) && (value as number) >= 0,
);

/** A whole number above 0. */
export const POSITIVE: Kind = kind(
  "<count>",
  "a whole number above 0",
  parseNumber,
  (value) => isWhole(value) && (value as number) > 0,
);

/** Bytes, with K, M or G for powers of 1024. */
export const BYTES: Kind = kind(
  "<bytes>",
  "a number of bytes, 0 or more, such as 65536, 64K, 512M or 2G",
  (text) => {
    const [, digits = "", unit = ""] = /^([\d.]+|Infinity)([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
    const value = parseNumber(digits);
    return value === undefined ? undefined : value * (UNITS[unit.toLowerCase()] as number);
  },
  (value) => typeof value === "number" && value >= 0,
);

export const PORT: Kind = kind(
  "<port>",
  "a port, 0 to 65535",
  parseNumber,
  (value) => isWhole(value) && (value as number) >= 0 && (value as number) <= 65535,
);

/** Permissions in octal: `007`, `0o660`. */
export const MODE: Kind = Object.freeze({
  ...kind(
    "<octal>",
    "permissions in octal, such as 022 or 0o660",
    (text) => (/^(0o)?[0-7]{1,4}$/.test(text) ? Number.parseInt(text.replace("0o", ""), 8) : undefined),
    (value) => isWhole(value) && (value as number) >= 0 && (value as number) <= 0o777,
  ),
  show: (value: unknown) => `0o${(value as number).toString(8).padStart(3, "0")}`,
});

/** `auto` or how many. */
export const WORKERS: Kind = kind(
  "<count|auto>",
  '"auto" or a whole number, 0 or more',
  (text) => (text === "auto" ? text : parseNumber(text)),
  (value) => value === "auto" || COUNT.accepts(value),
);

/** @param placeholder how help shows the value */
export function oneOf(placeholder: string, ...choices: readonly string[]): Kind {
  const accepts = (value: unknown): boolean => choices.includes(value as string);
  return Object.freeze({ placeholder, expected: `one of ${choices.join(", ")}`, parse: TEXT.parse, accepts, choices });
}

/** A kind whose values another table checks: what it expects says how a text is read. */
export function checkedBy(expected: string, accepts: (value: unknown) => boolean): Kind {
  const { placeholder, parse } = [
    { sign: /seconds/, placeholder: SECONDS.placeholder, parse: SECONDS.parse },
    { sign: /bytes/, placeholder: BYTES.placeholder, parse: BYTES.parse },
    { sign: /number/, placeholder: COUNT.placeholder, parse: parseNumber },
    { sign: /^/, placeholder: "<value>", parse: TEXT.parse },
  ].find(({ sign }) => sign.test(expected)) as { placeholder: string; parse: Kind["parse"] };
  const canBeSwitched = expected.startsWith("true");
  return kind(
    placeholder,
    expected,
    (text) => parse(text) ?? (canBeSwitched ? SWITCH.parse(text) : undefined),
    accepts,
  );
}
