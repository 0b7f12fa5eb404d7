// One read of a body: takes pieces from their source until it has what was asked for, and joins them.
// Bytes in by pull, bytes out. Pure; whoever waits for it is Input's to tell.

/** The pieces of a body, one after the other. */
export interface PieceSource {
  /** A view of what is at hand, undefined when there is nothing. */
  peekBody(): Buffer | undefined;
  /** So many bytes of it have been used. */
  consumeBody(count: number): void;
  /** Consumes, and gives what was consumed to be kept. */
  takeBody(count: number): Buffer;
  readonly bodyDone: boolean;
}

/** What ends a read before its limit. */
export const UNTIL_LIMIT = 0;
export const UNTIL_NEWLINE = 1;
export const UNTIL_ANYTHING = 2;

const LF = 0x0a;
const EMPTY = Buffer.alloc(0);

/**
 * Smaller pieces are copied into one of so many bytes, but for the first: each piece that is kept costs a hundred bytes, and a
 * peer may send a body of millions of chunks of a byte.
 */
const GATHERED_BYTES = 16 * 1024;

export class BodyRead {
  readonly #limit: number;
  readonly #until: number;
  readonly #pieces: Buffer[] = [];
  #length = 0;
  /** Where small pieces are copied to: the first `#gathered` bytes of it come after `#pieces`. */
  #room: Buffer = EMPTY;
  #gathered = 0;

  /**
   * @param limit bytes to read at most
   * @param until what ends it before
   */
  constructor(limit: number, until: number) {
    this.#limit = limit;
    this.#until = until;
  }

  /** Moves pieces from the source; true when it has what was asked for, or the body has ended. */
  fill(source: PieceSource): boolean {
    while (this.#length < this.#limit) {
      const piece = source.peekBody();
      if (piece === undefined) return source.bodyDone;
      let count = Math.min(piece.length, this.#limit - this.#length);
      const newline = this.#until === UNTIL_NEWLINE ? piece.subarray(0, count).indexOf(LF) : -1;
      if (newline >= 0) count = newline + 1;
      this.#keep(source, piece, count);
      if (newline >= 0 || this.#until === UNTIL_ANYTHING) return true;
    }
    return true;
  }

  /** What was read, in one piece. */
  finish(): Buffer {
    this.#settle();
    const pieces = this.#pieces;
    if (pieces.length === 0) return EMPTY;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, this.#length);
  }

  /** Takes the first `count` bytes of the piece at hand. */
  #keep(source: PieceSource, piece: Buffer, count: number): void {
    this.#length += count;
    if (this.#pieces.length === 0 || count >= GATHERED_BYTES / 4) {
      this.#settle();
      this.#pieces.push(source.takeBody(count));
      return;
    }
    if (this.#room.length - this.#gathered < count) {
      this.#settle();
      this.#room = Buffer.allocUnsafeSlow(GATHERED_BYTES);
    }
    piece.copy(this.#room, this.#gathered, 0, count);
    source.consumeBody(count);
    this.#gathered += count;
  }

  /** Puts what was gathered in its place among the pieces; the rest of the room is kept for what comes. */
  #settle(): void {
    if (this.#gathered === 0) return;
    this.#pieces.push(this.#room.subarray(0, this.#gathered));
    this.#room = this.#room.subarray(this.#gathered);
    this.#gathered = 0;
  }
}
