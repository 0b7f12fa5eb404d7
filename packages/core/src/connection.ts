// The life of a client connection: head, application, response, next head. RFC 9112 §9.
// It owns the socket (through Transport), the parser and the order of these steps; nothing else does. What a head means,
// how a body is framed and what the application wants, others decide; time comes from the server, which calls `check`.
//
//   IDLE ─▶ READING_HEAD ─▶ RUNNING ─▶ DISCARDING ─▶ IDLE …       any ─▶ CLOSING ─▶ CLOSED
//                              └─▶ TAKEN (upgrade) ─▶ CLOSED

import type { Duplex } from "node:stream";
import type { ConnectionInfo, DisconnectPhase } from "./connection-info.ts";
import { ConnectionLog } from "./connection-log.ts";
import { CLOSED, CLOSING, DISCARDING, IDLE, READING_HEAD, RUNNING, TAKEN } from "./connection-state.ts";
import { Deadlines } from "./deadlines.ts";
import type { Endpoints } from "./environ.ts";
import { ClientDisconnected, ProtocolError } from "./errors.ts";
import { Intake } from "./intake.ts";
import { Ledger } from "./ledger.ts";
import type { ConnectionFacts } from "./listener.ts";
import { encodeRefusal } from "./refusal.ts";
import { type ContextHost, RequestContext } from "./request-context.ts";
import type { RequestHead } from "./request-head.ts";
import type { RequestRun } from "./request-run.ts";
import type { Occupant } from "./room.ts";
import type { ServerContext } from "./server-context.ts";
import { Transport, type TransportEvents } from "./transport.ts";

/** Bytes a peer may send on into a connection that we closed. */
const MAX_LINGER_BYTES = 1024 * 1024;

export class Connection implements TransportEvents, ContextHost, ConnectionInfo, Occupant {
  readonly server: ServerContext;
  readonly endpoints: Endpoints;
  readonly facts: ConnectionFacts;
  readonly socket: Duplex;
  readonly transport: Transport;
  readonly intake: Intake;
  readonly log: ConnectionLog;
  /** Resolves when the socket is gone. */
  readonly ended: Promise<void>;
  requestsServed = 0;
  place = -1;
  arrival = -1;
  peerEnded = false;
  /** Made at the first look at the clock: most connections of clients that close after a request end before it. */
  #deadlines: Deadlines | undefined = undefined;
  readonly #ledger: Ledger;
  #state = IDLE;
  /** Seconds of the server's clock when the state was entered. */
  #since: number;
  /** The request being answered. */
  #current: RequestContext | undefined = undefined;
  #serving = false;
  #discarded = 0;
  #lingered = 0;
  #cutReason: Error | undefined = undefined;
  #resolveEnded!: () => void;

