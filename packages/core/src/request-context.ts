// One request on its connection: what belongs to it alone, and what its input and response may ask of the connection.
// RFC 9110 §10.1.1 (100), §15.2 (1xx), §7.8 (upgrade); RFC 9112 §9.3 (reuse). Made from a head; it sends interim
// responses, decides whether the connection can be used again, and never outlives its request's turn: a call that comes
// later is a UsageError.

import type { Duplex } from "node:stream";
import type { ConnectionInfo } from "./connection-info.ts";
import { buildEnviron, type Header } from "./environ.ts";
import { ClientDisconnected, UsageError } from "./errors.ts";
import { ExchangeRecord } from "./exchange-record.ts";
import type { Field } from "./fields.ts";
import { Input, type InputSource } from "./input.ts";
import type { Intake } from "./intake.ts";
import type { ConnectionFacts } from "./listener.ts";
import type { RequestHead } from "./request-head.ts";
import { RequestRun, type RunHost } from "./request-run.ts";
import { type HeadPolicy, Response } from "./response.ts";
import type { ServerContext } from "./server-context.ts";
import type { Transport } from "./transport.ts";
import type { Environ } from "./types.ts";

/** The connection, as its requests see it. */
export interface ContextHost extends RunHost, ConnectionInfo {
  readonly server: ServerContext;
  /** What the listener told of the connection. */
  readonly facts: ConnectionFacts;
  readonly transport: Transport;
  readonly intake: Intake;
  /** Whether the peer closed its sending side. */
  readonly peerEnded: boolean;
  /** Gives the socket away. */
  release(): Duplex;
}

export class RequestContext implements InputSource, HeadPolicy {
  readonly input: Input;
  readonly run: RequestRun;
  /** `eventlet.set_idle` was called. */
  flaggedIdle = false;
  readonly #host: ContextHost;
  readonly #head: RequestHead;
  #continueSent = false;
  #over = false;
  #trailers: readonly Field[] | undefined = undefined;

  constructor(head: RequestHead, host: ContextHost) {
    const { server, transport } = host;
    this.#host = host;
    this.#head = head;
    this.input = new Input(this);
    const record = new ExchangeRecord(head, host.endpoints, server.milliseconds(), transport.bytesQueued);
    const response = new Response(head, record, transport, server.headEncoder, this);
    const environ = buildEnviron(head, host.endpoints, server.environBase, {
      input: this.input,
      earlyHints: this.#speaks11 ? (headers) => this.#sendEarlyHints(headers) : undefined,
      setIdle: () => {
        this.flaggedIdle = !this.#over;
      },
      facts: host.facts,
    }) as Environ;
    record.environ = environ;
    this.run = new RequestRun(record, response, environ, server.application, host, server.options.debug);
  }

  /** The response is queued, or never will be: nothing of this request is read or sent any more. */
  end(): void {
    this.#trailers = this.#host.intake.parser.trailers;
    this.#over = true;
    this.input.close();
  }

  /** Whether that has come to pass. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether the peer said that it is its last request, and all of it was read. */
  get isLast(): boolean {
    const { parser } = this.#host.intake;
    return !this.#head.keepAlive && parser.bodyDone && parser.pendingBytes === 0;
  }

