// The prefix of a mount: what it must look like, and whether a path is below it. PEP 3333 "URL Reconstruction"; RFC 3986 §3.3.
// Text in; a Prefix, and later how much of a path it takes, out.

import { MountError, show } from "./errors.ts";
import { decodePath } from "./path.ts";

/** A prefix, decoded, without a slash at its end; the root is the empty text. */
export type Prefix = string;

/**
 * Checks a prefix as a caller writes it; percent-encoding means what it means in a URL.
 *
 * @throws {MountError} BAD_PREFIX
 */
export function parsePrefix(text: string): Prefix {
  const fault = faultOf(text);
  if (fault !== undefined) throw new MountError("BAD_PREFIX", `${show(text)} ${fault}`);
  return text === "/" ? "" : decodePath(text);
}

function faultOf(text: string): string | undefined {
  if (text === "") return 'is empty; "/" is for every path that no other prefix takes';
  if (!text.startsWith("/")) return `does not begin with a slash: ${show(`/${text}`)}?`;
  if (text === "/") return undefined;
  if (text.endsWith("/")) return `ends with a slash: ${show(text.replace(/\/+$/, "") || "/")}?`;
  if (/[?#]/.test(text)) return "has a `?` or a `#`, which end a path; as a character of a segment write %3F or %23";
  if (text.includes("//")) return "has an empty segment";
  if (/%(?![0-9a-f]{2})/i.test(text)) return "has a `%` without two hexadecimal digits; as a character write %25";
  if (/%2f/i.test(text)) return "has a `%2F`, which is a slash to some and a character to others";
  const decoded = decodePath(text);
  if (/[\0-\x1f\x7f\ufffd\p{Surrogate}]/u.test(decoded)) return "has a control character, or octets that are not UTF-8";
  return /\/\.\.?(?:\/|$)/.test(decoded)
    ? "has a segment `.` or `..`, which clients resolve and never send"
    : undefined;
}

/**
 * How many characters of a path the prefix takes, as PATH_INFO or as RAW_PATH_INFO; undefined when it is not below the prefix. Each
 * segment is decoded by itself, so that `/api%2Fusers` is one segment, and not below `/api`.
 */
export function lengthIn(path: string, prefix: Prefix): number | undefined {
  if (!path.includes("%")) return isBelow(path, prefix) ? prefix.length : undefined;
  let start = 0;
  let taken = 0;
  while (taken < prefix.length) {
    const next = path.indexOf("/", start + 1);
    const end = next < 0 ? path.length : next;
    const segment = decodePath(path.slice(start, end));
    const until = prefix.indexOf("/", taken + 1);
    if (segment !== prefix.slice(taken, until < 0 ? prefix.length : until)) return undefined;
    taken += segment.length;
    start = end;
  }
  return start;
}

function isBelow(path: string, prefix: Prefix): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f);
}
