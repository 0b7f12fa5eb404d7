// What a connection reads: bytes go into the parser; heads and pieces of bodies come out, so much in a turn of the event loop and
// so much ahead of the application. It decides when reading pauses and rests; what is read means nothing to it.

import type { HeadMemory } from "./head-memory.ts";
import type { RequestHead } from "./request-head.ts";
import { type ParserLimits, RequestParser } from "./request-parser.ts";
import { Turn } from "./turn.ts";

/** Bytes read ahead of the application; beyond them the rest stays with the kernel. */
const READ_AHEAD_BYTES = 64 * 1024;
/** A read of so many bytes filled the buffer: there is more, and the system will go on with the same socket. */
const FULL_READ_BYTES = 64 * 1024;

/** Reading from the socket. */
export interface Reading {
  pause(): void;
  /** Reads no more in this turn; the connection is told of the next one. */
  rest(): void;
}

export class Intake {
  readonly parser: RequestParser;
  bytesReceived = 0;
  /** Whether something that has arrived waits for the next turn. */
  yielded = false;
  readonly #reading: Reading;
  readonly #turn = new Turn();

  constructor(reading: Reading, limits: ParserLimits, memory: HeadMemory) {
    this.#reading = reading;
    this.parser = new RequestParser(limits, memory);
  }

  /** Takes what was read. A read that did not fill the buffer is the last of this socket in a turn, or the first. */
  push(bytes: Buffer, length: number, isGiven: boolean): void {
    if (length < FULL_READ_BYTES) this.#turn.begin();
    this.parser.push(bytes, length, isGiven);
  }

  /**
   * What was pushed has been used as far as it could be; the rest is kept.
   *
   * @param isAhead whether the application is behind when much is left
   * @returns whether more may be read in this turn
   */
  finishRead(length: number, isAhead: boolean): boolean {
    this.parser.retain();
    if (isAhead && this.parser.pendingBytes >= READ_AHEAD_BYTES) this.#reading.pause();
    if (length < FULL_READ_BYTES) return !this.yielded;
    this.#turn.countRead(length);
    return !this.#turn.isOver;
  }

  /** The next head; undefined when more is needed, or `yielded`. */
  readHead(): RequestHead | undefined {
    if (this.#turn.isOver && this.parser.headBegun) return this.#yield();
    const head = this.parser.readHead();
    if (head !== undefined) this.#turn.countHead(head.fields.length);
    return head;
  }

  /** The next piece of the body; undefined when more is needed, at its end, or `yielded`. */
  peekBody(): Buffer | undefined {
    const { parser } = this;
    if (parser.bodyDone) return undefined;
    const before = parser.pendingBytes;
    if (this.#turn.isOver && before > 0) return this.#yield();
    const piece = parser.peekBody();
    this.#turn.countPiece(before - parser.pendingBytes);
    return piece;
  }

  /** A new turn of the event loop; true when something waited for it. */
  beginTurn(): boolean {
    this.#turn.begin();
    const waited = this.yielded;
    this.yielded = false;
    return waited;
  }

  /** Whether much of a body is to come. */
  get expectsMuch(): boolean {
    const { bodyDone, bodyRemaining = FULL_READ_BYTES } = this.parser;
    return !bodyDone && bodyRemaining >= FULL_READ_BYTES;
  }

  #yield(): undefined {
    this.yielded = true;
    this.#reading.rest();
  }
}
