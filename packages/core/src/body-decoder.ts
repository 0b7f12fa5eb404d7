// Finds the data of a request body among its framing: RFC 9112 §6.2 (length) and §7.1 (chunked).
// Bytes in; out: how far the framing reached and how many bytes of data lie there. It copies nothing, keeps no bytes
// but unfinished trailer lines, and never looks at a byte twice.
//
// The contract, for both decoders: `scan(bytes, start, end)` eats framing bytes from `start` and returns where it
// stopped; then `available` bytes of data lie at that position. The reader takes any number of them and says so with
// `consume(count)`. `available` 0 and not `done` means: more bytes are needed. A fault is thrown as ProtocolError.

import { afterExtensionByte, BEFORE_NAME, EXTENSION_END, EXTENSION_FAULT } from "./chunk-extension.ts";
import { ProtocolError, quote } from "./errors.ts";
import { type Field, parseFields, type SectionLimits } from "./fields.ts";
import { CR, HEX_VALUE, isBlank, LF, SEMICOLON } from "./grammar.ts";

export interface BodyDecoder {
  /** Bytes of data at the position that the last `scan` returned. */
  readonly available: number;
  /** Whether the body has ended and nothing of it is left to consume. */
  readonly done: boolean;
  /** Bytes still to come when that is known, else undefined. */
  readonly remaining: number | undefined;
  /** The fields after the last chunk; undefined before they arrived. */
  readonly trailers: readonly Field[] | undefined;
  scan(bytes: Uint8Array, start: number, end: number): number;
  consume(count: number): void;
}

/** A body of a known number of bytes; 0 for no body at all. */
export class LengthDecoder implements BodyDecoder {
  available = 0;
  remaining: number;
  readonly trailers = undefined;

  constructor(length: number) {
    this.remaining = length;
  }

  get done(): boolean {
    return this.remaining === 0;
  }

  scan(_bytes: Uint8Array, start: number, end: number): number {
    this.available = Math.min(this.remaining, end - start);
    return start;
  }

  consume(count: number): void {
    this.available -= count;
    this.remaining -= count;
  }
}

export interface ChunkLimits extends SectionLimits {
  /** Bytes of all chunk extensions of one body, names, values and separators. */
  readonly maxChunkExtensionBytes: number;
  readonly maxBodyBytes: number;
}

// Which byte may come next.
const SIZE_FIRST = 0; // the first digit of a chunk size
const SIZE = 1; // further digits, white space, ";" or CR
const EXTENSION_BLANK = 2; // white space after the size: only ";" makes it good
const EXTENSION = 3; // after ";", up to CR: chunk-extension.ts has the grammar
const SIZE_LF = 4;
const DATA = 5;
const DATA_CR = 6;
const DATA_LF = 7;
const TRAILER_START = 8; // at the start of a trailer line
const TRAILER = 9; // inside one
const TRAILER_LF = 10; // after the CR of one
const END_LF = 11; // after the CR of the empty line
const DONE = 12;

/** Fields that a trailer section must not bring: framing, routing, and whatever acts before the body (RFC 9110 §6.5.1). */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  ...["transfer-encoding", "content-length", "host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"],
  ...["max-forwards", "cache-control", "pragma", "range", "if-match", "if-none-match", "if-modified-since", "if-range"],
  ...["if-unmodified-since", "authorization", "proxy-authorization", "proxy-connection", "cookie", "set-cookie"],
  ...["content-encoding", "content-type", "content-range", "www-authenticate", "proxy-authenticate", "age", "date"],
  ...["expires", "location", "retry-after", "vary", "warning", "forwarded", "x-forwarded-for", "x-forwarded-host"],
  ...["x-forwarded-proto", "x-real-ip"],
]);

