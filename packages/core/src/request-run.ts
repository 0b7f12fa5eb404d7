// One request being answered: calls the application, moves the items of its body to the response at the pace of the
// client, and closes the body in every case. PEP 3333 §"The Server/Gateway Side".
// The application and its body in; calls on Response out, and one `onDone` or `onBroken` to the connection. It owns no
// socket and no timer: pacing is the host's, time is nobody's. A synchronous application with a complete body runs
// through without a promise.

import { type BodyIterator, closeBody, completeItems, isPromise, iterate } from "./body.ts";
import { ClientDisconnected, ProtocolError, UsageError } from "./errors.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { FileBody } from "./file-wrapper.ts";
import { statusLineOf } from "./refusal.ts";
import { itemLength, type Response } from "./response.ts";
import type { Application, Environ, Item, StartResponse, Write } from "./types.ts";

/** What a run needs of its connection. */
export interface RunHost {
  /** Sends what is queued; true when the peer took enough that more may be queued. */
  flush(): boolean;
  /** Calls back when that is so again, or the client has left. One caller at a time. */
  onceWritable(callback: () => void): void;
  /** The response is queued whole. */
  onDone(run: RequestRun): void;
  /** The response began and cannot be completed: the connection must break off. */
  onBroken(run: RequestRun): void;
  /** Whether the application took over the socket. */
  readonly taken: boolean;
  /** Something to tell the operator: an error with what it belongs to. */
  report(what: string, error: unknown): void;
}

/** Complete bodies up to this size leave with their head in one write. */
const MAX_WHOLE_BYTES = 64 * 1024;
/** Larger items are cut to this, so that what reached a client that leaves is known this precisely. */
const SLICE_BYTES = 64 * 1024;
/** A body that never waits gives other connections their turn after this many bytes. */
const MAX_BURST_BYTES = 1024 * 1024;

const READY: Promise<void> = Promise.resolve();

export class RequestRun {
  readonly record: ExchangeRecord;
  readonly response: Response;
  readonly environ: Environ;
  readonly #application: Application;
  readonly #host: RunHost;
  readonly #debug: boolean;
  #body: unknown = undefined;
  #iterator: BodyIterator | undefined = undefined;
  #iterated = false;
  /** The response is queued, broken, or the client gone: nothing more is sent. */
  #over = false;
  #cancelled: unknown = undefined;
  /** The last of the `write()` calls that wait for the client, if any. */
  #writing: Promise<void> | undefined = undefined;
  #batch: Item[] = [];
  #batchBytes = 0;
  /** Bytes queued since the client was last waited for. */
  #burstBytes = 0;
  /** Bytes queued since the last flush. */
  #unflushedBytes = 0;
  /** What is left of a large item. */
  #large: Uint8Array | undefined = undefined;

  constructor(
    record: ExchangeRecord,
    response: Response,
    environ: Environ,
    application: Application,
    host: RunHost,
    debug: boolean,
  ) {
    this.record = record;
    this.response = response;
    this.environ = environ;
    this.#application = application;
    this.#host = host;
    this.#debug = debug;
  }

