// The head of a response: what the application asked for, checked and turned into text. RFC 9112 §4, §5; PEP 3333.
// Status and headers in; a ResponseStart, and later the text of a head, out. Pure: no socket, no clock, no body.

import type { Header } from "./environ.ts";
import { quote, UsageError } from "./errors.ts";
import { type Framing, isLengthForbidden, parseContentLength } from "./framing.ts";
import { FIELD_VALUE, isToken, listMembers } from "./grammar.ts";

/** What `startResponse` was called with, checked. */
export interface ResponseStart {
  readonly status: number;
  /** What the application gave, e.g. `200 OK`. */
  readonly statusLine: string;
  /** The first line with its CRLF, e.g. `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  readonly headers: readonly Header[];
  /** The headers as text, each line with its CRLF; Content-Length and Connection left out. */
  readonly fieldLines: string;
  readonly declaredLength: number | undefined;
  readonly hasDate: boolean;
  /** The application said `Connection: close`. */
  readonly wantsClose: boolean;
  /** The application gave Upgrade or `Connection: upgrade`, with 101 or 426. */
  readonly wantsUpgrade: boolean;
}

/** What the server adds to a head. */
export interface HeadExtras {
  readonly method: string;
  readonly framing: Framing;
  /** The current HTTP date as a line with its CRLF. */
  readonly dateLine: string;
  readonly connection: "close" | "keep-alive" | undefined;
  /** Seconds for `Keep-Alive: timeout=N`, beside `Connection: keep-alive`. */
  readonly keepAliveTimeout: number | undefined;
  /** Content-Length for a head without a body, e.g. the answer to HEAD. */
  readonly lengthWithoutBody: number | undefined;
}

const PLAIN = 0;
const CONTENT_LENGTH = 1;
const DATE = 2;
const CONNECTION = 3;
const UPGRADE = 4;
const HOP_BY_HOP = 5;

const KINDS: ReadonlyMap<string, number> = new Map([
  ["content-length", CONTENT_LENGTH],
  ["date", DATE],
  ["connection", CONNECTION],
  ["upgrade", UPGRADE],
  ...["keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"].map((n) => [n, HOP_BY_HOP] as const),
]);

interface CheckedName {
  /** The name as it is sent, with colon and space. */
  readonly prefix: string;
  readonly kind: number;
  /** The line it made with the last value that can be made of it again: most names have the same one again and again. */
  line: string;
  value: string;
}

interface CheckedStatus {
  readonly status: number;
  readonly startLine: string;
}

/** Names and status lines are the application's and few; the bound is for those that are made up per response. */
const MAX_CACHED = 512;
/** Longer values are not kept. */
const MAX_CACHED_VALUE = 256;

/**
 * Checks and encodes what applications hand to `startResponse`. One for each server: it remembers the status lines and
 * names that it checked, and of each name the last value: 0.3 µs of a small response.
 */
export class ResponseHeadEncoder {
  readonly #capitalize: boolean;
  readonly #version: string;
  readonly #names = new Map<string, CheckedName>();
  readonly #statuses = new Map<string, CheckedStatus>();

  /**
   * @param capitalize eventlet's `capitalize_response_headers`
   * @param minorVersion of the status line: the server's own version, not the request's
   */
  constructor(capitalize: boolean, minorVersion: 0 | 1 = 1) {
    this.#capitalize = capitalize;
    this.#version = `HTTP/1.${minorVersion}`;
  }

  /** @throws {UsageError} whatever PEP 3333 or HTTP forbids, so that no response is split and no framing contradicted */
  start(statusLine: string, headers: Iterable<Header>): ResponseStart {
    const { status, startLine } = this.#statuses.get(statusLine) ?? this.#checkStatus(statusLine);
    const list = checkList(headers);
    let fieldLines = "";
    let declaredLength: number | undefined;
    let hasDate = false;
    let wantsClose = false;
    let wantsUpgrade = false;
    for (let i = 0; i < list.length; i++) {
      const [name, value] = checkPair(list[i]);
      const checked = this.#names.get(name) ?? this.#checkName(name);
      if (checked.line !== "" && value === checked.value) {
        fieldLines += checked.line;
        continue;
      }
      const { kind } = checked;
      checkValue(name, value);
      if (kind === CONTENT_LENGTH) {
        declaredLength = checkLength(value, declaredLength);
        continue;
      }
      if (kind === CONNECTION) {
        for (const option of listMembers(value.toLowerCase())) {
          if (option === "close") wantsClose = true;
          else if (option === "upgrade" && mayUpgrade(status)) wantsUpgrade = true;
          else throw hopByHop(name, value);
        }
        continue;
      }
      if (kind === HOP_BY_HOP || (kind === UPGRADE && !mayUpgrade(status))) throw hopByHop(name, value);
      if (kind === UPGRADE) wantsUpgrade = true; // RFC 9110 §7.8: whoever sends Upgrade says so in Connection
      if (kind === DATE) hasDate = true;
      fieldLines += lineOf(checked, value);
    }
    return {
      status,
      statusLine,
      startLine,
      headers: list,
      fieldLines,
      declaredLength,
      hasDate,
      wantsClose,
      wantsUpgrade,
    };
  }