export class ChunkedDecoder implements BodyDecoder {
  available = 0;
  readonly remaining = undefined;
  trailers: readonly Field[] | undefined = undefined;
  readonly #limits: ChunkLimits;
  #state = SIZE_FIRST;
  #chunkRemaining = 0;
  #bodyBytes = 0;
  #sizeDigits = 0;
  #extensionState = BEFORE_NAME;
  #extensionBytes = 0;
  #trailerText = "";
  #trailerLineStart = 0;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  scan(bytes: Uint8Array, start: number, end: number): number {
    this.available = 0;
    let position = start;
    while (position < end && this.#state !== DONE) {
      if (this.#state === DATA) {
        this.available = Math.min(this.#chunkRemaining, end - position);
        return position;
      }
      if (this.#state >= TRAILER_START) position = this.#scanTrailers(bytes, position, end);
      else this.#step(bytes[position++] as number);
    }
    return position;
  }

  consume(count: number): void {
    this.available -= count;
    this.#chunkRemaining -= count;
    if (this.#state === DATA && this.#chunkRemaining === 0) this.#state = DATA_CR;
  }

  /** One byte of chunk framing. */
  #step(byte: number): void {
    switch (this.#state) {
      case SIZE_FIRST:
        if (HEX_VALUE[byte] === 255) throw badSize(byte);
        this.#chunkRemaining = HEX_VALUE[byte] as number;
        this.#sizeDigits = 1;
        this.#state = SIZE;
        return;
      case SIZE:
        if (HEX_VALUE[byte] !== 255) return this.#sizeDigit(HEX_VALUE[byte] as number);
        return this.#afterSize(byte);
      case EXTENSION_BLANK:
        this.#countExtensionByte();
        if (byte === SEMICOLON) this.#startExtension();
        else if (!isBlank(byte)) throw badSize(byte);
        return;
      case EXTENSION:
        return this.#extensionByte(byte);
      case SIZE_LF:
        if (byte !== LF) throw new ProtocolError("BAD_LINE_END", "a CR without its LF after a chunk size");
        return this.#startChunk();
      case DATA_CR:
        if (byte !== CR) throw new ProtocolError("BAD_CHUNK_END", show(byte));
        this.#state = DATA_LF;
        return;
      default: // DATA_LF
        if (byte !== LF) throw new ProtocolError("BAD_CHUNK_END", show(byte));
        this.#state = SIZE_FIRST;
    }
  }

  /** At most 16 digits, leading zeros included, and never past 2^53 − 1. */
  #sizeDigit(value: number): void {
    this.#chunkRemaining = this.#chunkRemaining * 16 + value;
    if (++this.#sizeDigits > 16 || this.#chunkRemaining > Number.MAX_SAFE_INTEGER) {
      throw new ProtocolError("BAD_CHUNK_SIZE", "it is too large");
    }
  }

  #afterSize(byte: number): void {
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === SEMICOLON) this.#startExtension();
    else if (isBlank(byte)) this.#state = EXTENSION_BLANK;
    else if (byte === LF) throw new ProtocolError("BAD_LINE_END", "an LF without its CR after a chunk size");
    else throw badSize(byte);
    if (byte !== CR) this.#countExtensionByte();
  }

  #startExtension(): void {
    this.#state = EXTENSION;
    this.#extensionState = BEFORE_NAME;
  }

  #extensionByte(byte: number): void {
    if (byte === LF) throw new ProtocolError("BAD_LINE_END", "an LF without its CR in a chunk extension");
    this.#extensionState = afterExtensionByte(this.#extensionState, byte);
    if (this.#extensionState === EXTENSION_FAULT) throw new ProtocolError("BAD_CHUNK_EXTENSION", show(byte));
    if (this.#extensionState === EXTENSION_END) this.#state = SIZE_LF;
    else this.#countExtensionByte();
  }

  /** Bounded over the whole body: many chunks with small extensions are the cheap way to waste a server (CVE-2024-22019). */
  #countExtensionByte(): void {
    if (++this.#extensionBytes > this.#limits.maxChunkExtensionBytes) {
      throw new ProtocolError("BAD_CHUNK_EXTENSION", `more than ${this.#limits.maxChunkExtensionBytes} bytes`);
    }
  }

  #startChunk(): void {
    if (this.#chunkRemaining === 0) {
      this.#state = TRAILER_START;
      return;
    }
    this.#bodyBytes += this.#chunkRemaining;
    if (this.#bodyBytes > this.#limits.maxBodyBytes) {
      throw new ProtocolError("BODY_TOO_LARGE", `more than ${this.#limits.maxBodyBytes} bytes`);
    }
    this.#state = DATA;
  }

  /** Collects trailer lines until the empty one, or until it is certain that they are refused. */
  #scanTrailers(bytes: Uint8Array, start: number, end: number): number {
    let position = start;
    let text = "";
    while (position < end && this.#state !== DONE) {
      const byte = bytes[position++] as number;
      text += String.fromCharCode(byte);
      if (!this.#trailerByte(byte, this.#trailerText.length + text.length)) this.#state = DONE; // parsing it will throw
    }
    this.#trailerText += text;
    if (this.#state === DONE) this.#parseTrailers(this.#trailerText);
    return position;
  }

  /** Follows the lines; false at a byte that makes the section bad. */
  #trailerByte(byte: number, length: number): boolean {
    switch (this.#state) {
      case TRAILER_LF:
        this.#state = TRAILER_START;
        this.#trailerLineStart = length;
        return byte === LF;
      case END_LF:
        this.#state = DONE;
        return byte === LF;
      default: {
        if (byte === CR) this.#state = this.#state === TRAILER_START ? END_LF : TRAILER_LF;
        else this.#state = TRAILER;
        const lineLength = length - this.#trailerLineStart;
        const within = lineLength <= this.#limits.maxFieldBytes && length <= this.#limits.maxHeadBytes;
        return byte !== LF && (byte === CR || within);
      }
    }
  }

  #parseTrailers(text: string): void {
    const fields: Field[] = [];
    parseFields(text, 0, 0, this.#limits, fields);
    this.trailers = fields.filter(([name]) => !FORBIDDEN_TRAILERS.has(name.toLowerCase()));
    this.#trailerText = "";
  }
}

function badSize(byte: number): ProtocolError {
  return new ProtocolError("BAD_CHUNK_SIZE", show(byte));
}

function show(byte: number): string {
  return quote(String.fromCharCode(byte));
}
