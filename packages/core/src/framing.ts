// Where a message ends: one function for each direction, in the order of RFC 9112 §6.3.
// Nobody else looks at Content-Length or Transfer-Encoding again. Pure.

import { ProtocolError, quote } from "./errors.ts";
import { isDigits, isToken, listMembers, trimBlanks } from "./grammar.ts";

/** How the end of a body is found. */
export type FramingKind = "none" | "length" | "chunked" | "close";

export interface Framing {
  readonly kind: FramingKind;
  /** Bytes of the body for `length`, else 0. */
  readonly length: number;
}

export const NO_BODY: Framing = Object.freeze({ kind: "none", length: 0 });
export const CHUNKED: Framing = Object.freeze({ kind: "chunked", length: 0 });
export const UNTIL_CLOSE: Framing = Object.freeze({ kind: "close", length: 0 });

/** Parses a Content-Length: decimal digits, at most 2^53 − 1. Undefined when it is not one. */
export function parseContentLength(value: string): number | undefined {
  if (!isDigits(value)) return undefined;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : undefined;
}

/**
 * The framing of a request. A repeated or listed Content-Length is refused even when its values agree (RFC 9112 §6.3
 * item 5 allows either): a proxy that picks another member is the classic way to smuggle.
 *
 * @param transferEncoding all values, joined with commas; undefined when absent
 * @param contentLength likewise
 * @throws {ProtocolError}
 */
export function requestFraming(
  minorVersion: 0 | 1,
  transferEncoding: string | undefined,
  contentLength: string | undefined,
): Framing {
  if (transferEncoding !== undefined) {
    if (minorVersion === 0) throw new ProtocolError("TRANSFER_ENCODING_IN_HTTP_1_0"); // §6.1: faulty framing
    checkTransferEncoding(transferEncoding);
    if (contentLength !== undefined) throw new ProtocolError("CONFLICTING_FRAMING");
    return CHUNKED;
  }
  if (contentLength === undefined) return NO_BODY;
  if (contentLength.includes(",")) throw new ProtocolError("REPEATED_CONTENT_LENGTH", quote(contentLength));
  const length = parseContentLength(contentLength);
  if (length === undefined) throw new ProtocolError("BAD_CONTENT_LENGTH", quote(contentLength));
  return { kind: "length", length };
}

/** `chunked`, once and alone: a known final coding with others before it is 501, everything else 400. §6.1, §7. */
function checkTransferEncoding(value: string): void {
  if (value.toLowerCase() === "chunked") return;
  const codings = listMembers(value).map((coding) => coding.toLowerCase());
  const names = codings.map((coding) => trimBlanks(coding.split(";", 1)[0] as string));
  const chunkedAt = codings.indexOf("chunked");
  if (
    names.length === 0 ||
    !names.every(isToken) ||
    names.some((name, i) => name === "chunked" && codings[i] !== name)
  ) {
    throw new ProtocolError("BAD_TRANSFER_ENCODING", quote(value));
  }
  if (chunkedAt !== codings.length - 1) throw new ProtocolError("BAD_TRANSFER_ENCODING", quote(value));
  if (codings.length > 1) throw new ProtocolError("UNSUPPORTED_TRANSFER_ENCODING", quote(value));
}

export interface ResponseFacts {
  readonly method: string;
  readonly status: number;
  /** The minor version both sides speak: the lower of the request's and the server's. */
  readonly minorVersion: 0 | 1;
  /** The application's Content-Length, checked. */
  readonly declaredLength: number | undefined;
  /** The length of a body that is complete before the head is sent. */
  readonly knownLength: number | undefined;
}

/** The framing of a response's body as it goes out: RFC 9112 §6.3 items 1 to 8, seen from the sender. */
export function responseFraming(facts: ResponseFacts): Framing {
  if (isBodyForbidden(facts.method, facts.status)) return NO_BODY;
  if (facts.status === 205) return { kind: "length", length: 0 }; // RFC 9110 §15.3.6
  if (facts.declaredLength !== undefined) return { kind: "length", length: facts.declaredLength };
  if (facts.knownLength !== undefined) return { kind: "length", length: facts.knownLength };
  return facts.minorVersion === 1 ? CHUNKED : UNTIL_CLOSE;
}

/** 1xx, 204, 304, the answer to HEAD and a 2xx to CONNECT have no body. */
export function isBodyForbidden(method: string, status: number): boolean {
  if (status < 200 || status === 204 || status === 304) return true;
  return method === "HEAD" || (method === "CONNECT" && status < 300);
}

/** Whether a head may carry Content-Length: never 1xx, 204 and 2xx to CONNECT (RFC 9110 §8.6). */
export function isLengthForbidden(method: string, status: number): boolean {
  return status < 200 || status === 204 || (method === "CONNECT" && status < 300);
}
