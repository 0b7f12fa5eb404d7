// The body of a Response, read: whole when it is there already, else item by item at the client's pace. A web stream in; a body of
// WSGI out. Bodies made of text or bytes are streams too, and Fetch does not say how long they are: such a stream gives its one
// item and its end within a few turns of the microtask queue, and is then sent with its length and in one write.

/** How many turns of the microtask queue a stream may take. One made of text takes up to 5 (Node 20 to 24). */
const TURNS = 24;

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Result = Awaited<ReturnType<Reader["read"]>>;

/** What was found out: items when the body is complete, else what is left to be read. */
export type FoundBody = readonly Uint8Array[] | StreamedBody;

/** Rejects as the stream does, when it fails at once. */
export async function findBody(stream: ReadableStream<Uint8Array>): Promise<FoundBody> {
  const reader = stream.getReader();
  const first = reader.read();
  const result = await soon(first);
  if (result === undefined) return new StreamedBody(reader, first);
  if (result.done) return [];
  const second = reader.read();
  const next = await soon(second);
  if (next?.done === true) return [result.value];
  return new StreamedBody(reader, Promise.resolve(result), second);
}

/** What a promise of a read resolves with, if it does soon. */
function soon(promise: Promise<Result>): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    let turns = 0;
    const wait = (): void => {
      if (turns === Number.POSITIVE_INFINITY) return;
      if (++turns > TURNS) resolve(undefined);
      else queueMicrotask(wait);
    };
    promise.then((result) => {
      turns = Number.POSITIVE_INFINITY;
      resolve(result);
    }, reject);
    queueMicrotask(wait);
  });
}

/**
 * How long a quiet source is waited for once the client has closed its sending side. Such a client may still read, or be gone, which
 * shows only when something is sent to it.
 */
const PATIENCE_MILLISECONDS = 1000;

/** A body that comes bit by bit: an item is read when the server asks for it. */
export class StreamedBody implements AsyncIterableIterator<Uint8Array> {
  readonly #reader: Reader;
  /** Reads that were begun to find out what kind of body it is. */
  readonly #begun: Promise<Result>[];
  #itemCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #failure: unknown = undefined;

  constructor(reader: Reader, ...begun: Promise<Result>[]) {
    this.#reader = reader;
    this.#begun = begun;
    for (const read of begun) read.catch(() => {}); // who iterates is told; who closes instead does not want to know
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const result = await (this.#begun.shift() ?? this.#reader.read());
    if (this.#failure !== undefined) throw this.#failure; // else a body that was cancelled would look complete
    this.#itemCount++;
    return result as IteratorResult<Uint8Array>;
  }

  /** The client left, or the body is not wanted: the source is cancelled, once however often it is said. */
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reader.cancel(this.#failure).catch(() => {});
  }

  /** Gives a source up that is quiet while the client may have left. */
  watch(signal: AbortSignal): void {
    const start = (): void => {
      const { reason } = signal;
      const count = this.#itemCount;
      this.#timer = setTimeout(() => {
        if (count !== this.#itemCount) return start();
        this.#failure = reason;
        this.close();
      }, PATIENCE_MILLISECONDS);
    };
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
  }
}