  constructor(socket: Duplex, endpoints: Endpoints, facts: ConnectionFacts, server: ServerContext) {
    this.server = server;
    this.endpoints = endpoints;
    this.facts = facts;
    this.socket = socket;
    this.transport = new Transport(socket, this, server.readBuffer);
    this.intake = new Intake(this.transport.reader, server.options, server.headMemory);
    this.log = new ConnectionLog(server.logger, endpoints);
    this.#ledger = new Ledger(this.transport, server);
    this.#since = server.now();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  // ---- for the server ------------------------------------------------------------------------------------------

  start(): void {
    this.log.accepted();
    if (this.transport.closed) this.onClose(undefined);
    else this.transport.start();
  }

  /** Whether it waits between requests, or the application called it idle. */
  get idle(): boolean {
    return this.#state === IDLE || (this.active && this.#current?.flaggedIdle === true);
  }

  /** Whether a request is being answered, or the application has the socket. */
  get active(): boolean {
    return this.#state === RUNNING || this.#state === TAKEN;
  }

  get phase(): DisconnectPhase | undefined {
    const current = this.#current;
    if (current === undefined || current.over) return undefined;
    if (current.input.waiting) return "request-body";
    return current.run.response.headSent ? "response-body" : "before-head";
  }

  /** Whether all is sent and only the peer's own closing is waited for. */
  get lingering(): boolean {
    return this.#state === CLOSING && this.transport.pendingBytes === 0;
  }

  /**
   * Since when it does nothing that is worth its place: it waits for a request, for the end of a head, or only for the peer's own
   * closing, which counts as for ever. Undefined when it is at work.
   */
  get idleSince(): number | undefined {
    if (this.lingering) return Number.NEGATIVE_INFINITY;
    const waits = this.#state === IDLE || (this.#state === READING_HEAD && this.transport.reader.reading);
    return waits && !this.intake.yielded && this.transport.pendingBytes === 0 ? this.#since : undefined;
  }

  /** Ends for another one that waits for room; only when it is idle. */
  giveWay(): void {
    this.log.gaveWay();
    if (this.#state === READING_HEAD) {
      const error = new ProtocolError("HEAD_TIMEOUT", "other connections wait for its place");
      this.transport.writeText(encodeRefusal(error, this.server.minorVersion, this.server.dateLine()));
    }
    if (this.#state === CLOSING) this.transport.destroy();
    else this.#closeAtOnce();
  }

  /** The server closes: an idle connection ends now, another one after its request. */
  shutdown(): void {
    if (this.#state === IDLE) this.#close();
    else if (this.idle) this.cut(new ClientDisconnected("the server closes, and the connection was flagged idle"));
  }

  /** Ends it now, whatever it does. */
  cut(reason: Error): void {
    this.#cutReason = reason;
    this.#current?.input.fail(reason);
    this.#current?.input.abort(reason);
    this.#current?.run.cancel(reason);
    this.transport.destroy();
  }

  /** Looks at the clock: called every so often. */
  check(now: number): void {
    const { transport } = this;
    if (this.#deadlines === undefined) {
      this.#deadlines = new Deadlines(this.server.options);
      transport.probe();
    }
    const verdict = this.#deadlines.check(now, {
      state: this.#state,
      age: now - this.#since,
      requestsServed: this.requestsServed,
      reading: transport.reader.reading,
      inputWaiting: this.#current?.input.waiting === true,
      bytesReceived: this.intake.bytesReceived,
      bytesSent: transport.bytesSent,
      bytesUnsent: transport.pendingBytes,
    });
    if (verdict === undefined) return;
    if (verdict.action === "close") this.#timeOut();
    else if (verdict.action === "refuse") this.#refuse(verdict.error);
    else if (verdict.action === "cut") this.cut(verdict.error);
    else if (this.#current === undefined) this.#closeLogged(verdict.error);
    else this.#current.input.fail(verdict.error);
  }

  // ---- for the socket ------------------------------------------------------------------------------------------

  get expectsMuch(): boolean {
    return this.#state === RUNNING && this.intake.expectsMuch;
  }

  onBytes(bytes: Buffer, length: number, isGiven: boolean): boolean {
    const { intake } = this;
    intake.bytesReceived += length;
    if (this.#state >= CLOSING) {
      this.#lingered += length;
      if (this.#lingered > MAX_LINGER_BYTES) this.transport.destroy();
      return true;
    }
    intake.push(bytes, length, isGiven);
    this.#goOn();
    return intake.finishRead(length, this.#state === RUNNING);
  }

  onTurn(): void {
    if (this.intake.beginTurn()) this.#goOn();
  }

  /** Uses what has arrived. */
  #goOn(): void {
    if (this.#state <= READING_HEAD) this.#serve();
    else if (this.#state === DISCARDING) this.#discard();
    else if (this.#state === RUNNING) this.#current?.advance();
  }

  onEnd(): void {
    this.peerEnded = true;
    const current = this.#current;
    if (current !== undefined && !current.over) {
      // As Go does: the signal fires, and a response that comes all the same is sent, for the peer may have closed
      // its sending side only.
      const reason = new ClientDisconnected("the client closed its side of the connection");
      current.run.clientLeft(reason);
      if (current.input.waiting && !this.intake.yielded) {
        current.run.record.disconnectPhase = "request-body";
        current.input.fail(reason);
      }
      current.input.abort(reason);
    } else if (!this.intake.yielded && (this.#state === DISCARDING || this.transport.flush())) {
      this.#close(); // else pipelined requests may wait for the peer to take the answers before them
    }
  }

  onProgress(): void {
    this.#ledger.settle();
    if (this.#state > READING_HEAD || (this.transport.reader.reading && !this.peerEnded)) return;
    this.transport.reader.resume();
    this.#serve(); // pipelined requests waited for the peer to take the answers before them
  }

  onClose(error: Error | undefined): void {
    const current = this.#current;
    const wasTaken = this.#state === TAKEN;
    this.#state = CLOSED;
    this.#current = undefined;
    if (current === undefined && this.#ledger.isEmpty) return this.#conclude(); // the usual end: an Error costs 10 µs
    const reason = this.#cutReason ?? new ClientDisconnected(undefined, error && { cause: error });
    if (current !== undefined && !current.over) {
      const { run, input } = current;
      if (input.waiting) run.record.disconnectPhase ??= "request-body";
      run.record.bytesReceived = this.intake.parser.takeConsumed();
      input.fail(reason);
      input.abort(reason);
      run.cancel(reason, !wasTaken || this.#cutReason !== undefined);
      current.end();
      if (wasTaken) run.record.endAt(this.transport.bytesQueued); // when to end it was the application's to say
      this.#ledger.add(run);
    }
    this.#ledger.abandon(reason);
    this.#conclude();
  }

  #conclude(): void {
    this.#resolveEnded();
    this.server.onEnded(this);
  }

  // ---- the loop ------------------------------------------------------------------------------------------------

  /** Answers every head that has arrived; pipelined ones leave together. */
  #serve(): void {
    if (this.#serving || this.intake.yielded) return;
    this.#serving = true;
    try {
      while (this.#state <= READING_HEAD) {
        if (this.transport.isBehind && !this.transport.flush()) {
          this.transport.reader.pause(); // the peer asks for more than it takes
          break;
        }
        const head = this.intake.readHead();
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
    this.transport.flush();
    this.#ledger.settle();
  }

  #awaitHead(): void {
    if (this.peerEnded && !this.intake.yielded) return this.#close();
    if (this.#state !== IDLE) return;
    if (this.intake.parser.headBegun) this.#enter(READING_HEAD);
    else if (this.server.closing) this.#close();
  }

  #begin(head: RequestHead): void {
    const current = new RequestContext(head, this);
    const { run } = current;
    this.#current = current;
    this.#enter(RUNNING);
    try {
      this.server.onEnviron(run.environ, this);
    } catch (error) {
      run.fail(error);
      return;
    }
    run.start();
  }

  onDone(run: RequestRun): void {
    const context = this.#end(run);
    this.#ledger.add(run);
    if (this.#state === TAKEN) return this.#ledger.settle();
    if (context.isLast) return this.#closeAtOnce();
    if (run.response.closes || context.input.failed) return this.#close();
    this.#enter(DISCARDING);
    this.#discarded = 0;
    this.#discard();
  }

  onBroken(run: RequestRun): void {
    this.#end(run);
    this.#ledger.add(run);
    this.transport.flush();
    this.#ledger.settle();
    if (run.response.endsByClose) this.transport.reset();
    else this.#close();
  }

  #end(run: RequestRun): RequestContext {
    const current = this.#current as RequestContext;
    if (this.#state !== TAKEN) this.#current = undefined; // a socket taken over may still be flagged idle
    current.end();
    run.record.endAt(this.transport.bytesQueued);
    run.record.bytesReceived = this.intake.parser.takeConsumed();
    this.requestsServed++;
    return current;
  }

  /** Drops what is left of the request's body, within bounds; then the next head may come. */
  #discard(): void {
    const { intake } = this;
    const { maxDiscardBytes } = this.server.options;
    try {
      for (let piece = intake.peekBody(); piece !== undefined; piece = intake.peekBody()) {
        this.#discarded += piece.length;
        if (this.#discarded > maxDiscardBytes) return this.#close();
        intake.parser.consumeBody(piece.length);
      }
    } catch (error) {
      return this.#closeLogged(error);
    }
    if (!intake.parser.bodyDone) {
      if (this.peerEnded && !intake.yielded) return this.#close();
      this.transport.flush();
      this.transport.reader.resume();
      return;
    }
    intake.parser.takeConsumed();
    this.#enter(IDLE);
    this.transport.reader.resume();
    this.#serve();
  }

  /** Answers with an error and closes; nothing that comes after it is interpreted. RFC 9112 §9.6. */
  #refuse(error: ProtocolError): void {
    this.log.refused(error);
    this.transport.writeText(encodeRefusal(error, this.server.minorVersion, this.server.dateLine()));
    this.#close();
  }

  #timeOut(): void {
    this.log.timedOut();
    this.#close();
  }

  #closeLogged(error: unknown): void {
    this.log.failed("discarding the rest of a body failed", error);
    this.#close();
  }

  /** Something that must not happen: the other connections go on. */
  #breakOff(error: unknown): void {
    this.log.failed("the server failed on a connection and closes it", error);
    this.transport.destroy();
  }

  /** Sends what is queued, closes our side, and gives the peer time to take it: a reset would throw it away. */
  #close(): void {
    if (this.#state >= CLOSING) return;
    this.#enter(CLOSING);
    this.transport.end();
    this.transport.reader.resume();
    this.#ledger.settle();
  }

  /** As `#close`, but the peer has nothing more to send: there is nothing to wait for. */
  #closeAtOnce(): void {
    if (!this.transport.endAtOnce()) return this.#close();
    this.#enter(CLOSING);
    this.#ledger.settle();
  }

  #enter(state: number): void {
    this.#state = state;
    this.#since = this.server.now();
  }

  // ---- for the request -----------------------------------------------------------------------------------------

  get taken(): boolean {
    return this.#state === TAKEN;
  }

  release(): Duplex {
    const rest = this.intake.parser.takeRest();
    this.#enter(TAKEN);
    return this.transport.release(rest);
  }
}
