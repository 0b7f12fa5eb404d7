// The response of one request, on its way to the transport: startResponse, head, items, end. PEP 3333; RFC 9112 §6, §7.
// Items in; text and bytes queued at the outlet. It keeps the order (head before body, body before end) and the books;
// pacing, iterating and closing bodies are request-run.ts's business. No sockets, no timers, no promises.

import { BodyEncoder } from "./body-encoder.ts";
import type { Header } from "./environ.ts";
import { quote, UsageError } from "./errors.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { isBodyForbidden, NO_BODY, responseFraming } from "./framing.ts";
import { listMembers } from "./grammar.ts";
import type { RequestHead } from "./request-head.ts";
import { encodeResponseHead, type ResponseHeadEncoder, type ResponseStart } from "./response-head.ts";
import type { Item } from "./types.ts";

/** The steps of a response that a run takes; every rule about their order is here, whatever they lead to. */
export interface ResponseWriter {
  /** What startResponse was given; undefined before, and again when an error page takes its place. */
  start: ResponseStart | undefined;
  readonly headSent: boolean;
  readonly bodyForbidden: boolean;
  readonly takesNoMore: boolean;
  readonly missingBytes: number;
  readonly excessBytes: number;
  begin(status: string, headers: Iterable<Header>, excInfo?: unknown): void;
  sendHead(knownLength?: number): void;
  sendItems(items: readonly Item[], length: number): void;
  /** Head and items at once. */
  sendWhole(items: readonly Item[], length: number): void;
  sendEnd(): void;
}

/** Where encoded text (latin-1) and bytes go, in order. */
export interface Outlet {
  writeText(text: string): void;
  writeBytes(bytes: Uint8Array): void;
}

/** What the connection decides about a head. */
export interface HeadPolicy {
  readonly serverMinorVersion: 0 | 1;
  /** The current HTTP date as a line of a head. */
  dateLine(): string;
  /** Milliseconds of a steady clock. */
  now(): number;
  /** Sends what a client still waits for before the protocol changes: 100 Continue. */
  beforeSwitching(): void;
  /** Whether the connection can carry another request after this response. */
  canReuse(response: Response): boolean;
  /** Seconds to announce to a client that asked for keep-alive. */
  readonly announcedKeepAlive: number | undefined;
}

/** Stands in until the head decides the framing: it lets nothing through and counts nothing. */
const NO_BODY_YET = new BodyEncoder(NO_BODY);

export class Response implements ResponseWriter {
  /** What startResponse was given; undefined before. */
  start: ResponseStart | undefined = undefined;
  headSent = false;
  /** The head said that the connection closes, or nothing else can end the body. */
  closes = false;
  readonly #head: RequestHead;
  readonly #record: ExchangeRecord;
  readonly #outlet: Outlet;
  readonly #encoder: ResponseHeadEncoder;
  readonly #policy: HeadPolicy;
  #body = NO_BODY_YET;

  constructor(
    head: RequestHead,
    record: ExchangeRecord,
    outlet: Outlet,
    encoder: ResponseHeadEncoder,
    policy: HeadPolicy,
  ) {
    this.#head = head;
    this.#record = record;
    this.#outlet = outlet;
    this.#encoder = encoder;
    this.#policy = policy;
  }

