// One request being answered: calls the application, sends what it returns or writes, and closes the body in every case.
// PEP 3333 §"The Server/Gateway Side". The application in; calls on Response, and one `onDone` or `onBroken` to the
// connection, out. It owns no socket and no timer. A synchronous application with a complete body runs through without
// a promise.

import {
  type BodyIterator,
  closeBody,
  completeItems,
  isPromise,
  itemLength,
  iterate,
  needsNoClosing,
  totalLength,
} from "./body.ts";
import { BodyPump, type Gate } from "./body-pump.ts";
import type { ConnectionLog } from "./connection-log.ts";
import { errorPage } from "./error-page.ts";
import { asReason, ClientDisconnected, UsageError } from "./errors.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { FileBody } from "./file-wrapper.ts";
import type { Response, ResponseWriter } from "./response.ts";
import type { Application, Environ, Item, StartResponse, Write } from "./types.ts";

/** What a run needs of its connection. */
export interface RunHost<Writer extends ResponseWriter = Response> {
  /** The way out, as far as pacing goes. */
  readonly transport: Gate;
  /** Where failures are told. */
  readonly log: ConnectionLog;
  /** The response is queued whole. */
  onDone(run: RequestRun<Writer>): void;
  /** The response began and cannot be completed: the connection must break off. */
  onBroken(run: RequestRun<Writer>): void;
  /** Whether the application took over the socket. */
  readonly taken: boolean;
}

/** Complete bodies up to this size leave with their head in one write. */
const MAX_WHOLE_BYTES = 64 * 1024;

export class RequestRun<Writer extends ResponseWriter = Response> {
  readonly record: ExchangeRecord;
  readonly response: Writer;
  readonly environ: Environ;
  /** The response began and could not be completed. */
  broken = false;
  readonly #application: Application;
  readonly #host: RunHost<Writer>;
  readonly #debug: boolean;
  #pump: BodyPump | undefined = undefined;
  #body: unknown = undefined;
  #iterator: BodyIterator | undefined = undefined;
  #iterated = false;
  /** The response is queued, broken, or the client gone: nothing more is sent. */
  #over = false;
  #cancelReason: unknown = undefined;
  /** Why `wsgi.signal` fired: the client closed its side, or the run was cancelled. */
  #leftReason: unknown = undefined;
  /** What was told the operator already. */
  #reported: unknown = undefined;

  constructor(
    record: ExchangeRecord,
    response: Writer,
    environ: Environ,
    application: Application,
    host: RunHost<Writer>,
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
      body = this.#application(this.environ, this.#startResponse);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#take(body);
  }

  /**
   * The client left, or the server cuts the request: stops the body. The connection reports the exchange.
   *
   * @param isFailure false when that is how it had to end: the application has the socket, and the socket was closed
   */
  cancel(reason: unknown, isFailure = true): void {
    this.#cancelReason ??= reason;
    this.#leftReason ??= reason;
    if (this.#over) return;
    if (isFailure) this.record.error ??= reason;
    this.#end();
  }

  /** The client closed its side: a response may still be sent, and an application that gives up has not failed. */
  clientLeft(reason: unknown): void {
    this.#leftReason = reason;
  }

  // ---- what the application calls ------------------------------------------------------------------------------

  readonly #startResponse: StartResponse = (status, headers, excInfo) => {
    if (this.#over) throw this.#lateError();
    this.response.begin(status, headers, excInfo);
    return this.#write;
  };

  readonly #write: Write = (item) => {
    try {
      const length = itemLength(item);
      if (this.#over) throw this.#lateError();
      return this.#bodyPump().write(item, length);
    } catch (error) {
      if (error instanceof UsageError) this.#report("write() failed", error); // nobody may wait for the promise
      const failed = Promise.reject(error);
      failed.catch(() => {});
      return failed;
    }
  };

  #lateError(): unknown {
    return this.#cancelReason ?? new UsageError("RESPONSE_FINISHED");
  }

