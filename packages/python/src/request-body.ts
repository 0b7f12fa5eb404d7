// The body of a request on its way to a worker. It reads `wsgi.input` and hands pieces on, at first for as long as the whole body
// may be small: a client that sends slowly must not hold a Python thread. It knows nothing of workers but how to send to one.

import type { Environ, Input } from "@wsgi/core";
import { INPUT_WINDOW } from "./frames.ts";

/** Where pieces go. */
export interface PieceSink {
  /** An empty piece is the end. */
  sendPiece(piece: Buffer): void;
  /** The body cannot be had: it was malformed or too slow, or the client left. */
  bodyFailed(reason: string): void;
}

const READ_BYTES = 64 * 1024;

/** Whether a request has a body. */
export function hasBody({ CONTENT_LENGTH: length, HTTP_TRANSFER_ENCODING: coding }: Environ): boolean {
  return (length !== undefined && length !== "0") || coding !== undefined;
}

export class RequestBody {
  /** Why the body could not be read. */
  error: unknown = undefined;
  /** Whether bytes of the client are waited for, now. */
  isReading = false;
  readonly #input: Input;
  #collected: Buffer[] = [];
  #collectedBytes = 0;
  #ended = false;
  #stopped = false;
  #credit = 0;
  #granted: (() => void) | undefined = undefined;

  constructor(environ: Environ) {
    this.#input = environ["wsgi.input"];
  }

  /** Reads until there are `limit` bytes, or the body ends. */
  async collect(limit: number): Promise<void> {
    while (this.#collectedBytes < limit && !this.#ended) {
      const piece = await this.#input.read1(READ_BYTES);
      if (piece.length === 0) this.#ended = true;
      this.#collected.push(piece);
      this.#collectedBytes += piece.length;
    }
  }

  /** The whole body, if it was collected whole. */
  get whole(): Buffer | undefined {
    if (!this.#ended) return undefined;
    return this.#collected.length <= 2 ? this.#collected[0] : Buffer.concat(this.#collected, this.#collectedBytes);
  }

  /**
   * Hands on what was collected, then what comes, as far as the worker asks for it.
   *
   * @param credit bytes that the worker takes before it asks; what was collected counts
   */
  async forward(sink: PieceSink, isGranted: boolean): Promise<void> {
    this.#credit += isGranted ? INPUT_WINDOW - this.#collectedBytes : 0;
    for (const piece of this.#collected) if (piece.length > 0) sink.sendPiece(piece);
    this.#collected = [];
    try {
      while (!this.#stopped) {
        if (this.#credit <= 0) await new Promise<void>((resolve) => (this.#granted = resolve));
        if (this.#stopped) return;
        this.isReading = true;
        const piece = await this.#input.read1(Math.min(READ_BYTES, this.#credit));
        this.isReading = false;
        if (this.#stopped) return;
        this.#credit -= piece.length;
        sink.sendPiece(piece);
        if (piece.length === 0) return;
      }
    } catch (error) {
      this.isReading = false;
      if (this.#stopped) return;
      this.error = error;
      sink.bodyFailed(error instanceof Error ? error.message : String(error));
    }
  }

  /** The worker takes so many more bytes. */
  grant(bytes: number): void {
    this.#credit += bytes;
    this.#granted?.();
    this.#granted = undefined;
  }

  /** Nobody reads the body any more. */
  stop(): void {
    this.#stopped = true;
    this.#granted?.();
  }
}
