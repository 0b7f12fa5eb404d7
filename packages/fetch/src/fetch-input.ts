// wsgi.input over the body of a Request: PEP 3333, with promises, as the core has it. A web stream in; bytes out, read from it only
// when somebody asks. Knows no runtime: Buffers where there are any, else plain bytes. It is not the core's Input: that one is made of
// Buffers and copies what it is given, since its bytes lie in a buffer that is used again, and the core's index brings sockets.

import type { Header } from "@wsgi/core";
import { FetchError } from "./errors.ts";

const LF = 0x0a;
const NOTHING = new Uint8Array();
const MAX_ITERATED_LINE = 64 * 1024;

type Pull = () => Promise<Uint8Array | undefined>;

export class FetchInput implements AsyncIterable<Uint8Array> {
  readonly #pull: Pull;
  #rest: Uint8Array = NOTHING;
  #ended = false;
  #isReading = false;
  #continueHeaders: Iterable<Header> = [];
  #controller: AbortController | undefined = undefined;
  readonly #requestSignal: AbortSignal | undefined;

  constructor(body: ReadableStream<Uint8Array> | null, signal: AbortSignal | undefined) {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    this.#ended = body === null;
    this.#requestSignal = signal;
    this.#pull = async () => {
      reader ??= body?.getReader();
      const result = await reader?.read();
      return result?.value;
    };
  }

  read(size?: number | null): Promise<Uint8Array> {
    return this.#read(size, () => false);
  }

  read1(size?: number | null): Promise<Uint8Array> {
    return this.#read(size, (length) => length > 0);
  }

  readline(size?: number | null): Promise<Uint8Array> {
    return this.#read(size, () => false, true);
  }

  async readlines(hint?: number | null): Promise<Uint8Array[]> {
    const limit = checkSize(hint) || Number.POSITIVE_INFINITY;
    const lines: Uint8Array[] = [];
    for (let length = 0; length < limit; ) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const line = await this.readline(MAX_ITERATED_LINE);
      if (line.length === 0) return;
      yield line;
    }
  }

  async discard(): Promise<void> {
    while ((await this.read1()).length > 0);
  }

  /** Fetch shows none. */
  get trailers(): readonly Header[] {
    return [];
  }

  setHundredContinueResponseHeaders(headers: Iterable<Header>): void {
    this.#continueHeaders = headers;
  }

  get hundredContinueResponseHeaders(): Iterable<Header> {
    return this.#continueHeaders;
  }

  /** The runtime's server sends it when the body is read; there is nothing to be done. */
  sendHundredContinueResponse(): void {}

  /** @throws {FetchError} CANNOT_UPGRADE */
  getSocket(): never {
    throw new FetchError("CANNOT_UPGRADE");
  }

  /** Fires with the Request's, and when the response is cancelled. Made when it is asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const { signal } = this.#controller;
      const request = this.#requestSignal;
      if (request?.aborted) this.#controller.abort(request.reason);
      else request?.addEventListener("abort", () => this.abort(request.reason), { once: true, signal });
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  async #read(
    size: number | null | undefined,
    isEnough: (length: number) => boolean,
    isLine = false,
  ): Promise<Uint8Array> {
    if (this.#isReading) throw new FetchError("READ_IN_PROGRESS");
    const limit = checkSize(size);
    const pieces: Uint8Array[] = [];
    let length = 0;
    this.#isReading = true;
    try {
      while (length < limit && !isEnough(length)) {
        if (this.#rest.length === 0 && !(await this.#fill())) break;
        let count = Math.min(this.#rest.length, limit - length);
        const newline = isLine ? this.#rest.subarray(0, count).indexOf(LF) : -1;
        if (newline >= 0) count = newline + 1;
        pieces.push(this.#rest.subarray(0, count));
        this.#rest = this.#rest.subarray(count);
        length += count;
        if (newline >= 0) break;
      }
    } finally {
      this.#isReading = false;
    }
    return join(pieces, length);
  }

  async #fill(): Promise<boolean> {
    while (!this.#ended && this.#rest.length === 0) {
      const piece = await this.#pull();
      if (piece === undefined) this.#ended = true;
      else this.#rest = piece;
    }
    return !this.#ended || this.#rest.length > 0;
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  const { Buffer } = globalThis as { Buffer?: typeof globalThis.Buffer };
  let whole = first ?? NOTHING;
  if (pieces.length > 1) {
    whole = new Uint8Array(length);
    let position = 0;
    for (const piece of pieces) {
      whole.set(piece, position);
      position += piece.length;
    }
  }
  return Buffer === undefined ? whole : Buffer.from(whole.buffer, whole.byteOffset, whole.length);
}

/** @throws {FetchError} BAD_READ_SIZE */
function checkSize(size: number | null | undefined): number {
  if (size === undefined || size === null || size === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (!Number.isInteger(size)) throw new FetchError("BAD_READ_SIZE", `got ${String(size)}`);
  return size < 0 ? Number.POSITIVE_INFINITY : size;
}