  /** Both the peer and this server know what came with HTTP/1.1: chunked, interim responses. */
  get #speaks11(): boolean {
    return this.#host.server.minorVersion === 1 && this.#head.minorVersion === 1;
  }

  // ---- for the input -------------------------------------------------------------------------------------------

  peekBody(): Buffer | undefined {
    return this.#over ? undefined : this.#host.intake.peekBody();
  }

  consumeBody(count: number): void {
    this.#host.intake.parser.consumeBody(count);
  }

  takeBody(count: number): Buffer {
    return this.#host.intake.parser.takeBody(count);
  }

  get bodyDone(): boolean {
    return this.#over || this.#host.intake.parser.bodyDone;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#over ? this.#trailers : this.#host.intake.parser.trailers;
  }

  /** The application waits for bytes: the first time, a peer that expects 100 Continue gets it. */
  wantBytes(): void {
    const { peerEnded, transport, intake } = this.#host;
    if (intake.yielded) return; // they are there, and come with the next turn
    const { response, record } = this.run;
    if (peerEnded) {
      record.disconnectPhase = "request-body";
      throw this.input.signal.reason ?? new ClientDisconnected("the client closed its side inside the body");
    }
    if (this.#head.wantsContinue && this.#speaks11 && !this.#continueSent && !response.headSent) {
      this.sendContinue(this.input.hundredContinueResponseHeaders);
    }
    transport.reader.resume();
  }

  /** Bytes have arrived, or their turn has come: serves the read that waits. */
  advance(): void {
    if (!this.input.advance()) return;
    try {
      this.wantBytes();
    } catch (error) {
      this.input.fail(error);
    }
  }

  /** RFC 9110 §7.8: who expects 100 Continue gets it before the 101. */
  beforeSwitching(): void {
    if (this.#head.wantsContinue && this.#speaks11 && !this.#continueSent) this.sendContinue([]);
  }

  sendContinue(headers: Iterable<Header>): void {
    if (!this.#head.wantsContinue || !this.#speaks11)
      throw new UsageError("INTERIM_TOO_LATE", "the client does not wait for 100 Continue");
    this.#sendInterim("100 Continue", headers);
    this.#continueSent = true;
  }

  get connection(): ConnectionInfo {
    return this.#host;
  }

  takeSocket(): Duplex {
    const { response } = this.run;
    if (this.#host.taken) throw new UsageError("CANNOT_UPGRADE", "it was taken over already");
    if (this.#over || response.headSent) throw new UsageError("CANNOT_UPGRADE", "the response has started");
    const { transport, intake, peerEnded } = this.#host;
    const cannotPutBack = peerEnded && intake.parser.pendingBytes > 0; // a stream takes nothing back after its end
    if (transport.closed || cannotPutBack) throw new UsageError("CANNOT_UPGRADE", "the client has left");
    if (response.start !== undefined) {
      const { status, statusLine } = response.start;
      const isTunnel = this.#head.method === "CONNECT" && status < 300; // RFC 9110 §9.3.6
      if (status !== 101 && !isTunnel) throw new UsageError("CANNOT_UPGRADE", `startResponse was given ${statusLine}`);
      response.sendHead();
    }
    this.input.close();
    return this.#host.release();
  }

  #sendEarlyHints(headers: Iterable<Header>): void {
    this.#sendInterim("103 Early Hints", headers);
  }

  #sendInterim(status: string, headers: Iterable<Header>): void {
    const { record, response } = this.run;
    if (this.#over || response.headSent) throw new UsageError("INTERIM_TOO_LATE");
    const { server, transport } = this.#host;
    const text = `HTTP/1.1 ${status}\r\n${server.headEncoder.interimFields(headers)}\r\n`;
    record.interimBytes += text.length;
    transport.writeText(text);
    transport.flush();
  }

  // ---- for the response ----------------------------------------------------------------------------------------

  get serverMinorVersion(): 0 | 1 {
    return this.#host.server.minorVersion;
  }

  get announcedKeepAlive(): number | undefined {
    const { keepalive } = this.#host.server.options;
    return typeof keepalive === "number" && Number.isFinite(keepalive) ? Math.floor(keepalive) || undefined : undefined;
  }

  dateLine(): string {
    return this.#host.server.dateLine();
  }

  now(): number {
    return this.#host.server.milliseconds();
  }

  /** Whether another request may follow: RFC 9112 §9.3, and what this server adds to it. */
  canReuse(response: Response): boolean {
    const { server, intake, peerEnded } = this.#host;
    const { parser } = intake;
    const { keepalive, maxDiscardBytes } = server.options;
    const head = this.#head;
    if (server.closing) return false;
    if (keepalive === false || keepalive === 0) return false;
    if (!head.keepAlive) return false;
    if (server.minorVersion === 0 && !head.asksKeepAlive) return false;
    if (response.start?.wantsClose === true) return false;
    if (response.start?.status === 101 || head.method === "CONNECT") return false; // HTTP is not what comes next
    if (this.input.failed) return false;
    if (peerEnded && parser.pendingBytes === 0) return false;
    if (head.wantsContinue && !this.#continueSent && !parser.bodyDone) return false; // will the body come or not?
    return (parser.bodyRemaining ?? 0) <= maxDiscardBytes;
  }
}
