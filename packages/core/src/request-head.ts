// The head of a request: request line, fields, and what they say together. RFC 9112 §3, §5, §9.3; RFC 9110 §7.2, §10.1.1.
// Text of a complete head in, RequestHead out, or a ProtocolError. No bytes, no sockets, no "need more": the parser
// calls this when the head is complete, or when it is certain to be refused (then `text` ends behind the fault).

import { ProtocolError, quote } from "./errors.ts";
import { endOfLine, expectLineFeed, type Field, parseFields, type SectionLimits } from "./fields.ts";
import { type Framing, requestFraming } from "./framing.ts";
import { CR, LF, listMembers, SP, TOKEN } from "./grammar.ts";
import type { HeadMemory } from "./head-memory.ts";
import { isHost } from "./host.ts";
import { parseRequestTarget } from "./request-target.ts";

export interface HeadLimits extends SectionLimits {
  /** Bytes of the request line without its CRLF: eventlet's `url_length_limit`. */
  readonly urlLengthLimit: number;
  /** Bytes of a body; Infinity for no limit. */
  readonly maxBodyBytes: number;
}

/** A request head that passed every check. */
export interface RequestHead {
  /** As it came, without its CRLF. */
  readonly requestLine: string;
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  readonly path: string;
  readonly query: string | undefined;
  /** The protocol version as it came, e.g. `HTTP/1.1`. */
  readonly version: string;
  /** 0 for HTTP/1.0; 1 for HTTP/1.1 and every later 1.x. */
  readonly minorVersion: 0 | 1;
  readonly fields: Field[];
  /** The authority of the target, else the Host field; undefined when an HTTP/1.0 request has neither. */
  readonly host: string | undefined;
  readonly framing: Framing;
  /** Whether the peer's version and Connection field allow another request: RFC 9112 §9.3. */
  readonly keepAlive: boolean;
  /** Whether the peer asked with `Connection: keep-alive`, as HTTP/1.0 clients do. */
  readonly asksKeepAlive: boolean;
  /** Whether the peer waits for 100 Continue. Never true for HTTP/1.0: RFC 9110 §10.1.1. */
  readonly wantsContinue: boolean;
  /** The position in the text after the head. */
  readonly end: number;
}

/** The fields that the server itself obeys, repeated ones joined with commas. */
interface ControlFields {
  host: string | undefined;
  contentLength: string | undefined;
  contentType: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
}

/**
 * Parses the head that starts at `start`.
 *
 * @param memory of the heads before
 * @throws {ProtocolError} always when the head is not complete
 */
export function parseRequestHead(text: string, start: number, limits: HeadLimits, memory?: HeadMemory): RequestHead {
  checkFirstByte(text, start);
  const lineEnd = endOfLine(text, start, limits.urlLengthLimit, start + limits.maxHeadBytes, "REQUEST_LINE_TOO_LONG");
  const methodEnd = scanMethod(text, start, lineEnd);
  const targetEnd = text.indexOf(" ", methodEnd + 1);
  if (targetEnd < 0 || targetEnd >= lineEnd) throw badRequestLine(text, start, lineEnd);
  const minorVersion = parseVersion(text, targetEnd + 1, lineEnd, start);
  const method = text.slice(start, methodEnd);
  const target = text.slice(methodEnd + 1, targetEnd);
  if (target === "") throw badRequestLine(text, start, lineEnd);
  const { path, query, authority } = parseRequestTarget(target, method);
  expectLineFeed(text, lineEnd + 1);

  const fields: Field[] = [];
  const end = parseFields(text, lineEnd + 2, start, limits, fields, memory);
  const control = collectControlFields(fields);
  const host = checkHost(control.host, authority, minorVersion, memory);
  const framing = requestFraming(minorVersion, control.transferEncoding, control.contentLength);
  if (framing.length > limits.maxBodyBytes) {
    throw new ProtocolError("BODY_TOO_LARGE", `${framing.length} of at most ${limits.maxBodyBytes} bytes`);
  }
  const wantsContinue = checkExpectation(control.expect, minorVersion);
  const connection = control.connection === undefined ? NO_OPTIONS : connectionOptions(control.connection);
  const asksKeepAlive = connection.includes("keep-alive");
  const keepAlive = !connection.includes("close") && (minorVersion === 1 || asksKeepAlive);
  return {
    method,
    target,
    path,
    query,
    version: text.startsWith("HTTP/1.1", targetEnd + 1) ? "HTTP/1.1" : text.slice(targetEnd + 1, lineEnd),
    requestLine: text.slice(start, lineEnd),
    minorVersion,
    fields,
    host,
    framing,
    keepAlive,
    asksKeepAlive,
    wantsContinue,
    end,
  };
}

const NO_OPTIONS: readonly string[] = Object.freeze([]);

