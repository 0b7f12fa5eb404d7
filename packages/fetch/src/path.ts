// Paths between WSGI, where they are decoded, and URLs, where they are not: RFC 3986 §2.1, WHATWG URL "path state".
// Text in, text out; nothing throws. What must not change its meaning on the way through a URL parser is escaped.

import type { Environ } from "@wsgi/core";

/** What a URL parser would take for something else, or drop: `\` for a slash, `?` and `#` for ends, controls, beyond ASCII. */
const UNSAFE_RAW = /[^\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]/;
/** The same of decoded text, where a `%` is a character like others. */
const UNSAFE_TEXT = /[^\x21\x22\x24\x26-\x3e\x40-\x5b\x5d-\x7e]/gu;

/**
 * The path of a request, escaped as in a URL: SCRIPT_NAME, then RAW_PATH_INFO as it came. Middleware that changes PATH_INFO and
 * leaves RAW_PATH_INFO is heard: then PATH_INFO is what counts. `*`, of `OPTIONS *`, is `/*`.
 */
export function urlPath(environ: Environ): string {
  const { SCRIPT_NAME: script, PATH_INFO: path, RAW_PATH_INFO: raw } = environ;
  const rest = isInStep(raw, path) ? escapeRaw(raw) : escapeText(path);
  const whole = script === "" ? rest : escapeText(script) + rest;
  return whole.startsWith("/") ? whole : `/${whole}`;
}

/** Tested first: to replace nothing costs four times as much. */
function escapeRaw(raw: string): string {
  return UNSAFE_RAW.test(raw) ? raw.replace(new RegExp(UNSAFE_RAW, "g"), escapeByte) : raw;
}

/** What stands after the first `?`, escaped as far as a URL parser would misread it. */
export function urlQuery(query: string): string {
  return query.replace(/[^\x21\x22\x24-\x7e]/g, escapeByte);
}

/** Escapes decoded text for the path of a URL. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE_TEXT, (c) => (/^\p{Surrogate}$/u.test(c) ? "%EF%BF%BD" : escapeCharacter(c)));
}

function escapeCharacter(character: string): string {
  const escaped = encodeURIComponent(character);
  return escaped === character ? escapeByte(character) : escaped;
}

function escapeByte(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Whether both say the same path. A path without escapes is the same text. */
function isInStep(raw: unknown, path: string): raw is string {
  return raw === path || (typeof raw === "string" && raw.includes("%") && decodePath(raw) === path);
}

/**
 * Percent-decoding as the core does it: octets are UTF-8, what is not becomes U+FFFD, a `%` without two digits stays. The core's own is
 * not imported, since its index brings sockets to runtimes that have none; a test compares them.
 */
export function decodePath(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLeniently(text);
  }
}

function decodeLeniently(text: string): string {
  const octets = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digits = text.charCodeAt(i) === 0x25 ? text.slice(i + 1, i + 3) : "";
    const isPair = /^[0-9a-fA-F]{2}$/.test(digits);
    octets[length++] = isPair ? Number.parseInt(digits, 16) : text.charCodeAt(i);
    if (isPair) i += 2;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets.subarray(0, length));
}
