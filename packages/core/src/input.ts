// wsgi.input: the body of a request, read by the application. PEP 3333 and eventlet's Input, with promises.
// It pulls: decoded pieces come from its source, and when there are none it asks for bytes, which may send the
// 100 Continue. What is not asked for stays with the kernel. It knows nothing of sockets; the source is the connection.

import type { Duplex } from "node:stream";
import { BodyRead, type PieceSource, UNTIL_ANYTHING, UNTIL_LIMIT, UNTIL_NEWLINE } from "./body-read.ts";
import type { ConnectionInfo } from "./connection-info.ts";
import type { Header } from "./environ.ts";
import { UsageError } from "./errors.ts";
import type { Field } from "./fields.ts";

/** Where an Input gets its bytes; implemented by the connection for the request that it serves. */
export interface InputSource extends PieceSource {
  readonly trailers: readonly Field[] | undefined;
  /** Bytes are wanted: `Input.advance` or `Input.fail` will be called. */
  wantBytes(): void;
  sendContinue(headers: Iterable<Header>): void;
  takeSocket(): Duplex;
  /** Undefined where the application runs on another server, which does not tell. */
  readonly connection: ConnectionInfo | undefined;
}

/** Lines are iterated in pieces of at most this many bytes, so that a body without line ends stays bounded. */
const MAX_ITERATED_LINE = 64 * 1024;

/** A read that waits for bytes. */
interface PendingRead {
  readonly read: BodyRead;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The input object of one request. Every read rejects with ProtocolError when the body is malformed or too slow, with
 * ClientDisconnected when the client left inside it, and with UsageError when used wrongly.
 */
export class Input implements AsyncIterable<Buffer> {
  readonly #source: InputSource;
  #pending: PendingRead | undefined = undefined;
  #failure: unknown = undefined;
  #closed = false;
  #continueHeaders: Iterable<Header> = [];
  #controller: AbortController | undefined = undefined;
  #abortReason: unknown = undefined;

  constructor(source: InputSource) {
    this.#source = source;
  }

  /** Reads `size` bytes, or what is left when that is less; everything when `size` is negative or absent. */
  read(size?: number | null): Promise<Buffer> {
    return this.#read(size, UNTIL_LIMIT);
  }

  /** Reads what is at hand, at least a byte and at most `size`, waiting only when there is nothing; empty at the end. */
  read1(size?: number | null): Promise<Buffer> {
    return this.#read(size, UNTIL_ANYTHING);
  }

  /** Reads up to and including the next LF, at most `size` bytes. */
  readline(size?: number | null): Promise<Buffer> {
    return this.#read(size, UNTIL_NEWLINE);
  }

  /** Reads lines until the end, or until they sum up to `hint` bytes; 0 and negative hints are none, as in Python. */
  async readlines(hint?: number | null): Promise<Buffer[]> {
    const limit = checkSize(hint) || Number.POSITIVE_INFINITY;
    const lines: Buffer[] = [];
    let length = 0;
    while (length < limit) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  /** Iterates over lines, each with its LF; a line longer than 64 KiB comes in pieces. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const line = await this.readline(MAX_ITERATED_LINE);
      if (line.length === 0) return;
      yield line;
    }
  }

  /** Reads the rest and drops it. */
  async discard(): Promise<void> {
    while ((await this.read1()).length > 0);
  }

  /** The trailer fields of a chunked body, forbidden ones left out, once it was read to its end; else empty. */
  get trailers(): readonly Field[] {
    return this.#source.trailers ?? [];
  }

  /** Headers for the next `100 Continue`, whether it is sent by the first read or by hand. */
  setHundredContinueResponseHeaders(headers: Iterable<Header>): void {
    this.#continueHeaders = headers;
  }

  /**
   * Sends `100 Continue` now. Without it the first read that has to wait sends it, once.
   *
   * @throws {UsageError} INTERIM_TOO_LATE when the response has started or the client does not wait for it
   */
  sendHundredContinueResponse(): void {
    this.#source.sendContinue(this.#continueHeaders);
  }

  /** The headers that go with `100 Continue`. */
  get hundredContinueResponseHeaders(): Iterable<Header> {
    return this.#continueHeaders;
  }

  /**
   * Takes over the connection: sends the head if `startResponse` was called with a 101 (or a 2xx to CONNECT), puts back
   * the bytes already read, and returns the socket as an ordinary stream. The server does not touch it any more; the body the application
   * returns is ignored.
   *
   * @throws {UsageError} CANNOT_UPGRADE when another response has started or the connection is gone
   */
  getSocket(): Duplex {
    return this.#source.takeSocket();
  }

  /** The connection that the request came by, to read facts off; undefined on a server that does not tell of it. */
  get connection(): ConnectionInfo | undefined {
    return this.#source.connection;
  }

  /** `wsgi.signal`: made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Fires the signal. For the server. @internal */
  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }

  /** Serves the waiting read from what the source has now; true when bytes are still wanted. For the server. @internal */
  advance(): boolean {
    const pending = this.#pending;
    if (pending === undefined) return false;
    try {
      if (!pending.read.fill(this.#source)) return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
    this.#pending = undefined;
    pending.resolve(pending.read.finish());
    return false;
  }

  /** Rejects the waiting read and every later one. For the server. @internal */
  fail(error: unknown): void {
    this.#failure ??= error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(this.#failure);
  }

  /** The response is over: from now on reading is a mistake. For the server. @internal */
  close(): void {
    this.#closed = true;
    if (this.#pending !== undefined) this.fail(new UsageError("READ_AFTER_RESPONSE"));
  }

  /** Whether reading has failed for good. For the server. @internal */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether a read waits for bytes. For the server. @internal */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  #read(size: number | null | undefined, until: number): Promise<Buffer> {
    const { promise, resolve, reject } = deferred<Buffer>();
    if (this.#pending !== undefined) {
      reject(new UsageError("READ_IN_PROGRESS"));
      return promise;
    }
    try {
      const read = new BodyRead(checkSize(size), until);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) throw new UsageError("READ_AFTER_RESPONSE");
      if (read.fill(this.#source)) {
        resolve(read.finish());
      } else {
        this.#pending = { read, resolve, reject };
        this.#source.wantBytes();
      }
    } catch (error) {
      if (!(error instanceof UsageError)) this.#failure ??= error;
      this.#pending = undefined;
      reject(error);
    }
    return promise;
  }
}

/** @throws {UsageError} BAD_READ_SIZE */
function checkSize(size: number | null | undefined): number {
  if (size === undefined || size === null || size === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (!Number.isInteger(size)) throw new UsageError("BAD_READ_SIZE", `got ${String(size)}`);
  return size < 0 ? Number.POSITIVE_INFINITY : size;
}

function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
