// A section of fields, of a head or of trailers: RFC 9112 §5. Text in, [name, value] pairs out.
// Strict: no space before the colon, no folding, no bare CR or LF, no controls. What a field means is not known here.
//
// Errors are found line by line from the front, so that they depend on the bytes before them only: the same section
// gives the same error however it was cut on its way. `text` may therefore end early, inside its first bad line.

import { ProtocolError, quote } from "./errors.ts";
import { COLON, CR, FIELD_VALUE, isBlank, LF, TOKEN } from "./grammar.ts";

/** One field as it came: the name in its own case, the value without the white space around it, as latin-1. */
export type Field = [name: string, value: string];

/** What remembers the lines of sections that were parsed before; it gives what parsing would give, or nothing. */
export interface LineMemory {
  /** The line from `start` to `end`, CRLF left out, when it is known. */
  find(text: string, start: number, end: number): Field | undefined;
  /** Takes note of a line that was parsed. */
  learn(text: string, start: number, end: number, field: Field): void;
}

export interface SectionLimits {
  /** Bytes of one line without its CRLF. */
  readonly maxFieldBytes: number;
  /** Bytes of the section, from `sectionStart` to the end of the last line. */
  readonly maxHeadBytes: number;
  readonly maxFieldCount: number;
}

/**
 * Parses fields up to and including the empty line that ends them.
 *
 * @param sectionStart where the bytes that count towards `maxHeadBytes` began
 * @param memory what it knows need not be parsed again
 * @returns the position after the empty line
 * @throws {ProtocolError}
 */
export function parseFields(
  text: string,
  start: number,
  sectionStart: number,
  limits: SectionLimits,
  into: Field[],
  memory?: LineMemory,
): number {
  let position = start;
  for (;;) {
    if (text.charCodeAt(position) === CR) {
      expectLineFeed(text, position + 1);
      return position + 2;
    }
    if (into.length === limits.maxFieldCount) throw new ProtocolError("TOO_MANY_FIELDS", `more than ${into.length}`);
    const lineEnd = endOfLine(
      text,
      position,
      limits.maxFieldBytes,
      sectionStart + limits.maxHeadBytes,
      "FIELD_TOO_LONG",
    );
    let field = memory?.find(text, position, lineEnd);
    if (field === undefined) {
      field = parseFieldLine(text, position, lineEnd);
      memory?.learn(text, position, lineEnd, field);
    }
    into.push(field);
    expectLineFeed(text, lineEnd + 1);
    position = lineEnd + 2;
  }
}

/** `field-name ":" OWS field-value OWS`: RFC 9112 §5. */
function parseFieldLine(text: string, start: number, end: number): Field {
  let i = start;
  while (TOKEN[text.charCodeAt(i)] === 1) i++;
  if (i === start || i >= end || text.charCodeAt(i) !== COLON) throw badFieldName(text, start, i);
  const name = text.slice(start, i);
  let valueStart = i + 1;
  while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart++;
  for (i = valueStart; i < end; i++) {
    if (FIELD_VALUE[text.charCodeAt(i)] !== 1) throw badFieldValue(text, name, i);
  }
  let valueEnd = end;
  while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
  return [name, text.slice(valueStart, valueEnd)];
}

/**
 * Finds the CR that ends the line at `start`, or the end of the text.
 *
 * @throws {ProtocolError} `tooLong` or HEAD_TOO_LARGE, whichever limit is crossed first
 */
export function endOfLine(
  text: string,
  start: number,
  maxLineBytes: number,
  sectionLimit: number,
  tooLong: "REQUEST_LINE_TOO_LONG" | "FIELD_TOO_LONG",
): number {
  const found = text.indexOf("\r", start);
  const end = found < 0 ? text.length : found;
  const lineLimit = start + maxLineBytes;
  if (end <= lineLimit && end <= sectionLimit) return end;
  const lineFeed = text.indexOf("\n", start); // a bare LF before the limit is the earlier fault
  if (lineFeed >= 0 && lineFeed <= Math.min(lineLimit, sectionLimit)) return end;
  if (lineLimit <= sectionLimit) throw new ProtocolError(tooLong, `more than ${maxLineBytes} bytes`);
  throw new ProtocolError("HEAD_TOO_LARGE");
}

/** @throws {ProtocolError} BAD_LINE_END when the CR before `position` is not followed by LF */
export function expectLineFeed(text: string, position: number): void {
  if (text.charCodeAt(position) !== LF) throw new ProtocolError("BAD_LINE_END", "a CR without its LF");
}

function badFieldName(text: string, start: number, stop: number): ProtocolError {
  const code = text.charCodeAt(stop);
  if (code === LF) return new ProtocolError("BAD_LINE_END", "an LF without its CR");
  if (stop === start && isBlank(code)) return new ProtocolError("OBSOLETE_FOLDING");
  return new ProtocolError("BAD_FIELD_NAME", quote(text.slice(start, stop + 1)));
}

function badFieldValue(text: string, name: string, position: number): ProtocolError {
  const code = text.charCodeAt(position);
  if (code === LF) return new ProtocolError("BAD_LINE_END", "an LF without its CR");
  return new ProtocolError("BAD_FIELD_VALUE", `0x${code.toString(16).padStart(2, "0")} in ${quote(name)}`);
}