  /** Calls the application. */
  start(): void {
    let body: unknown;
    try {
      body = this.#application(this.environ, this.startResponse);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#take(body);
  }

  /** The client left, or the server cuts the request: stops the body. The connection reports the exchange. */
  cancel(reason: unknown): void {
    this.#cancelled ??= reason;
    this.record.error ??= reason;
    if (this.#over) return;
    this.#over = true;
    this.#close();
  }

  readonly startResponse: StartResponse = (status, headers, excInfo) => {
    if (this.#over) throw this.#cancelled ?? new UsageError("RESPONSE_FINISHED");
    this.response.begin(status, headers, excInfo);
    return this.write;
  };

  /** PEP 3333's `write`: the item goes out at once, or behind those that still wait. */
  readonly write: Write = (item) => {
    try {
      const length = itemLength(item);
      if (this.#over) throw this.#cancelled ?? new UsageError("RESPONSE_FINISHED");
      if (length === 0) return this.#writing ?? READY;
      if (this.#writing === undefined && length <= SLICE_BYTES) {
        this.response.sendItems([item], length);
        if (this.#host.flush()) return READY;
      } else {
        const before = this.#writing ?? READY;
        return this.#queueWrite(before.then(() => this.#sendPaced(item, length)));
      }
      return this.#queueWrite(this.#writable());
    } catch (error) {
      return rejected(error);
    }
  };

  #queueWrite(promise: Promise<void>): Promise<void> {
    promise.catch(() => {}); // a write that nobody awaits must not end the process when the client leaves
    this.#writing = promise;
    const settled = (): void => {
      if (this.#writing === promise) this.#writing = undefined;
    };
    promise.then(settled, settled);
    return promise;
  }

  /** Takes what the application returned. */
  #take(body: unknown): void {
    if (isPromise(body)) {
      body.then(
        (value) => this.#take(value),
        (error) => this.fail(error),
      );
      return;
    }
    this.#body = body;
    if (this.#over || this.#host.taken) {
      this.#close();
      if (!this.#over) this.#done();
      return;
    }
    try {
      const items = completeItems(body);
      if (items !== undefined && this.#writing === undefined) this.#sendComplete(items);
      else if (body instanceof FileBody) void this.#sendFile(body);
      else this.#pump(items ?? body);
    } catch (error) {
      this.fail(error);
    }
  }

  /** A body whose length is known: small ones leave whole, with their head. */
  #sendComplete(items: readonly Item[]): void {
    let length = 0;
    for (let i = 0; i < items.length; i++) length += itemLength(items[i]);
    this.response.sendHead(length);
    if (length > MAX_WHOLE_BYTES && !this.response.bodyForbidden) {
      this.#pump(items);
      return;
    }
    if (length > 0) this.response.sendItems(items, length);
    this.#finish();
  }

  async #sendFile(body: FileBody): Promise<void> {
    try {
      const size = await body.open();
      if (this.#over) return void body.close();
      await this.#writing;
      this.response.sendHead(size);
      this.#pump(body);
    } catch (error) {
      this.fail(error);
    }
  }

  #pump(body: unknown): void {
    const { iterator, isAsync } = iterate(body);
    this.#iterator = iterator;
    this.#iterated = true;
    if (isAsync || this.#writing !== undefined) void this.#pumpAsync(iterator);
    else this.#pumpSync();
  }

  /** Moves synchronous items, joined to `minimum_write_chunk_size`, until the client is behind or a turn is over. */
  #pumpSync(): void {
    const iterator = this.#iterator as Iterator<Item>;
    const minimum = this.environ["eventlet.minimum_write_chunk_size"];
    try {
      while (!this.#over) {
        if (this.#large !== undefined) {
          this.#sendSlice();
        } else {
          const step = iterator.next();
          if (step.done === true || this.response.bodyForbidden) {
            this.#iterator = step.done === true ? undefined : iterator;
            this.#sendBatch();
            this.#finish();
            return;
          }
          this.#addItem(step.value, minimum);
        }
        if (!this.#keepsPace()) return;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  #addItem(item: Item, minimum: number): void {
    const length = itemLength(item);
    if (length > SLICE_BYTES) {
      this.#sendBatch();
      this.#large = typeof item === "string" ? Buffer.from(item) : item;
      return;
    }
    if (length === 0) return;
    this.#batch.push(item);
    this.#batchBytes += length;
    if (this.#batchBytes < minimum) return;
    this.#sendBatch();
    if (minimum === 0) this.#host.flush();
  }

  #sendBatch(): void {
    if (this.#batchBytes === 0) return;
    const items = this.#batch;
    const length = this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#count(length);
    this.response.sendItems(items, length);
  }

  #count(length: number): void {
    this.#burstBytes += length;
    this.#unflushedBytes += length;
  }

  #sendSlice(): void {
    const large = this.#large as Uint8Array;
    const slice = large.subarray(0, SLICE_BYTES);
    this.#large = large.length > SLICE_BYTES ? large.subarray(SLICE_BYTES) : undefined;
    this.#count(slice.length);
    this.response.sendItems([slice], slice.length);
  }

  /** False when the pump was put off: until the client has taken more, or until others had their turn. */
  #keepsPace(): boolean {
    if (this.#unflushedBytes < SLICE_BYTES) return true;
    this.#unflushedBytes = 0;
    const writable = this.#host.flush();
    if (writable && this.#burstBytes < MAX_BURST_BYTES) return true;
    this.#burstBytes = 0;
    const next = (): void => this.#pumpSync();
    if (writable) setImmediate(next);
    else this.#host.onceWritable(next);
    return false;
  }

  /** Moves the items of an async body; each goes out when it comes. */
  async #pumpAsync(iterator: BodyIterator): Promise<void> {
    try {
      await this.#writing;
      while (!this.#over) {
        const step = await iterator.next();
        if (this.#over) return;
        if (step.done === true || this.response.bodyForbidden) {
          this.#iterator = step.done === true ? undefined : iterator;
          await this.#writing;
          this.#finish();
          return;
        }
        const length = itemLength(step.value);
        if (length > 0) await this.#sendPaced(step.value, length);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Sends one item now, in slices when it is large; resolves when the client is ready for more. */
  async #sendPaced(item: Item, length: number): Promise<void> {
    let rest: Item = length > SLICE_BYTES && typeof item === "string" ? Buffer.from(item) : item;
    for (let left = length; left > 0 && !this.#over; left -= SLICE_BYTES) {
      const slice: Item = typeof rest === "string" ? rest : rest.subarray(0, SLICE_BYTES);
      if (typeof rest !== "string") rest = rest.subarray(SLICE_BYTES);
      const sliceBytes = Math.min(left, SLICE_BYTES);
      this.response.sendItems([slice], sliceBytes);
      this.#burstBytes += sliceBytes;
      await this.#writable();
    }
    if (this.#over) throw this.#cancelled ?? new UsageError("RESPONSE_FINISHED");
  }

  /** Flushes; resolves when more may be queued. */
  async #writable(): Promise<void> {
    if (!this.#host.flush()) {
      this.#burstBytes = 0;
      await new Promise<void>((resolve) => this.#host.onceWritable(resolve));
      if (this.#cancelled !== undefined) throw this.#cancelled;
    } else if (this.#burstBytes >= MAX_BURST_BYTES) {
      this.#burstBytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** All items are queued: ends the body, or breaks it off when it is too short. */
  #finish(): void {
    if (this.#over) return;
    if (this.#writing !== undefined) {
      this.#writing.then(
        () => this.#finish(),
        (error) => this.fail(error),
      );
      return;
    }
    const { response } = this;
    response.sendEnd();
    if (response.excessBytes > 0) {
      this.#host.report(
        `a body was ${response.excessBytes} bytes longer than its Content-Length and was cut`,
        undefined,
      );
    }
    if (response.missingBytes > 0) {
      throw new UsageError("BODY_TOO_SHORT", `${response.missingBytes} bytes are missing`);
    }
    this.#done();
  }

  #done(): void {
    this.#over = true;
    this.#close();
    this.#host.onDone(this);
  }

  /** The application or its body failed: a 500 while that is possible, else the connection breaks off. */
  fail(error: unknown): void {
    if (this.#over) {
      if (!this.#isEcho(error)) this.#host.report("the application failed after its response was over", error);
      return;
    }
    this.record.error = error;
    if (this.#host.taken) return this.#failTaken(error);
    if (!(error instanceof ClientDisconnected)) this.#host.report("the application failed", error);
    if (this.response.headSent) {
      this.#over = true;
      this.#close();
      this.#host.onBroken(this);
      return;
    }
    this.#close();
    this.#sendErrorPage(error);
    this.#done();
  }

  /** Whether an error only says again that the run was cancelled. */
  #isEcho(error: unknown): boolean {
    if (this.#cancelled === undefined) return false;
    return error === this.#cancelled || (error instanceof Error && error.name === "AbortError");
  }

  #failTaken(error: unknown): void {
    this.#host.report("the application failed after it took over the socket", error);
    this.#over = true;
    this.#close();
    this.#host.onBroken(this);
  }

  #sendErrorPage(error: unknown): void {
    const isPeers = error instanceof ProtocolError || error instanceof ClientDisconnected;
    const status = error instanceof ProtocolError ? error.status : isPeers ? 400 : 500;
    const text = isPeers ? `${error.message}\r\n` : this.#debug ? stackOf(error) : "";
    const { response } = this;
    response.start = undefined;
    response.begin(statusLineOf(status), [["Content-Type", "text/plain; charset=utf-8"]]);
    const length = Buffer.byteLength(text);
    response.sendHead(length);
    if (length > 0) response.sendItems([text], length);
    response.sendEnd();
  }

  #close(): void {
    const iterator = this.#iterator;
    const body = this.#body;
    this.#iterator = undefined;
    this.#body = undefined;
    this.#batch = [];
    this.#large = undefined;
    if (typeof body === "object" && body !== null && !Array.isArray(body)) {
      closeBody(body, iterator, this.#iterated, (error) => this.#host.report("closing a body failed", error));
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? `${error.stack ?? error.message}\r\n` : `${String(error)}\r\n`;
}

function rejected(error: unknown): Promise<void> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