  /** The application's `start_response`. @throws {UsageError}, or `excInfo` itself when the head was already sent */
  begin(status: string, headers: Iterable<Header>, excInfo?: unknown): void {
    if (this.start !== undefined) {
      if (excInfo === undefined || excInfo === null) throw new UsageError("RESPONSE_ALREADY_STARTED");
      if (this.headSent) throw excInfo;
    }
    const start = this.#encoder.start(status, headers);
    if (start.status === 101 || start.status === 426) checkUpgrade(start, this.#head);
    this.start = start;
  }

  /** Whether this response, once started, has no body whatever the application returns. */
  get bodyForbidden(): boolean {
    return this.start !== undefined && isBodyForbidden(this.#head.method, this.start.status);
  }

  /** Whether whatever else the application gives would be dropped: PEP 3333 says to stop iterating then. */
  get takesNoMore(): boolean {
    return this.bodyForbidden || this.excessBytes > 0;
  }

  /** How the end of the body is found by the client: `close` must break off visibly when it fails. */
  get endsByClose(): boolean {
    return this.headSent && this.#framingKind === "close";
  }
  #framingKind = "none";

  /** Bytes of the body queued so far. */
  get bodyBytes(): number {
    return this.#body.bodyBytes;
  }

  /** Bytes of framing queued around them. */
  get framingBytes(): number {
    return this.#body.framingBytes;
  }

  /** Bytes that the declared Content-Length still lacks. */
  get missingBytes(): number {
    return this.#body.missingBytes;
  }

  /** Bytes that went beyond the declared Content-Length and were cut. */
  get excessBytes(): number {
    return this.#body.excessBytes;
  }

  /**
   * Queues the head, once.
   *
   * @param knownLength the length of a body that is complete already
   * @throws {UsageError} NO_RESPONSE
   */
  sendHead(knownLength?: number): void {
    if (this.headSent) return;
    this.#queueHead(knownLength);
    this.#record.firstByteTime = this.#policy.now();
  }

  #queueHead(knownLength: number | undefined): void {
    const { start } = this;
    if (start === undefined) throw new UsageError("NO_RESPONSE");
    const { method } = this.#head;
    const policy = this.#policy;
    const minorVersion = policy.serverMinorVersion === 0 ? 0 : this.#head.minorVersion;
    const { status, declaredLength } = start;
    if (status === 101) policy.beforeSwitching();
    const framing = responseFraming({ method, status, minorVersion, declaredLength, knownLength });
    this.headSent = true;
    this.#framingKind = framing.kind;
    this.#body = new BodyEncoder(framing);
    this.closes = framing.kind === "close" || !policy.canReuse(this);
    const connection = this.closes ? "close" : this.#head.asksKeepAlive ? "keep-alive" : undefined;
    const text = encodeResponseHead(start, {
      method,
      framing,
      dateLine: start.hasDate ? "" : policy.dateLine(),
      connection: status === 101 ? undefined : connection,
      keepAliveTimeout: connection === "keep-alive" ? policy.announcedKeepAlive : undefined,
      // Nothing given for a HEAD does not mean that a GET has nothing: RFC 9110 §8.6 forbids to say so.
      lengthWithoutBody: declaredLength ?? (status === 304 || knownLength === 0 ? undefined : knownLength),
    });
    this.#record.status = status;
    this.#record.headers = start.headers;
    this.#record.headBytes += text.length;
    this.#outlet.writeText(text);
  }

  /** Queues items as one chunk, cut at the Content-Length. The head goes first when it was not sent. */
  sendItems(items: readonly Item[], length: number): void {
    this.sendHead();
    const body = this.#body;
    let left = body.admit(length);
    if (left === 0) return;
    const after = body.after();
    if (after !== "") this.#outlet.writeText(body.before(left));
    const isWhole = items.length === 1 && left === length;
    if (isWhole) this.#queueWhole(items[0] as Item, length);
    else for (let i = 0; i < items.length && left > 0; i++) left -= this.#queue(items[i] as Item, left);
    if (after !== "") this.#outlet.writeText(after);
  }

  /** Queues the head and all items: when the first byte leaves, the ledger sees, which spares a look at the clock. */
  sendWhole(items: readonly Item[], length: number): void {
    if (!this.headSent) this.#queueHead(length);
    if (length > 0) this.sendItems(items, length);
  }

  /** Queues what ends the body. */
  sendEnd(): void {
    this.sendHead();
    const text = this.#body.finish();
    if (text !== "") this.#outlet.writeText(text);
  }

  /** Queues one item of that many bytes. */
  #queueWhole(item: Item, length: number): void {
    if (typeof item !== "string") this.#outlet.writeBytes(item);
    else if (item.length === length && length <= MAX_JOINED_TEXT)
      this.#outlet.writeText(item); // ASCII: see below
    else this.#outlet.writeBytes(Buffer.from(item));
  }

  /** Queues one item, at most `limit` bytes of it; returns how many. */
  #queue(item: Item, limit: number): number {
    // ASCII text is the same bytes in latin-1 and leaves with the head, in one string; everything else goes as bytes.
    if (typeof item === "string" && item.length <= limit && isAscii(item)) {
      this.#outlet.writeText(item);
      return item.length;
    }
    const bytes = typeof item === "string" ? Buffer.from(item) : item;
    const admitted = bytes.length > limit ? bytes.subarray(0, limit) : bytes;
    this.#outlet.writeBytes(admitted);
    return admitted.length;
  }
}

/** A 101 and a 426 name their protocols; a 101 one that an HTTP/1.1 client asked for: RFC 9110 §7.8, §15.2, §15.5.22. */
function checkUpgrade({ status, headers }: ResponseStart, head: RequestHead): void {
  const named = protocolsIn(headers);
  if (named.length === 0) throw new UsageError("BAD_UPGRADE", `a ${status} without Upgrade`);
  if (status !== 101) return;
  if (head.minorVersion === 0) throw new UsageError("BAD_UPGRADE", "the client speaks HTTP/1.0, which has no 101");
  const offered = protocolsIn(head.fields);
  const foreign = named.find((protocol) => !offered.includes(protocol));
  if (foreign !== undefined) throw new UsageError("BAD_UPGRADE", `the client did not offer ${quote(foreign)}`);
}

function protocolsIn(fields: readonly Header[]): string[] {
  return fields.flatMap(([name, value]) => (name.toLowerCase() === "upgrade" ? listMembers(value.toLowerCase()) : []));
}

/** Longer text is turned into bytes rather than joined to other text. To join 64 KiB takes 20 µs less (Node 20; 24: 14). */
const MAX_JOINED_TEXT = 64 * 1024;

function isAscii(text: string): boolean {
  return text.length <= MAX_JOINED_TEXT && Buffer.byteLength(text) === text.length;
}
