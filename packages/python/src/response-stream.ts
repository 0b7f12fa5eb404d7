// The body of a response that comes piece by piece: pieces from a worker in, an async iterable for the server out. Each piece
// that the server has taken is told, so that the worker may send as much again: memory is bounded by the worker's window.
// It knows nothing of frames.

/** What the stream tells its exchange. */
export interface StreamOwner {
  /** The server took so many bytes and wants more. */
  taken(bytes: number): void;
  /** The server takes no more: the client left, or the response is complete without the rest. */
  abandoned(): void;
}

interface Waiting {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: unknown): void;
}

const DONE = Object.freeze({ done: true, value: undefined } as const);

export class ResponseStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #owner: StreamOwner;
  #pieces: Buffer[] = [];
  #waiting: Waiting | undefined = undefined;
  #ended = false;
  #failed = false;
  #error: unknown = undefined;
  #lastBytes = 0;

  constructor(owner: StreamOwner) {
    this.#owner = owner;
  }

  push(piece: Buffer): void {
    if (this.#ended || piece.length === 0) return;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#pieces.push(piece);
      return;
    }
    this.#waiting = undefined;
    waiting.resolve(this.#give(piece));
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve(DONE);
    this.#waiting = undefined;
  }

  /** After the pieces that are there, the iteration fails. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failed = true;
    this.#error = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.#failed = false;
    waiting.reject(error);
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#lastBytes > 0) this.#owner.taken(this.#lastBytes);
    this.#lastBytes = 0;
    const piece = this.#pieces.shift();
    if (piece !== undefined) return Promise.resolve(this.#give(piece));
    if (this.#failed) {
      this.#failed = false;
      return Promise.reject(this.#error);
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#ended) this.#owner.abandoned();
    this.#pieces = [];
    this.end();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(piece: Buffer): IteratorResult<Uint8Array, undefined> {
    this.#lastBytes = piece.length;
    return { done: false, value: piece };
  }
}