  #bodyPump(): BodyPump {
    this.#pump ??= new BodyPump(this.response, this.#host.transport);
    return this.#pump;
  }

  // ---- what the application returned ---------------------------------------------------------------------------

  #take(body: unknown): void {
    try {
      if (isPromise(body)) {
        // A promise stays what it is; what only looks like one may throw, and settle twice.
        Promise.resolve(body).then(
          (value) => this.#take(value),
          (error) => this.fail(error),
        );
        return;
      }
      this.#body = body;
      if (this.#over) return this.#close();
      if (this.#host.taken) return this.#done();
      const items = completeItems(body);
      if (items !== undefined && !this.#isWriting) this.#sendComplete(items);
      else if (body instanceof FileBody) this.#await(this.#sendFile(body));
      else this.#iterate(items ?? body);
    } catch (error) {
      this.fail(error);
    }
  }

  /** A body whose length is known: small ones leave whole, with their head. */
  #sendComplete(items: readonly Item[]): void {
    const length = totalLength(items);
    if (length > MAX_WHOLE_BYTES && !this.response.bodyForbidden) {
      this.response.sendHead(length);
      return this.#iterate(items);
    }
    this.response.sendWhole(items, length);
    this.#finish();
  }

  async #sendFile(body: FileBody): Promise<void> {
    let size: number | undefined;
    try {
      size = await body.open();
    } finally {
      if (this.#over) await body.close(); // it was closed while it was being opened
    }
    if (this.#over) return;
    await this.#pump?.settled();
    if (size !== undefined) this.response.sendHead(size);
    this.#iterate(body);
  }

  #iterate(body: unknown): void {
    const { iterator, isAsync } = iterate(body);
    this.#iterator = iterator;
    this.#iterated = true;
    const onEnd = (exhausted: boolean): void => {
      if (exhausted) this.#iterator = undefined;
      this.#finish();
    };
    if (!isAsync) {
      const minimumBytes = this.environ["eventlet.minimum_write_chunk_size"];
      this.#bodyPump().runSync(iterator as Iterator<Item>, minimumBytes, onEnd, (error) => this.fail(error));
      return;
    }
    this.#await(this.#bodyPump().runAsync(iterator).then(onEnd));
  }

  get #isWriting(): boolean {
    return this.#pump?.writing === true;
  }

  #await(promise: Promise<void>): void {
    promise.catch((error) => this.fail(error));
  }

  // ---- how it ends ---------------------------------------------------------------------------------------------

  /** All items are queued: ends the body, or breaks it off when it is too short. */
  #finish(): void {
    if (this.#over) return;
    if (this.#pump !== undefined && this.#isWriting)
      return this.#await(this.#pump.settled().then(() => this.#finish()));
    const { response } = this;
    response.sendEnd();
    // A part of a file is sent by its Content-Length: PEP 3333 §"Optional Platform-Specific File Handling".
    if (response.excessBytes > 0 && !(this.#body instanceof FileBody)) {
      this.#host.log.failed(
        `a body was ${response.excessBytes} bytes longer than its Content-Length and was cut`,
        undefined,
      );
    }
    if (response.missingBytes > 0) throw new UsageError("BODY_TOO_SHORT", `${response.missingBytes} bytes are missing`);
    this.#done();
  }

  #done(): void {
    this.#end();
    this.#host.onDone(this);
  }

  #end(): void {
    this.#over = true;
    this.#pump?.stop(this.#cancelReason);
    this.#close();
  }

  /** The application or its body failed: a 500 while that is possible, else the connection breaks off. */
  fail(thrown: unknown): void {
    const error = asReason(thrown);
    const gaveUp = this.#isGivingUp(error);
    if (this.#over) {
      if (!gaveUp) this.#report("the application failed after its response was over", error);
      return;
    }
    this.record.error = gaveUp ? this.#leftReason : error;
    if (gaveUp) this.record.disconnectPhase ??= this.response.headSent ? "response-body" : "before-head";
    else this.#report("the application failed", error);
    this.#end();
    if (this.response.headSent || this.#host.taken) {
      this.broken = true;
      return this.#host.onBroken(this);
    }
    this.#sendErrorPage(this.record.error);
    this.#host.onDone(this);
  }

  /** Tells the operator, once for each error. */
  #report(what: string, error: unknown): void {
    if (error !== this.#reported) this.#host.log.failed(what, error);
    this.#reported = error;
  }

  /** Whether an error only says that the client left, in the words of `wsgi.signal` or of what was given it. */
  #isGivingUp(error: unknown): boolean {
    if (this.#leftReason === undefined) return false;
    if (error instanceof ClientDisconnected) return true;
    try {
      return error instanceof Error && (error.name === "AbortError" || error.cause === this.#leftReason);
    } catch {
      return false; // a getter of the application's
    }
  }

  #sendErrorPage(error: unknown): void {
    const { statusLine, text } = errorPage(error, this.#debug);
    const { response } = this;
    response.start = undefined;
    response.begin(statusLine, [["Content-Type", "text/plain; charset=utf-8"]]);
    response.sendWhole([text], Buffer.byteLength(text));
    response.sendEnd();
  }

  #close(): void {
    const body = this.#body;
    const iterator = this.#iterator;
    this.#body = undefined;
    this.#iterator = undefined;
    if (needsNoClosing(body)) return;
    closeBody(body, iterator, this.#iterated, (error) => this.#report("closing a body failed", error));
  }
}
