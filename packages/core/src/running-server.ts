// A server at work: takes connections from its listeners, gives each its turn, watches the clock, and ends it all in order.
// It decides who is served and when to stop; what happens on a connection is connection.ts's business.

import type { Duplex } from "node:stream";
import { accessLog } from "./access-log.ts";
import { Connection } from "./connection.ts";
import type { ConnectionInfo } from "./connection-info.ts";
import { formatDateTime } from "./date.ts";
import { endpointsOf } from "./endpoints.ts";
import type { EnvironBase } from "./environ.ts";
import { environBase } from "./environ-base.ts";
import { show, UsageError } from "./errors.ts";
import type { Exchange } from "./extension.ts";
import { ExtensionChain } from "./extension-chain.ts";
import type { FileWrapper } from "./file-wrapper.ts";
import { HeadMemory } from "./head-memory.ts";
import type { BoundAddress, ConnectionFacts, Listener } from "./listener.ts";
import { describeThrown, resolveLogger, type ServerLogger, SILENT } from "./log.ts";
import type { ConnectionPool, ServerOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { ResponseHeadEncoder } from "./response-head.ts";
import { Room } from "./room.ts";
import { Roster } from "./roster.ts";
import type { ServerContext } from "./server-context.ts";
import type { CloseOptions, CloseReport, Server, ServerCounters } from "./server-types.ts";
import { aborted, MAX_TIMER_MILLISECONDS, ShutdownDeadline } from "./shutdown-deadline.ts";
import type { Application, Environ } from "./types.ts";

export class RunningServer implements Server, ServerContext {
  readonly ready: Promise<void>;
  readonly closed: Promise<CloseReport>;
  addresses: readonly BoundAddress[] = [];
  readonly options: ServerOptions;
  readonly application: Application;
  readonly logger: ServerLogger;
  readonly readBuffer = new ReadBuffer();
  readonly headMemory = new HeadMemory();
  readonly headEncoder: ResponseHeadEncoder;
  readonly environBase: EnvironBase<FileWrapper>;
  readonly minorVersion: 0 | 1;
  closing = false;
  /** Until its listeners have closed: a connection that they had begun to make ready still comes. */
  #accepting = true;
  /** Whether no extension has refused to. */
  #started = false;
  readonly #listeners: readonly Listener[];
  readonly #pool: ConnectionPool;
  readonly #extensions: ExtensionChain;
  readonly #connections = new Roster<Connection>();
  /** Sockets that wait for room in the pool. */
  readonly #waiting = new Set<Duplex>();
  readonly #room = new Room(this.#connections, () => this.#waiting.size);
  readonly #deadline = new ShutdownDeadline();
  #accepted = 0;
  #requests = 0;
  #cut = 0;
  /** When the timeouts were looked at last, in seconds of `performance.now()`. */
  #now = 0;
  readonly #watchSeconds: number;
  #watch: NodeJS.Timeout | undefined;
  #dateSecond = -1;
  #dateLine = "";
  #resolveClosed!: (report: CloseReport) => void;
  #onDrained: (() => void) | undefined;

  constructor(listeners: readonly Listener[], application: Application, options: ServerOptions) {
    this.#listeners = listeners;
    this.application = application;
    this.options = options;
    this.logger = options.logOutput ? resolveLogger(options.log) : SILENT;
    this.minorVersion = options.maxHttpVersion === "HTTP/1.0" ? 0 : 1;
    this.headEncoder = new ResponseHeadEncoder(options.capitalizeResponseHeaders, this.minorVersion);
    this.#watchSeconds = watchSeconds(options);
    this.environBase = environBase(options, this.logger);
    this.#pool = options.customPool ?? new Pool(options.maxSize);
    const builtIn = options.logOutput && options.accessLog !== false ? [accessLog(options, this.logger)] : [];
    this.#extensions = new ExtensionChain([...options.extensions, ...builtIn], this.logger);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.ready = this.#bound();
  }

  /** Begins to accept. */
  run(): void {
    this.#extensions.start();
    this.#started = true;
    for (const listener of this.#listeners) {
      listener.accept({
        logger: this.logger,
        onConnection: (socket, facts = NO_FACTS) => this.#onConnection(socket, facts, listener),
        onClose: () => this.#closeUnlessClosing(),
        onError: (error) => this.#onListenerError("accepting connections", error),
      });
    }
    const { signal } = this.options;
    if (signal === undefined) return;
    const close = (): void => this.#closeUnlessClosing();
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
    void this.closed.then(() => signal.removeEventListener("abort", close)); // a signal may outlive many servers
  }

  get counters(): ServerCounters {
    let idle = 0;
    let active = 0;
    this.#connections.each((connection) => {
      if (connection.active) active++;
      else if (connection.idle) idle++;
    });
    const connections = this.#connections.size;
    return {
      connections,
      idle,
      active,
      waiting: this.#waiting.size,
      accepted: this.#accepted,
      requests: this.#requests,
    };
  }

  async #bound(): Promise<void> {
    try {
      this.addresses = await Promise.all(this.#listeners.map((listener) => listener.ready));
    } catch (error) {
      void this.close({ timeout: 0 });
      throw error;
    }
    if (!this.#started) return;
    for (const { url } of this.addresses) this.logger.info(`(${process.pid}) wsgi starting up on ${url}`);
  }

  #onListenerError(what: string, error: unknown): void {
    const detail = error instanceof Error ? error.message : describeThrown(error);
    this.logger.error(`(${process.pid}) ${what} failed: ${detail}`);
  }

  // ---- connections ---------------------------------------------------------------------------------------------

  #onConnection(socket: Duplex, facts: ConnectionFacts, listener: Listener): void {
    if (!this.#accepting) {
      socket.destroy();
      return;
    }
    this.#accepted++;
    let served: Promise<void> | undefined;
    try {
      this.#pool.spawn(() => {
        served ??= this.#takeTurn(socket, facts, listener);
        return served;
      });
    } catch (error) {
      this.logger.error(`(${process.pid}) the pool failed: ${describeThrown(error)}`);
      if (served === undefined) return void socket.destroy();
    }
    if (served === undefined) {
      this.#waiting.add(socket);
      this.#room.onWaiting(this.#now);
    } else if (!socket.destroyed) return; // its connection hears of errors now
    socket.on("error", () => this.#waiting.delete(socket)); // a client that gives up before its turn ends nothing but itself
  }

  #takeTurn(socket: Duplex, facts: ConnectionFacts, listener: Listener): Promise<void> {
    this.#waiting.delete(socket);
    if (socket.destroyed) return ENDED;
    try {
      return this.#serve(socket, facts, listener);
    } catch (error) {
      this.logger.error(`(${process.pid}) a connection cannot be served: ${describeThrown(error)}`);
      socket.destroy();
      return ENDED;
    }
  }

  #serve(socket: Duplex, facts: ConnectionFacts, listener: Listener): Promise<void> {
    const bound = this.addresses[this.#listeners.indexOf(listener)];
    const ends = endpointsOf(socket, listener.scheme, bound);
    const connection = new Connection(socket, ends, facts, this);
    this.#connections.add(connection);
    this.#room.onAdmitted(connection);
    this.#watch ??= setInterval(this.#checkAll, this.#watchSeconds * 1000).unref();
    try {
      connection.start();
    } catch (error) {
      this.onEnded(connection); // what the listener handed out is no socket
      throw error;
    }
    return connection.ended;
  }

  readonly #checkAll = (): void => {
    this.#now = performance.now() / 1000;
    this.#connections.each((connection) => connection.check(this.#now));
    this.#room.check(this.#now);
  };

  // ---- for connections -----------------------------------------------------------------------------------------

  now(): number {
    if (this.#watch === undefined) this.#now = performance.now() / 1000;
    return this.#now + this.#watchSeconds;
  }

  milliseconds(): number {
    return this.#extensions.observe ? performance.now() : 0; // three looks at the clock cost 0.3 µs a request
  }

  dateLine(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateLine = `Date: ${formatDateTime(second)}\r\n`;
    }
    return this.#dateLine;
  }

  onEnviron(environ: Environ, connection: ConnectionInfo): void {
    this.#extensions.onEnviron(environ, connection);
  }

  onResponded(exchange: Exchange): void {
    this.#requests++;
    this.#extensions.onResponded(exchange);
  }

  onEnded(connection: Connection): void {
    this.#connections.remove(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#onDrained?.();
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  close({ timeout = this.options.shutdownTimeout, idleGrace = 0 }: CloseOptions = {}): Promise<CloseReport> {
    for (const [name, seconds] of Object.entries({ timeout, idleGrace })) {
      if (typeof seconds === "number" && seconds >= 0) continue;
      throw new UsageError("BAD_OPTION", `close: ${name}: expected a number of seconds, got ${show(seconds)}`);
    }
    this.#deadline.bring(timeout);
    if (!this.closing) {
      this.closing = true;
      void this.#shutDown(idleGrace);
    }
    return this.closed;
  }

  /** From outside, by a listener or the signal: it must not shorten a deadline that somebody asked for. */
  #closeUnlessClosing(): void {
    if (!this.closing) void this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(idleGrace: number): Promise<void> {
    this.logger.info(`(${process.pid}) wsgi exiting`);
    this.#deadline.signal.addEventListener("abort", () => this.#cutAll(), { once: true });
    const { signal } = this.#deadline;
    const closing = this.#listeners.map(async (listener) => {
      try {
        await listener.close(signal);
      } catch (error) {
        this.#onListenerError("closing a listener", error);
      }
    });
    const listenersClosed = Promise.all(closing);
    // What has arrived by now is answered: two turns are one whole look at the sockets before connections count as idle.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (idleGrace > 0) await this.#drained(idleGrace, signal);
    this.#connections.each((connection) => connection.shutdown());
    await Promise.race([listenersClosed, aborted(signal)]);
    this.#accepting = false;
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
    await this.#drained(Number.POSITIVE_INFINITY, signal);
    await this.#extensions.close(this.#deadline.signal);
    this.#deadline.clear();
    const cut = this.#cut === 0 ? "" : `, ${this.#cut} connections cut at the deadline`;
    this.logger.info(`(${process.pid}) wsgi exited, ${this.#requests} requests served${cut}`);
    this.#resolveClosed({ cut: this.#cut });
  }

  /** Resolves when no connection is left, or after so many seconds; when they are limited, at the deadline too. */
  async #drained(seconds: number, deadline: AbortSignal): Promise<void> {
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
    if (seconds === Number.POSITIVE_INFINITY) return empty;
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(seconds * 1000, MAX_TIMER_MILLISECONDS));
    });
    await Promise.race([empty, passed, aborted(deadline)]);
    clearTimeout(timer);
  }

  #cutAll(): void {
    this.#connections.each((connection) => {
      if (!connection.lingering) this.#cut++;
      connection.cut(this.#deadline.signal.reason);
    });
  }
}

const ENDED = Promise.resolve();
const NO_FACTS: ConnectionFacts = Object.freeze([]);

/** Seconds between looks at the timeouts: often enough for the shortest one, twice a second at the least. */
function watchSeconds({ headTimeout, socketTimeout, dataRateGrace, lingerTimeout, keepalive }: ServerOptions): number {
  const idle = typeof keepalive === "number" ? keepalive : 0;
  const timeouts = [headTimeout, socketTimeout, dataRateGrace, lingerTimeout, idle].filter((seconds) => seconds > 0);
  return Math.max(0.01, Math.min(...timeouts, 2) / 4);
}
