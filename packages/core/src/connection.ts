// The life of a client connection: head, application, response, next head. RFC 9112 §9.
// It owns the socket (through Transport), the parser and the order of these steps; nothing else does. What a head means,
// how a body is framed and what the application wants, others decide; time comes from the server, which calls `check`.
//
//   IDLE ─▶ READING_HEAD ─▶ RUNNING ─▶ DISCARDING ─▶ IDLE …       any ─▶ CLOSING ─▶ CLOSED
//                              └─▶ TAKEN (upgrade) ─▶ CLOSED

import type { Duplex } from "node:stream";
import type { Endpoints, Header } from "./environ.ts";
import { buildEnviron } from "./environ.ts";
import { ClientDisconnected, ProtocolError, UsageError } from "./errors.ts";
import { ExchangeRecord } from "./exchange-record.ts";
import type { ConnectionInfo } from "./extension.ts";
import type { Field } from "./fields.ts";
import { Input, type InputSource } from "./input.ts";
import { ProgressGuard } from "./progress-guard.ts";
import { encodeRefusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import { RequestParser } from "./request-parser.ts";
import { RequestRun, type RunHost } from "./request-run.ts";
import { type HeadPolicy, Response } from "./response.ts";
import type { ServerContext } from "./server-context.ts";
import { Transport, type TransportEvents } from "./transport.ts";
import type { Environ } from "./types.ts";

const IDLE = 0; // nothing of the next head has arrived
const READING_HEAD = 1; // a part of it has
const RUNNING = 2; // the application works, or its body goes out
const DISCARDING = 3; // the response is queued, the rest of the request's body is dropped
const TAKEN = 4; // the application has the socket
const CLOSING = 5; // our side is closed; the peer may still read
const CLOSED = 6;

/** Above this many unsent bytes nothing more is queued. */
const HIGH_WATER_BYTES = 64 * 1024;
/** Bytes read ahead of the application; beyond them the rest stays with the kernel. */
const READ_AHEAD_BYTES = 64 * 1024;
/** Bytes a peer may send on into a connection that we closed. */
const MAX_LINGER_BYTES = 1024 * 1024;

/** The request being answered, and what belongs to it alone. */
interface Current {
  readonly head: RequestHead;
  readonly input: Input;
  readonly run: RequestRun;
  continueSent: boolean;
}

export class Connection implements TransportEvents, InputSource, RunHost, HeadPolicy, ConnectionInfo {
  requestsServed = 0;
  /** Resolves when the socket is gone. */
  readonly ended: Promise<void>;
  readonly #server: ServerContext;
  readonly #endpoints: Endpoints;
  readonly #transport: Transport;
  readonly #parser: RequestParser;
  readonly #readGuard: ProgressGuard;
  readonly #writeGuard: ProgressGuard;
  #state = IDLE;
  /** Seconds of the server's clock when the state was entered. */
  #since: number;
  #current: Current | undefined = undefined;
  /** Answered, but not yet known to be sent. */
  readonly #unsettled: RequestRun[] = [];
  #serving = false;
  #peerEnded = false;
  #flaggedIdle = false;
  #bytesReceived = 0;
  #discarded = 0;
  #lingered = 0;
  #onWritable: (() => void) | undefined = undefined;
  #resolveEnded!: () => void;

  constructor(socket: Duplex, endpoints: Endpoints, server: ServerContext) {
    this.#server = server;
    this.#endpoints = endpoints;
    this.#transport = new Transport(socket, this, server.readBuffer);
    this.#parser = new RequestParser(server.options);
    this.#readGuard = new ProgressGuard(server.options);
    this.#writeGuard = new ProgressGuard(server.options);
    this.#since = server.now();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  // ---- what the server asks ------------------------------------------------------------------------------------

  start(): void {
    if (this.#transport.closed) return this.onClose(undefined);
    this.#transport.start();
  }

  /** Whether it waits between requests, or the application called it idle. */
  get idle(): boolean {
    return this.#state === IDLE || (this.#flaggedIdle && (this.#state === RUNNING || this.#state === TAKEN));
  }

  /** Whether a request is being answered, or the application has the socket. */
  get active(): boolean {
    return this.#state === RUNNING || this.#state === TAKEN;
  }

  /** The server closes: an idle connection ends now, another one after its request. */
  shutdown(): void {
    if (this.idle) {
      if (this.#state === IDLE) this.#close();
      else this.cut(new ClientDisconnected("the server is closing and the connection was flagged idle"));
    }
  }

  /** Ends it now, whatever it does. */
  cut(reason: unknown): void {
    this.#current?.input.fail(reason);
    this.#current?.input.abort(reason);
    this.#current?.run.cancel(reason);
    this.#transport.destroy();
  }

  /** Looks at the clock: called every so often. */
  check(now: number): void {
    const { options } = this.#server;
    const transport = this.#transport;
    const unsent = transport.pendingBytes;
    if (this.#state < TAKEN || this.#state === CLOSING) {
      const fault = this.#writeGuard.check(now, unsent > 0, transport.bytesSent, unsent);
      if (fault !== undefined)
        return this.cut(new ClientDisconnected(`the client takes its response too slowly: ${fault}`));
    }
    const age = now - this.#since;
    switch (this.#state) {
      case IDLE: {
        const limit = this.requestsServed === 0 ? options.headTimeout || Number.POSITIVE_INFINITY : this.#idleTimeout;
        if (age >= limit && unsent === 0) this.#close();
        return;
      }
      case READING_HEAD:
        if (options.headTimeout > 0 && age >= options.headTimeout && transport.reading) {
          this.#refuse(new ProtocolError("HEAD_TIMEOUT", `more than ${options.headTimeout} s`));
        }
        return;
      case RUNNING:
      case DISCARDING: {
        const waiting = this.#state === DISCARDING || this.#current?.input.waiting === true;
        const fault = this.#readGuard.check(now, waiting, this.#bytesReceived);
        if (fault === undefined) return;
        const error = new ProtocolError("BODY_TIMEOUT", fault);
        if (this.#state === DISCARDING) this.#closeLogged(error);
        else this.#current?.input.fail(error);
        return;
      }
      case CLOSING:
        if (unsent === 0 && age >= options.lingerTimeout) transport.destroy();
    }
  }

  get #idleTimeout(): number {
    const { keepalive } = this.#server.options;
    return typeof keepalive === "number" ? keepalive : DEFAULT_KEEPALIVE_SECONDS;
  }

  // ---- what the socket tells -----------------------------------------------------------------------------------

  onBytes(bytes: Buffer): void {
    this.#bytesReceived += bytes.length;
    if (this.#state === CLOSING) {
      this.#lingered += bytes.length;
      if (this.#lingered > MAX_LINGER_BYTES) this.#transport.destroy();
      return;
    }
    this.#parser.push(bytes);
    if (this.#state <= READING_HEAD) this.#serve();
    else if (this.#state === RUNNING) this.#current?.input.advance();
    else if (this.#state === DISCARDING) this.#discard();
    if (this.#state < TAKEN) this.#parser.retain();
    if (this.#state === RUNNING && this.#parser.pendingBytes >= READ_AHEAD_BYTES) this.#transport.pause();
  }

  onEnd(): void {
    this.#peerEnded = true;
    const current = this.#current;
    if (current !== undefined) {
      // As Go does: the signal fires, and a response that comes all the same is sent, for the peer may have closed
      // its sending side only.
      const reason = new ClientDisconnected("the client closed its side of the connection");
      if (current.input.waiting) {
        current.run.record.disconnectPhase = "request-body";
        current.input.fail(reason);
      }
      current.input.abort(reason);
    } else if (this.#state < CLOSING && this.#transport.pendingBytes <= HIGH_WATER_BYTES) {
      this.#close(); // otherwise there may be pipelined requests that wait for the peer to take the answers before
    }
  }

  onProgress(): void {
    this.#settle();
    if (this.#transport.pendingBytes > HIGH_WATER_BYTES / 2) return;
    const callback = this.#onWritable;
    this.#onWritable = undefined;
    callback?.();
    if (this.#state <= READING_HEAD && (this.#peerEnded || !this.#transport.reading)) {
      this.#transport.resume();
      this.#serve();
    }
  }

  onClose(error: Error | undefined): void {
    const wasTaken = this.#state === TAKEN;
    this.#state = CLOSED;
    const reason = new ClientDisconnected(undefined, error === undefined ? undefined : { cause: error });
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) {
      const { record } = current.run;
      if (current.input.waiting) record.disconnectPhase ??= "request-body";
      current.input.fail(reason);
      current.input.abort(reason);
      current.run.cancel(reason);
      if (wasTaken) record.endAt(this.#transport.bytesQueued); // it is the application's to call that an end
      this.#unsettled.push(current.run);
    }
    const callback = this.#onWritable;
    this.#onWritable = undefined;
    callback?.();
    for (const run of this.#unsettled.splice(0)) {
      const { record } = run;
      if (!record.isSent(this.#transport.bytesSent)) {
        record.disconnectPhase ??= record.isBegun(this.#transport.bytesSent) ? "response-body" : "before-head";
        record.error ??= reason;
      }
      this.#report(run);
    }
    this.#resolveEnded();
    this.#server.onEnded(this);
  }

  // ---- the loop ------------------------------------------------------------------------------------------------

  /** Answers every head that has arrived; pipelined ones leave together. */
  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#state <= READING_HEAD) {
        if (this.#transport.pendingBytes > HIGH_WATER_BYTES && !this.flush()) {
          this.#transport.pause(); // the peer asks for more than it takes
          break;
        }
        const head = this.#parser.readHead();
        if (head === undefined) {
          this.#awaitHead();
          break;
        }
        this.#begin(head);
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#refuse(error);
      else this.#breakOff(error);
    }
    this.#serving = false;
    this.#transport.flush();
    this.#settle();
  }

  #awaitHead(): void {
    if (this.#peerEnded) return this.#close();
    if (this.#state === IDLE && this.#parser.headBegun) this.#enter(READING_HEAD);
    else if (this.#state === IDLE && this.#server.closing) this.#close();
  }

  #begin(head: RequestHead): void {
    const server = this.#server;
    const record = new ExchangeRecord(head, server.milliseconds(), this.#transport.bytesQueued);
    const response = new Response(head, record, this.#transport, server.headEncoder, this);
    const input = new Input(this);
    const environ = buildEnviron(head, this.#endpoints, server.environBase, {
      input,
      earlyHints: this.#minorVersion(head) === 1 ? (headers) => this.#sendEarlyHints(input, headers) : undefined,
      setIdle: () => {
        if (this.#current?.input === input) this.#flaggedIdle = true;
      },
    }) as Environ;
    record.environ = environ;
    const run = new RequestRun(record, response, environ, server.application, this, server.options.debug);
    this.#current = { head, input, run, continueSent: false };
    this.#flaggedIdle = false;
    this.#enter(RUNNING);
    try {
      server.onEnviron(environ, this);
    } catch (error) {
      run.fail(error);
      return;
    }
    run.start();
  }

  onDone(run: RequestRun): void {
    const { input } = this.#end(run);
    const canContinue = !run.response.closes && !input.failed;
    input.close();
    this.#unsettled.push(run);
    if (this.#state === TAKEN) return this.#settle();
    if (!canContinue) return this.#close();
    this.#enter(DISCARDING);
    this.#discarded = 0;
    this.#discard();
  }

  onBroken(run: RequestRun): void {
    this.#end(run);
    this.#transport.flush();
    this.#report(run, false);
    if (run.response.endsByClose) this.#transport.reset();
    else this.#close();
  }

  #end(run: RequestRun): Current {
    const current = this.#current as Current;
    this.#current = undefined;
    run.record.endAt(this.#transport.bytesQueued);
    run.record.bytesReceived = this.#parser.takeConsumed();
    this.requestsServed++;
    return current;
  }

  /** Drops what is left of the request's body, within bounds; then the next head may come. */
  #discard(): void {
    const { maxDiscardBytes } = this.#server.options;
    try {
      for (let piece = this.#parser.peekBody(); piece !== undefined; piece = this.#parser.peekBody()) {
        this.#discarded += piece.length;
        if (this.#discarded > maxDiscardBytes) return this.#close();
        this.#parser.consumeBody(piece.length);
      }
    } catch (error) {
      return this.#closeLogged(error);
    }
    if (!this.#parser.bodyDone) {
      if (this.#peerEnded) return this.#close();
      this.#transport.resume();
      return;
    }
    this.#parser.takeConsumed();
    this.#enter(IDLE);
    this.#transport.resume();
    this.#serve();
  }

  /** Answers with an error and closes; nothing that comes after it is interpreted. RFC 9112 §9.6. */
  #refuse(error: ProtocolError): void {
    const server = this.#server;
    const { remoteAddress, remotePort } = this.#endpoints;
    server.logger.info(
      `(${process.pid}) ${remoteAddress}:${remotePort} refused with ${error.status} ${error.code}: ${error.message}`,
    );
    this.#transport.writeText(encodeRefusal(error, server.minorVersion, server.date()));
    this.#close();
  }

  #closeLogged(error: unknown): void {
    this.report("discarding the rest of a body failed", error);
    this.#close();
  }

  /** Something that must not happen: the other connections go on. */
  #breakOff(error: unknown): void {
    this.report("the server failed on a connection and closes it", error);
    this.#transport.destroy();
  }

  /** Sends what is queued, closes our side, and gives the peer time to take it: a reset would throw it away. */
  #close(): void {
    if (this.#state >= CLOSING) return;
    this.#enter(CLOSING);
    this.#transport.end();
    this.#transport.resume();
    this.#settle();
  }

  #enter(state: number): void {
    this.#state = state;
    this.#since = this.#server.now();
  }

  // ---- the ledger ----------------------------------------------------------------------------------------------

  /** Reports the responses whose last byte has gone out. */
  #settle(): void {
    while (this.#unsettled[0]?.record.isSent(this.#transport.bytesSent))
      this.#report(this.#unsettled.shift() as RequestRun);
  }

  #report({ record, response }: RequestRun, mayComplete = true): void {
    const { bytesSent } = this.#transport;
    record.completed = mayComplete && record.isSent(bytesSent);
    record.finish(bytesSent, this.#server.milliseconds(), response.bodyBytes, response.framingBytes);
    this.#server.onResponded(record);
  }

  // ---- what the input asks (InputSource) -----------------------------------------------------------------------

  peekBody(): Buffer | undefined {
    return this.#parser.peekBody();
  }

  consumeBody(count: number): void {
    this.#parser.consumeBody(count);
  }

  get bodyDone(): boolean {
    return this.#parser.bodyDone;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#parser.trailers;
  }

  wantBytes(): void {
    const current = this.#current as Current;
    if (this.#peerEnded) {
      current.run.record.disconnectPhase = "request-body";
      throw new ClientDisconnected("the client closed its side inside the body");
    }
    const { head, run, input } = current;
    const wantsContinue = head.wantsContinue && this.#server.minorVersion === 1;
    if (wantsContinue && !current.continueSent && !run.response.headSent) {
      this.sendContinue(input.hundredContinueResponseHeaders);
    }
    this.#transport.resume();
  }

  sendContinue(headers: Iterable<Header>): void {
    const current = this.#current;
    if (current === undefined || !current.head.wantsContinue || current.run.response.headSent) {
      throw new UsageError("INTERIM_TOO_LATE");
    }
    current.continueSent = true;
    this.#sendInterim(current.run, "100 Continue", headers);
  }

  takeSocket(): Duplex {
    const response = this.#current?.run.response;
    if (this.#state !== RUNNING || response === undefined || response.headSent) throw new UsageError("CANNOT_UPGRADE");
    if (response.start !== undefined) {
      if (response.start.status !== 101) throw new UsageError("CANNOT_UPGRADE", `it was ${response.start.statusLine}`);
      response.sendHead();
    }
    const rest = this.#parser.takeRest();
    this.#enter(TAKEN);
    return this.#transport.release(rest);
  }

  #sendEarlyHints(input: Input, headers: Iterable<Header>): void {
    const current = this.#current;
    if (current?.input !== input || current.run.response.headSent) throw new UsageError("INTERIM_TOO_LATE");
    this.#sendInterim(current.run, "103 Early Hints", headers);
  }

  #sendInterim(run: RequestRun, status: string, headers: Iterable<Header>): void {
    const text = `HTTP/1.1 ${status}\r\n${this.#server.headEncoder.interimFields(headers)}\r\n`;
    run.record.headBytes += text.length;
    this.#transport.writeText(text);
    this.#transport.flush();
  }

  // ---- what the run asks (RunHost) -----------------------------------------------------------------------------

  get taken(): boolean {
    return this.#state === TAKEN;
  }

  flush(): boolean {
    this.#transport.flush();
    return this.#transport.pendingBytes <= HIGH_WATER_BYTES;
  }

  onceWritable(callback: () => void): void {
    if (this.#transport.closed) callback();
    else this.#onWritable = callback;
  }

  report(what: string, error: unknown): void {
    const detail =
      error === undefined ? "" : `: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    this.#server.logger.error(`(${process.pid}) ${what}${detail}`);
  }

  // ---- what the response asks (HeadPolicy) ---------------------------------------------------------------------

  get serverMinorVersion(): 0 | 1 {
    return this.#server.minorVersion;
  }

  get announcedKeepAlive(): number | undefined {
    const { keepalive } = this.#server.options;
    return typeof keepalive === "number" && Number.isFinite(keepalive) ? keepalive : undefined;
  }

  date(): string {
    return this.#server.date();
  }

  now(): number {
    return this.#server.milliseconds();
  }

  /** Whether another request may follow: RFC 9112 §9.3, and what this server adds to it. */
  canReuse(response: Response): boolean {
    const { head, input, continueSent } = this.#current as Current;
    const { options, minorVersion, closing } = this.#server;
    if (closing) return false;
    if (options.keepalive === false || options.keepalive === 0) return false;
    if (!head.keepAlive) return false;
    if (minorVersion === 0 && !head.asksKeepAlive) return false;
    if (response.start?.wantsClose === true) return false;
    if (response.start?.status === 101 || head.method === "CONNECT") return false;
    if (input.failed) return false;
    if (this.#peerEnded && this.#parser.pendingBytes === 0) return false;
    if (head.wantsContinue && !continueSent && !this.#parser.bodyDone) return false; // will the body come or not?
    return (this.#parser.bodyRemaining ?? 0) <= options.maxDiscardBytes;
  }

  // ---- what extensions see (ConnectionInfo) --------------------------------------------------------------------

  get scheme(): "http" | "https" {
    return this.#endpoints.scheme;
  }

  get remoteAddress(): string {
    return this.#endpoints.remoteAddress;
  }

  get remotePort(): string {
    return this.#endpoints.remotePort;
  }

  get socket(): Duplex {
    return this.#transport.socket;
  }

  #minorVersion(head: RequestHead): 0 | 1 {
    return this.#server.minorVersion === 0 ? 0 : head.minorVersion;
  }
}

/** `keepalive: true`: longer than the 60 s that common load balancers keep a connection. */
const DEFAULT_KEEPALIVE_SECONDS = 75;
