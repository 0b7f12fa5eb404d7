// What an application writes and returns, in its order, as a web stream that is pulled by the client. PEP 3333 "Handling the
// Content-Length Header", "The write() Callable". Items in; bytes out, no more than the Content-Length says; an end, or an error that
// makes the response incomplete. The body is closed once, whatever happened.

import { FetchError, isPromise, show } from "./errors.ts";

type Item = string | Uint8Array;
type Iterating = Iterator<Item> | AsyncIterator<Item>;

const UTF_8 = new TextEncoder();

/** The bytes of an item. @throws {FetchError} BAD_BODY */
export function bytesOf(item: unknown): Uint8Array {
  if (typeof item === "string") return UTF_8.encode(item);
  if (item instanceof Uint8Array) return item;
  throw new FetchError("BAD_BODY", `got an item that is ${show(item)}`);
}

/** Begins to iterate a body. @throws {FetchError} BAD_BODY */
function iterate(body: unknown): Iterating {
  if (typeof body === "string" || body instanceof Uint8Array) return [body][Symbol.iterator]();
  if (typeof body === "object" && body !== null) {
    const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = body as AsyncIterable<Item> &
      Iterable<Item>;
    if (asynchronous !== undefined) return asynchronous.call(body);
    if (synchronous !== undefined) return synchronous.call(body);
  }
  throw new FetchError("BAD_BODY", `got ${show(body)}`);
}

export class OutgoingBody {
  /** Items that were written and not yet pulled. */
  readonly #written: { bytes: Uint8Array; taken: () => void }[] = [];
  #iterator: Iterating | undefined = undefined;
  #body: unknown = undefined;
  #isComplete = false;
  #isClosed = false;
  #wake: () => void = () => {};
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Resolves when the item was pulled. */
  write(item: unknown): Promise<void> {
    const bytes = bytesOf(item);
    if (this.#isClosed) return Promise.reject(new FetchError("RESPONSE_FINISHED"));
    const taken = new Promise<void>((resolve) => this.#written.push({ bytes, taken: resolve }));
    this.#wake();
    return taken;
  }

  /** The application has returned. @throws {FetchError} BAD_BODY */
  takeBody(body: unknown): void {
    this.#body = body;
    this.#iterator = iterate(body);
    this.#wake();
  }

  /** The next item that is not empty; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const written = this.#written.shift();
      if (written !== undefined) {
        written.taken();
        if (written.bytes.length > 0) return written.bytes;
        continue;
      }
      if (this.#isComplete) return undefined;
      if (this.#iterator === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const step = await this.#iterator.next();
      if (step.done === true) this.#isComplete = true;
      else this.#written.push({ bytes: bytesOf(step.value), taken: () => {} });
    }
  }

  /** Nothing more is wanted, or there is nothing more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { taken } of this.#written.splice(0)) taken();
    if (!this.#isComplete) this.#attempt(() => this.#iterator?.return?.());
    const { close } = Object(this.#body) as { close?: unknown };
    if (typeof close === "function") this.#attempt(() => close.call(this.#body));
  }

  #attempt(action: () => unknown): void {
    try {
      const result = action();
      if (isPromise(result)) result.then(undefined, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }

  /**
   * The rest as a stream, behind items that were pulled already.
   *
   * @param length the Content-Length: what exceeds it is cut, what is missing is an error
   * @param left called when the stream is cancelled
   */
  stream(
    first: Uint8Array | undefined,
    length: number | undefined,
    left: (reason: unknown) => void,
  ): ReadableStream<Uint8Array> {
    let missing = length ?? Number.POSITIVE_INFINITY;
    let next = first;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      try {
        const bytes = next ?? (missing > 0 ? await this.next() : undefined);
        next = undefined;
        if (bytes !== undefined && missing > 0) {
          controller.enqueue(bytes.subarray(0, missing));
          missing -= bytes.length;
          return;
        }
        if (missing > 0 && length !== undefined) throw new FetchError("BODY_TOO_SHORT", `${missing} bytes are missing`);
        controller.close();
      } catch (error) {
        this.#report(error);
        controller.error(error);
      }
      this.close();
    };
    const cancel = (reason: unknown): void => {
      left(reason);
      this.close();
    };
    return new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
  }
}