/** The first byte decides alone, before any limit: what is no HTTP (a TLS hello, say) is refused at once. */
function checkFirstByte(text: string, start: number): void {
  const code = text.charCodeAt(start);
  if (TOKEN[code] === 1) return;
  if (code === CR) expectLineFeed(text, start + 1);
  if (code === LF) throw new ProtocolError("BAD_LINE_END", "an LF without its CR");
  if (code === CR || code === SP) throw new ProtocolError("BAD_REQUEST_LINE", "it begins with white space");
  throw new ProtocolError("BAD_METHOD", quote(text.charAt(start)));
}

/** `method SP`: returns where the method ends. */
function scanMethod(text: string, start: number, lineEnd: number): number {
  let i = start;
  while (i < lineEnd && TOKEN[text.charCodeAt(i)] === 1) i++;
  const lineFeed = text.indexOf("\n", i);
  if (lineFeed === i) throw new ProtocolError("BAD_LINE_END", "an LF without its CR");
  if (i < lineEnd && text.charCodeAt(i) !== SP) throw new ProtocolError("BAD_METHOD", quote(text.slice(start, i + 1)));
  if (lineFeed >= 0 && lineFeed < lineEnd) throw new ProtocolError("BAD_LINE_END", "an LF without its CR");
  return i;
}

/** `HTTP/1.0` or `HTTP/1.x`, exact in case: RFC 9112 §2.3. Another major version is 505. */
function parseVersion(text: string, start: number, end: number, lineStart: number): 0 | 1 {
  if (end - start === 8 && text.startsWith("HTTP/", start) && text.charCodeAt(start + 6) === 0x2e) {
    const major = text.charCodeAt(start + 5) - 0x30;
    const minor = text.charCodeAt(start + 7) - 0x30;
    if (major === 1 && minor >= 0 && minor <= 9) return minor === 0 ? 0 : 1;
    if (major >= 0 && major <= 9 && minor >= 0 && minor <= 9) {
      throw new ProtocolError("UNSUPPORTED_VERSION", text.slice(start, end));
    }
  }
  const version = text.slice(start, end);
  if (version.includes(" ")) throw badRequestLine(text, lineStart, end);
  throw new ProtocolError("BAD_VERSION", quote(version));
}

function badRequestLine(text: string, start: number, end: number): ProtocolError {
  return new ProtocolError("BAD_REQUEST_LINE", quote(text.slice(start, end)));
}

/** Picks out the fields that steer the connection; a name's length rules out nearly every other one. */
function collectControlFields(fields: readonly Field[]): ControlFields {
  const control: ControlFields = {
    host: undefined,
    contentLength: undefined,
    contentType: undefined,
    transferEncoding: undefined,
    connection: undefined,
    expect: undefined,
  };
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i] as Field;
    switch (name.length) {
      case 4:
        if (name === "Host" || isNamed(name, "host")) {
          if (control.host !== undefined) throw new ProtocolError("REPEATED_HOST");
          control.host = value;
        }
        break;
      case 6:
        if (isNamed(name, "expect")) control.expect = joined(control.expect, value);
        break;
      case 10:
        if (name === "Connection" || isNamed(name, "connection"))
          control.connection = joined(control.connection, value);
        break;
      case 12:
        if (name === "Content-Type" || isNamed(name, "content-type")) {
          if (control.contentType !== undefined) throw new ProtocolError("REPEATED_CONTENT_TYPE"); // RFC 9110 §8.3
          control.contentType = value;
        }
        break;
      case 14:
        if (isNamed(name, "content-length")) control.contentLength = joined(control.contentLength, value);
        break;
      case 17:
        if (isNamed(name, "transfer-encoding")) control.transferEncoding = joined(control.transferEncoding, value);
        break;
    }
  }
  return control;
}

function isNamed(name: string, lowerCase: string): boolean {
  return name === lowerCase || name.toLowerCase() === lowerCase;
}

function joined(previous: string | undefined, value: string): string {
  return previous === undefined ? value : `${previous},${value}`;
}

/** Exactly one valid Host on 1.1, at most one on 1.0; the target's authority wins: RFC 9112 §3.2, §3.2.2. */
function checkHost(
  host: string | undefined,
  authority: string | undefined,
  minorVersion: 0 | 1,
  memory: HeadMemory | undefined,
): string | undefined {
  if (host === undefined) {
    if (minorVersion === 1) throw new ProtocolError("MISSING_HOST");
    return authority;
  }
  if (memory?.knowsHost(host) !== true) {
    if (!isHost(host)) throw new ProtocolError("BAD_HOST", quote(host));
    memory?.learnHost(host);
  }
  return authority ?? host;
}

function checkExpectation(expect: string | undefined, minorVersion: 0 | 1): boolean {
  if (expect === undefined || minorVersion === 0) return false;
  const expectations = listMembers(expect.toLowerCase());
  if (expectations.some((expectation) => expectation !== "100-continue")) {
    throw new ProtocolError("UNKNOWN_EXPECTATION", quote(expect));
  }
  return expectations.length > 0;
}

function connectionOptions(connection: string): readonly string[] {
  return listMembers(connection.toLowerCase());
}
