// Bytes of a connection in; heads and pieces of bodies out, one message after the other. Sans-IO, incremental, resumable.
// Three answers: a value, `undefined` for "need more", or a thrown ProtocolError, after which nothing is read any more.
// It never rescans what it scanned, and knows neither sockets nor clocks nor what an application is.
//
//   parser.push(bytes);                       // borrowed: valid until the call returns to the socket; or given for good
//   const head = parser.readHead();           // then, until parser.bodyDone:
//   const piece = parser.peekBody();          //   a view of what is there
//   parser.consumeBody(piece.length);         //   or takeBody, to keep it
//   parser.retain();                          // before borrowed bytes go away: keeps a copy of the rest

import { type BodyDecoder, ChunkedDecoder, type ChunkLimits, LengthDecoder } from "./body-decoder.ts";
import type { Field } from "./fields.ts";
import { CR, LF, TOKEN } from "./grammar.ts";
import type { HeadMemory } from "./head-memory.ts";
import { type HeadLimits, parseRequestHead, type RequestHead } from "./request-head.ts";

export interface ParserLimits extends HeadLimits, ChunkLimits {}

const EMPTY = Buffer.alloc(0);

/** How much of the window is tried as text at first: nearly every head is far smaller. */
const TEXT_WINDOW = 16 * 1024;

/** A piece that is given away uncopied keeps at most so many times its size in memory. */
const MAX_KEPT_SHARE = 4;

export class RequestParser {
  readonly #limits: ParserLimits;
  readonly #memory: HeadMemory | undefined;
  /** The window of bytes not yet consumed: `#bytes[#start..#end]`. */
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether `#bytes` belongs to the caller. */
  #borrowed = false;
  /** How far the head that begins at `#start` was searched for its end. */
  #scanned = 0;
  #lineStart = 0;
  #firstLine = true;
  #emptyLineSkipped = false;
  /** `#bytes` as text from `#textStart` on; shared by the pipelined heads of one read. */
  #text = "";
  #textStart = 0;
  #decoder: BodyDecoder | undefined = undefined;
  #consumed = 0;

  /** @param memory of the heads before, on this connection and others */
  constructor(limits: ParserLimits, memory?: HeadMemory) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /** Bytes pushed and not yet consumed. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Whether some bytes of the next head have arrived. An empty line before it does not count. */
  get headBegun(): boolean {
    return this.bodyDone && this.#end > this.#start;
  }

  /** Whether the body of the current message was consumed whole. True before the first head too. */
  get bodyDone(): boolean {
    return this.#decoder === undefined || this.#decoder.done;
  }

  /** Bytes of the body still to come when that is known, else undefined. */
  get bodyRemaining(): number | undefined {
    return this.#decoder === undefined ? 0 : this.#decoder.remaining;
  }

  /** The trailer fields of a chunked body, forbidden ones dropped, once it is done; undefined before, and of other bodies. */
  get trailers(): readonly Field[] | undefined {
    return this.#decoder?.trailers;
  }

  /** Bytes consumed since the last call of `takeConsumed`: what a message took on the wire. */
  takeConsumed(): number {
    const consumed = this.#consumed;
    this.#consumed = 0;
    return consumed;
  }

