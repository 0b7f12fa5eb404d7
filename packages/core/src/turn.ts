// What one connection may have of a turn of the event loop before others have theirs. Work in, counted; whether it was enough, out.
// Pure: who measures out, rests and goes on, is the intake.
//
// The unit is what a byte of a body costs that comes in large reads and is handed on as it is. All else costs more, and is
// counted as so many of these bytes; by measurement, and rounded against who sends it. So a peer cannot have more of a turn
// by sending what is small on the wire and long in the work: chunks of a byte, sections of a hundred fields.

/** Of large reads some 200 µs. */
const TURN = 512 * 1024;
/** A pipeline of 60 small requests is a turn. */
const HEAD = 8 * 1024;
const FIELD = 1024;
/** A byte around the data: sizes of chunks, their extensions, trailers. */
const FRAMING_BYTE = 64;
/** A piece of data that an application may have by itself. */
const PIECE = 512;

export class Turn {
  #spent = 0;

  /** A new turn of the event loop, in which it had nothing yet. */
  begin(): void {
    this.#spent = 0;
  }

  /** Bytes were read. */
  countRead(bytes: number): void {
    this.#spent += bytes;
  }

  /** A head was parsed. */
  countHead(fields: number): void {
    this.#spent += HEAD + fields * FIELD;
  }

  /** A piece of a body was found behind so many bytes of framing; or only these. */
  countPiece(framingBytes: number): void {
    this.#spent += PIECE + framingBytes * FRAMING_BYTE;
  }

  /** Whether others come first. */
  get isOver(): boolean {
    return this.#spent >= TURN;
  }
}
