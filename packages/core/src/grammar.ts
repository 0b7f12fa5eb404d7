// The characters of HTTP as tables: one byte in, its class out. RFC 9110 §5.5, §5.6.2 and RFC 3986 §2, §3.2.2.
// Every parser asks these tables; no other file spells out a character set. Knows nothing but bytes.

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;

const DIGITS = "0123456789";
const ALPHA = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

function range(first: number, last: number): string {
  let characters = "";
  for (let code = first; code <= last; code++) characters += String.fromCharCode(code);
  return characters;
}

/** `tchar`: RFC 9110 §5.6.2. */
export const TOKEN: Uint8Array = tableOf(`!#$%&'*+-.^_\`|~${DIGITS}${ALPHA}`);

/** `field-vchar` / SP / HTAB, obs-text included: RFC 9110 §5.5. */
export const FIELD_VALUE: Uint8Array = tableOf(`\t${range(0x20, 0x7e)}${range(0x80, 0xff)}`);

/**
 * What a request target may hold: visible ASCII but `#`. Wider than RFC 3986, because browsers send `|`, `^`, `{`, `}`,
 * `` ` `` and `\` unescaped; a fragment, a space, a control or a byte above 0x7e is never sent by them.
 */
export const TARGET: Uint8Array = tableOf(range(0x21, 0x7e).replace("#", ""));

/** `reg-name` and IPv4address: unreserved / sub-delims / "%" (RFC 3986 §3.2.2); pct-encoded pairs are not checked. */
export const REG_NAME: Uint8Array = tableOf(`-._~!$&'()*+,;=%${DIGITS}${ALPHA}`);

/** The inside of an IP-literal, `[` and `]` left out: RFC 3986 §3.2.2 and RFC 6874 for the zone. */
export const IP_LITERAL: Uint8Array = tableOf(`:.-_~!$&'()*+,;=%${DIGITS}${ALPHA}`);

/** The value of a hexadecimal digit, or 255. */
export const HEX_VALUE: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(255);
  for (let i = 0; i < 16; i++) {
    table[i.toString(16).charCodeAt(0)] = i;
    table[i.toString(16).toUpperCase().charCodeAt(0)] = i;
  }
  return table;
})();

/** Whether every character of `text` from `start` to `end` is in the table. */
export function every(table: Uint8Array, text: string, start = 0, end: number = text.length): boolean {
  for (let i = start; i < end; i++) if (table[text.charCodeAt(i)] !== 1) return false;
  return true;
}

/** Whether `text` is a `token`: RFC 9110 §5.6.2. */
export function isToken(text: string): boolean {
  return text.length > 0 && every(TOKEN, text);
}

/** Whether `text` is one or more decimal digits. */
export function isDigits(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** Splits a comma-separated list, empty members dropped: RFC 9110 §5.6.1. */
export function listMembers(value: string): string[] {
  return value
    .split(",")
    .map(trimBlanks)
    .filter((member) => member !== "");
}

/** Removes the optional white space around a text. Not by a regular expression: that takes quadratic time on a peer's spaces. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether a character is SP or HTAB. */
export function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}
