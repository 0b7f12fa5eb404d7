// The pieces of a response that comes bit by bit, and what its listener is told of their way: the callback of each piece, 'drain', and
// how much waits. Pieces and the server's `write` in; events of the message out. It knows nothing of heads and ends.

import type { Item, Write } from "@wsgi/core";
import { type Outgoing, SINK, type Written } from "./outgoing.ts";

export class PacedOutput {
  readonly #response: Outgoing;
  #unsent = 0;
  #needDrain = false;
  /** Resolves when all that was written may be followed by more. */
  #last: Promise<void> | undefined = undefined;

  constructor(response: Outgoing) {
    this.#response = response;
  }

  /** False when the listener should wait for 'drain'. */
  push(write: Write, piece: Item, written: Written | undefined): boolean {
    const response = this.#response;
    const length = typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    this.#unsent += length;
    response.outputSize = this.#unsent;
    this.#last = write(piece);
    this.#last.then(
      () => {
        this.#unsent -= length;
        response.outputSize = this.#unsent;
        written?.();
        if (this.#needDrain && this.#unsent === 0) this.#drain();
      },
      (error) => written?.(error),
    );
    if (this.#unsent < response.writableHighWaterMark) return true;
    if (!this.#needDrain) Object.defineProperty(response, "writableNeedDrain", NEED_DRAIN);
    this.#needDrain = true;
    return false;
  }

  /** The last piece: whoever wrote it is told of the response's end, and not of this. */
  pushLast(write: Write, piece: Item): void {
    this.#last = write(piece);
    this.#last.catch(() => {}); // `afterLast` tells
  }

  /** Calls back when all that was written may be followed by more, or that never will be. */
  afterLast(taken: () => void, failed: () => void): void {
    if (this.#last === undefined) taken();
    else this.#last.then(taken, failed);
  }

  /** Whether 'drain' will come. */
  get needDrain(): boolean {
    return this.#needDrain && !this.#response.finished && !this.#response.destroyed;
  }

  #drain(): void {
    this.#needDrain = false;
    if (this.#response.finished || this.#response.destroyed) return;
    process.nextTick(emitDrain, this.#response);
  }
}

function emitDrain(response: Outgoing): void {
  response.emit("drain");
}

/** Made on the response when it is first needed: Node's own flag cannot be taken back from outside. */
const NEED_DRAIN: PropertyDescriptor = Object.freeze({
  configurable: true,
  get(this: Outgoing): boolean {
    return this[SINK].needDrain;
  },
});