  /** The fields of an interim response (100, 103): no framing and no connection options. */
  interimFields(headers: Iterable<Header>): string {
    let fieldLines = "";
    for (const pair of checkList(headers)) {
      const [name, value] = checkPair(pair);
      const checked = this.#names.get(name) ?? this.#checkName(name);
      checkValue(name, value);
      if (checked.kind !== PLAIN && checked.kind !== DATE) throw hopByHop(name, value);
      fieldLines += lineOf(checked, value);
    }
    return fieldLines;
  }

  #checkName(name: string): CheckedName {
    if (!isToken(name)) throw new UsageError("BAD_HEADER_NAME", quote(name));
    const shown = this.#capitalize ? capitalize(name) : name;
    const kind = KINDS.get(name.toLowerCase()) ?? PLAIN;
    const checked = { prefix: `${shown}: `, kind, line: "", value: "" };
    if (this.#names.size < MAX_CACHED) this.#names.set(name, checked);
    return checked;
  }

  #checkStatus(statusLine: string): CheckedStatus {
    const status = checkStatus(statusLine);
    const space = statusLine.length === 3 ? " " : ""; // required also when there is no reason: RFC 9112 §4
    const checked = { status, startLine: flat(`${this.#version} ${statusLine}${space}\r\n`) };
    const isKept = this.#statuses.size < MAX_CACHED && statusLine.length <= MAX_CACHED_VALUE;
    if (isKept) this.#statuses.set(statusLine, checked);
    return checked;
  }
}

/** The line of a checked value; kept for the next response when nothing but the line comes of the field. */
function lineOf(checked: CheckedName, value: string): string {
  const line = `${checked.prefix}${value}\r\n`;
  if (checked.kind === PLAIN && value.length <= MAX_CACHED_VALUE) {
    checked.value = value;
    checked.line = flat(line);
  }
  return line;
}

/** The same text in one piece: V8 keeps what was put together as a tree, and would walk it again for every response. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** The text of a final head, status line to empty line. */
export function encodeResponseHead(start: ResponseStart, extras: HeadExtras): string {
  let text = start.startLine + start.fieldLines;
  const { framing } = extras;
  if (framing.kind === "chunked") text += "Transfer-Encoding: chunked\r\n";
  else if (framing.kind === "length") text += `Content-Length: ${framing.length}\r\n`;
  else if (extras.lengthWithoutBody !== undefined && !isLengthForbidden(extras.method, start.status)) {
    text += `Content-Length: ${extras.lengthWithoutBody}\r\n`;
  }
  if (!start.hasDate) text += extras.dateLine;
  if (start.wantsUpgrade)
    text += extras.connection === "close" ? "Connection: upgrade, close\r\n" : "Connection: upgrade\r\n";
  else if (extras.connection !== undefined) text += `Connection: ${extras.connection}\r\n`;
  if (extras.keepAliveTimeout !== undefined) text += `Keep-Alive: timeout=${extras.keepAliveTimeout}\r\n`;
  return `${text}\r\n`;
}

/** Three digits, then nothing or a space and a reason; 101 and 200 to 999. */
function checkStatus(statusLine: string): number {
  if (typeof statusLine !== "string" || !/^[1-9][0-9]{2}( [\t\x20-\x7e\x80-\xff]*)?$/.test(statusLine)) {
    throw new UsageError("BAD_STATUS", describe(statusLine));
  }
  const status = Number.parseInt(statusLine, 10);
  if (status < 200 && status !== 101) {
    throw new UsageError("BAD_STATUS", `${quote(statusLine)} is interim: use environ["wsgi.early_hints"]`);
  }
  return status;
}

function checkList(headers: Iterable<Header>): readonly Header[] {
  if (Array.isArray(headers)) return headers;
  if (typeof headers === "object" && headers !== null && Symbol.iterator in headers) return [...headers];
  throw new UsageError("BAD_HEADERS", describe(headers));
}

function checkPair(pair: unknown): Header {
  if (!Array.isArray(pair) || pair.length !== 2) throw new UsageError("BAD_HEADERS", describe(pair));
  if (typeof pair[0] !== "string") throw new UsageError("BAD_HEADER_NAME", describe(pair[0]));
  return pair as unknown as Header;
}

function checkValue(name: string, value: unknown): void {
  if (typeof value !== "string") throw new UsageError("BAD_HEADER_VALUE", `${quote(name)} has ${describe(value)}`);
  for (let i = 0; i < value.length; i++) {
    if (FIELD_VALUE[value.charCodeAt(i)] !== 1) {
      throw new UsageError("BAD_HEADER_VALUE", `${quote(name)} has ${quote(value.slice(i, i + 1))} at position ${i}`);
    }
  }
}

function checkLength(value: string, previous: number | undefined): number {
  const length = parseContentLength(value);
  if (length === undefined) throw new UsageError("BAD_CONTENT_LENGTH_HEADER", quote(value));
  if (previous !== undefined) throw new UsageError("BAD_CONTENT_LENGTH_HEADER", "given twice");
  return length;
}

function mayUpgrade(status: number): boolean {
  return status === 101 || status === 426;
}

function hopByHop(name: string, value: string): UsageError {
  return new UsageError(
    "HOP_BY_HOP_HEADER",
    `${quote(`${name}: ${value}`)}; only \`Connection: close\` may be asked for`,
  );
}

/** `conTENT-type` → `Content-Type`, as eventlet does it. */
function capitalize(name: string): string {
  return name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("-");
}

/** Names a value for an error text. */
function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `the ${typeof value} ${String(value)}`;
}
