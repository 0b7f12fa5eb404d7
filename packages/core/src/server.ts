// A server: listeners, the connections they hand out, the options they share, and how it all ends. eventlet's `server()`.
// It decides who is served and when to stop; what happens on a connection is connection.ts's business.

import type { Duplex } from "node:stream";
import { accessLog } from "./access-log.ts";
import { Connection } from "./connection.ts";
import { formatDateTime } from "./date.ts";
import { endpointsOf } from "./endpoints.ts";
import { type EnvironBase, type ErrorStream, REQUEST_KEYS } from "./environ.ts";
import { ClientDisconnected, UsageError } from "./errors.ts";
import type { ConnectionInfo, Exchange, Extension } from "./extension.ts";
import { type FileWrapper, fileWrapper } from "./file-wrapper.ts";
import type { BoundAddress, Listener } from "./listener.ts";
import { type Logger, resolveLogger, SILENT } from "./log.ts";
import { type ConnectionPool, type Options, resolveOptions, type ServerOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { ResponseHeadEncoder } from "./response-head.ts";
import type { ServerContext } from "./server-context.ts";
import type { Application, Environ } from "./types.ts";

/** What is alive in a server, and what it has seen. */
export interface ServerCounters {
  /** Connections that are served. */
  readonly connections: number;
  /** Of these, how many are between requests. */
  readonly idle: number;
  /** Of these, how many answer a request or are in an application's hands. */
  readonly active: number;
  /** Connections that wait, unread, for their turn. */
  readonly waiting: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Requests whose response is over since the start. */
  readonly requests: number;
}

export interface CloseOptions {
  /** Seconds that active requests are given; default `shutdownTimeout`. Infinity waits for ever. */
  timeout?: number;
}

/** How a server ended. */
export interface CloseReport {
  /** Connections that were cut because the deadline had passed. */
  readonly cut: number;
}

/** A running server. */
export interface Server extends AsyncDisposable {
  /** Resolves when every listener is bound; rejects with ListenError. If nobody listens for that, the process ends with it. */
  readonly ready: Promise<void>;
  /** Resolves when the server has ended, however that came. */
  readonly closed: Promise<CloseReport>;
  /** Where it listens; empty before `ready`. */
  readonly addresses: readonly BoundAddress[];
  readonly counters: ServerCounters;
  /**
   * Stops accepting, closes idle connections, lets active ones finish with `Connection: close`, and cuts what is left
   * at the deadline. A later call may shorten the deadline.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/**
 * Serves an application on listeners. Starts at once.
 *
 * @param listeners what `listen()` or `wrapSsl()` returned, one or several
 * @param application `(environ, startResponse) => body`
 * @throws {UsageError} when an option, the listeners or the application are not what they have to be
 */
export function server(listeners: Listener | readonly Listener[], application: Application, options?: Options): Server {
  if (typeof application !== "function") throw new UsageError("BAD_APPLICATION", `got ${typeof application}`);
  const list = Array.isArray(listeners) ? (listeners as readonly Listener[]) : [listeners as Listener];
  if (list.length === 0 || !list.every(isListener))
    throw new UsageError("BAD_LISTENER", "expected what listen() returns");
  const running = new RunningServer(list, application, resolveOptions(options));
  running.run();
  return running;
}

function isListener(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as Listener).accept === "function";
}

class RunningServer implements Server, ServerContext {
  readonly ready: Promise<void>;
  readonly closed: Promise<CloseReport>;
  readonly options: ServerOptions;
  readonly application: Application;
  readonly logger: Logger;
  readonly readBuffer = new ReadBuffer();
  readonly headEncoder: ResponseHeadEncoder;
  readonly environBase: EnvironBase<FileWrapper>;
  readonly minorVersion: 0 | 1;
  closing = false;
  addresses: readonly BoundAddress[] = [];
  readonly #listeners: readonly Listener[];
  readonly #pool: ConnectionPool;
  readonly #extensions: readonly Extension[];
  readonly #environExtensions: readonly Extension[];
  readonly #respondedExtensions: readonly Extension[];
  readonly #connections = new Set<Connection>();
  /** Sockets that wait for room in the pool. */
  readonly #waiting = new Set<Duplex>();
  #accepted = 0;
  #requests = 0;
  #now = performance.now() / 1000;
  #watch: NodeJS.Timeout | undefined;
  #dateSecond = -1;
  #date = "";
  #deadline: NodeJS.Timeout | undefined;
  #cut = 0;
  #resolveClosed!: (report: CloseReport) => void;
  #onDrained: (() => void) | undefined;

  constructor(listeners: readonly Listener[], application: Application, options: ServerOptions) {
    this.#listeners = listeners;
    this.application = application;
    this.options = options;
    this.logger = options.logOutput ? resolveLogger(options.log) : SILENT;
    this.minorVersion = options.maxHttpVersion === "HTTP/1.0" ? 0 : 1;
    this.headEncoder = new ResponseHeadEncoder(options.capitalizeResponseHeaders);
    this.environBase = environBase(options, this.logger);
    this.#pool = options.customPool ?? new Pool(options.maxSize);
    this.#extensions = options.logOutput
      ? [...options.extensions, accessLog(this.logger, options)]
      : options.extensions;
    this.#environExtensions = this.#extensions.filter((one) => one.onEnviron !== undefined);
    this.#respondedExtensions = this.#extensions.filter((one) => one.onResponded !== undefined);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.ready = this.#bound();
  }

  /** Begins to accept. */
  run(): void {
    for (const listener of this.#listeners) {
      listener.accept({
        onConnection: (socket) => this.#onConnection(socket, listener),
        onClose: () => void this.close(),
        onError: (error) => this.logger.error(`(${process.pid}) accepting connections failed: ${error.message}`),
      });
    }
    const { signal } = this.options;
    if (signal?.aborted === true) void this.close();
    else signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  get counters(): ServerCounters {
    let idle = 0;
    let active = 0;
    for (const connection of this.#connections) {
      if (connection.active) active++;
      else if (connection.idle) idle++;
    }
    return {
      connections: this.#connections.size,
      idle,
      active,
      waiting: this.#waiting.size,
      accepted: this.#accepted,
      requests: this.#requests,
    };
  }

  close({ timeout = this.options.shutdownTimeout }: CloseOptions = {}): Promise<CloseReport> {
    if (typeof timeout !== "number" || !(timeout >= 0)) {
      throw new UsageError("BAD_OPTION", `close: timeout: expected a number of seconds, got ${String(timeout)}`);
    }
    this.#setDeadline(timeout);
    if (!this.closing) {
      this.closing = true;
      void this.#shutDown();
    }
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #bound(): Promise<void> {
    try {
      this.addresses = await Promise.all(this.#listeners.map((listener) => listener.ready));
    } catch (error) {
      void this.close({ timeout: 0 });
      throw error;
    }
    for (const { url } of this.addresses) this.logger.info(`(${process.pid}) wsgi starting up on ${url}`);
  }

  #onConnection(socket: Duplex, listener: Listener): void {
    if (this.closing) {
      socket.destroy();
      return;
    }
    this.#accepted++;
    this.#waiting.add(socket);
    const forget = (): void => {
      this.#waiting.delete(socket);
    };
    socket.on("error", forget); // and a client that gives up while it waits ends nothing but itself
    this.#pool.spawn(() => {
      forget();
      return this.#serve(socket, listener);
    });
  }

  #serve(socket: Duplex, listener: Listener): Promise<void> {
    if (socket.destroyed) return Promise.resolve();
    const bound = this.addresses[this.#listeners.indexOf(listener)];
    const ends = endpointsOf(socket, listener.scheme, bound);
    const connection = new Connection(socket, ends, this);
    this.#connections.add(connection);
    this.#watch ??= setInterval(this.#checkAll, watchInterval(this.options)).unref();
    this.logger.debug(`(${process.pid}) accepted ('${ends.remoteAddress}', ${ends.remotePort || "''"})`);
    connection.start();
    return connection.ended;
  }

  readonly #checkAll = (): void => {
    this.#now = performance.now() / 1000;
    for (const connection of this.#connections) connection.check(this.#now);
  };

  // ---- what connections ask (ServerContext) --------------------------------------------------------------------

  now(): number {
    if (this.#watch === undefined) this.#now = performance.now() / 1000;
    return this.#now;
  }

  milliseconds(): number {
    return performance.now();
  }

  date(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = formatDateTime(second);
    }
    return this.#date;
  }

  onEnviron(environ: Environ, connection: ConnectionInfo): void {
    for (const extension of this.#environExtensions) extension.onEnviron?.(environ, connection);
  }

  onResponded(exchange: Exchange): void {
    this.#requests++;
    for (const extension of this.#respondedExtensions) {
      try {
        extension.onResponded?.(exchange);
      } catch (error) {
        this.#reportExtension(extension, error);
      }
    }
  }

  onEnded(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#onDrained?.();
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  async #shutDown(): Promise<void> {
    this.logger.info(`(${process.pid}) wsgi exiting`);
    await Promise.allSettled(this.#listeners.map((listener) => listener.close()));
    // What has arrived by now is answered: let it be read before connections count as idle.
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
    for (const connection of this.#connections) connection.shutdown();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    await this.#closeExtensions();
    clearTimeout(this.#deadline);
    const cut = this.#cut === 0 ? "" : `, ${this.#cut} connections cut at the deadline`;
    this.logger.info(`(${process.pid}) wsgi exited, ${this.#requests} requests served${cut}`);
    this.#resolveClosed({ cut: this.#cut });
  }

  /** The nearest deadline wins. */
  #deadlineAt = Number.POSITIVE_INFINITY;
  readonly #passed = new AbortController();

  #setDeadline(timeout: number): void {
    const at = performance.now() + timeout * 1000;
    if (at >= this.#deadlineAt) return;
    this.#deadlineAt = at;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#cutAll(), Math.min(timeout * 1000, MAX_TIMER_MILLISECONDS));
  }

  #cutAll(): void {
    this.#cut += this.#connections.size;
    const reason = new ClientDisconnected("the server cut the connection: its time to close was up");
    for (const connection of this.#connections) connection.cut(reason);
    this.#passed.abort(reason);
  }

  async #closeExtensions(): Promise<void> {
    const passed = new Promise<void>((resolve) => {
      if (this.#passed.signal.aborted) resolve();
      this.#passed.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.all(
      this.#extensions.map(async (extension) => {
        try {
          await Promise.race([extension.onClose?.(this.#passed.signal), passed]);
        } catch (error) {
          this.#reportExtension(extension, error);
        }
      }),
    );
  }

  #reportExtension(extension: Extension, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.logger.error(`(${process.pid}) extension ${extension.name} failed: ${detail}`);
  }
}

/** setTimeout's own limit, 24.8 days. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** Often enough for the shortest timeout, at most once a second's half. Milliseconds. */
function watchInterval({ headTimeout, socketTimeout, dataRateGrace, lingerTimeout, keepalive }: ServerOptions): number {
  const idle = typeof keepalive === "number" ? keepalive : 0;
  const shortest = Math.min(
    ...[headTimeout, socketTimeout, dataRateGrace, lingerTimeout, idle].filter((s) => s > 0),
    2,
  );
  return Math.max(10, shortest * 250);
}

function environBase(options: ServerOptions, logger: Logger): EnvironBase<FileWrapper> {
  const errors: ErrorStream = Object.freeze({
    write: (text: string) => logger.write(text),
    writelines: (lines: Iterable<string>) => {
      for (const line of lines) logger.write(line);
    },
    flush: () => {},
  });
  const extra = Object.entries(options.environ).filter(([key]) => !REQUEST_KEYS.has(key));
  return { errors, fileWrapper, minimumChunkSize: options.minimumChunkSize, extra };
}