  /**
   * Adds bytes, the first `length` of these.
   *
   * @param isGiven whether nobody else writes to this memory any more. Else it is borrowed: call `retain` before it changes
   */
  push(bytes: Buffer, length = bytes.length, isGiven = false): void {
    this.#text = "";
    if (this.#start === this.#end) {
      this.#bytes = bytes;
      this.#borrowed = !isGiven;
      this.#end = length;
      this.#beginHead(0);
      return;
    }
    const room = this.#borrowed ? 0 : this.#bytes.length - this.#end;
    if (room < length) this.#own(this.#end - this.#start + length);
    bytes.copy(this.#bytes, this.#end, 0, length);
    this.#end += length;
  }

  /** Copies what is left of borrowed bytes, so that the caller may use its buffer again. */
  retain(): void {
    this.#text = "";
    if (this.#start === this.#end) this.#clear();
    else if (this.#borrowed) this.#own(this.#end - this.#start);
  }

  /** Takes away all bytes not yet consumed: they belong to whoever takes over the connection. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#bytes.subarray(this.#start, this.#end));
    this.#text = "";
    this.#clear();
    return rest;
  }

  /** Reads the next head. Call it only when the body before it is done. */
  readHead(): RequestHead | undefined {
    if (!this.#emptyLineSkipped) this.#skipEmptyLine();
    const pending = this.#end - this.#start;
    if (pending === 0) return undefined;
    if (this.#scanned === this.#start) {
      const head = this.#readWholeHead();
      if (head !== undefined) return head;
    }
    const stop = this.#scanHead();
    if (stop === undefined) return undefined;
    const text = this.#bytes.toString("latin1", this.#start, stop);
    return this.#startBody(parseRequestHead(text, 0, this.#limits, this.#memory), 0);
  }

  /** A view of the body bytes at hand; undefined when more are needed or the body is done. */
  peekBody(): Buffer | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined || decoder.done) return undefined;
    if (decoder.available === 0) {
      const position = decoder.scan(this.#bytes, this.#start, this.#end);
      this.#consumed += position - this.#start;
      this.#beginHead(position);
    }
    if (decoder.available === 0) return undefined;
    return this.#bytes.subarray(this.#start, this.#start + decoder.available);
  }

  /** Consumes that many bytes of the last piece. */
  consumeBody(count: number): void {
    this.#decoder?.consume(count);
    this.#consumed += count;
    this.#beginHead(this.#start + count);
  }

  /**
   * Consumes that many bytes of the last piece, and gives them to be kept: a view where they were given to the parser and little
   * else is kept alive with them, else a copy.
   */
  takeBody(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + count);
    const isView = !this.#borrowed && count * MAX_KEPT_SHARE >= this.#bytes.buffer.byteLength;
    this.consumeBody(count);
    return isView ? taken : Buffer.from(taken);
  }

  /** RFC 9112 §2.2: one empty line before a request line is ignored. */
  #skipEmptyLine(): void {
    if (this.#end - this.#start < 2) return;
    if (this.#bytes[this.#start] !== CR || this.#bytes[this.#start + 1] !== LF) return;
    this.#emptyLineSkipped = true;
    this.#consumed += 2;
    this.#beginHead(this.#start + 2);
  }

  /** The fast path: the head arrived in one piece, so its end is one native search away. */
  #readWholeHead(): RequestHead | undefined {
    if (this.#text !== "") {
      const offset = this.#start - this.#textStart;
      if (this.#text.indexOf("\r\n\r\n", offset) >= 0) {
        return this.#startBody(parseRequestHead(this.#text, offset, this.#limits, this.#memory), offset);
      }
    }
    this.#textStart = this.#start;
    this.#text = this.#bytes.toString("latin1", this.#start, Math.min(this.#end, this.#start + TEXT_WINDOW));
    if (this.#text.indexOf("\r\n\r\n") < 0) return undefined;
    return this.#startBody(parseRequestHead(this.#text, 0, this.#limits, this.#memory), 0);
  }

  #startBody(head: RequestHead, textOffset: number): RequestHead {
    const { framing } = head;
    this.#consumed += head.end - textOffset;
    this.#beginHead(this.#start + head.end - textOffset);
    this.#emptyLineSkipped = false;
    if (framing.kind === "chunked") this.#decoder = new ChunkedDecoder(this.#limits);
    else this.#decoder = framing.length === 0 ? undefined : new LengthDecoder(framing.length);
    return head;
  }

  /**
   * Looks at the bytes that came since the last call: returns where a complete head ends, or where one ends that
   * parseRequestHead is sure to refuse; undefined when more is needed.
   */
  #scanHead(): number | undefined {
    const bytes = this.#bytes;
    const headLimit = this.#start + this.#limits.maxHeadBytes;
    if (this.#scanned === this.#start) {
      this.#lineStart = this.#start;
      this.#firstLine = true;
      const first = bytes[this.#start] as number;
      if (TOKEN[first] !== 1 && first !== CR) return this.#start + 1;
    }
    for (let i = this.#scanned; i < this.#end; i++) {
      const byte = bytes[i];
      const afterCr = i > this.#start && bytes[i - 1] === CR;
      if (byte === LF) {
        if (!afterCr || i - 1 === this.#lineStart) return i + 1; // a bare LF, or the empty line
        this.#lineStart = i + 1;
        this.#firstLine = false;
      } else if (afterCr) {
        return i + 1; // a bare CR
      } else if (byte !== CR) {
        const lineLimit =
          this.#lineStart + (this.#firstLine ? this.#limits.urlLengthLimit : this.#limits.maxFieldBytes);
        if (i >= lineLimit || i >= headLimit) return i + 1;
      }
    }
    this.#scanned = this.#end;
    return undefined;
  }

  /** Makes the window own its bytes, with room for `size` of them. */
  #own(size: number): void {
    const pending = this.#end - this.#start;
    const owned = Buffer.allocUnsafe(Math.max(1024, size + (this.#borrowed ? 0 : size)));
    this.#bytes.copy(owned, 0, this.#start, this.#end);
    this.#bytes = owned;
    this.#borrowed = false;
    this.#lineStart -= this.#start;
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = pending;
  }

  #clear(): void {
    this.#bytes = EMPTY;
    this.#borrowed = false;
    this.#end = 0;
    this.#beginHead(0);
  }

  #beginHead(start: number): void {
    this.#start = start;
    this.#scanned = start;
    this.#lineStart = start;
  }
}
