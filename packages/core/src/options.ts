// Every option of `server()` as types: what a caller may give, and what a server runs with. Types only; the defaults and
// checks stand in option-table.ts, the resolver in resolve-options.ts.

import type { Extension } from "./extension.ts";
import type { LoggerLike, WritableLike } from "./log.ts";

/** eventlet's `custom_pool`: what runs the connections. */
export interface ConnectionPool {
  /** Runs the task now or when there is room; the promise it returns settles when the connection has ended. */
  spawn(task: () => Promise<void>): void;
  /** Resolves when no task runs any more. */
  waitall(): Promise<void>;
}

/** The options of `server()`. Times are in seconds, sizes in bytes; `Infinity` or 0 turns a limit off where it says so. */
export interface Options {
  /** Where log lines go: a logger with `info` and `debug`, or a thing with `write`. Default: stderr. */
  log?: LoggerLike | WritableLike;
  /** Extra keys for every request's environ, over the server's own base keys, under the request's. */
  environ?: Readonly<Record<string, unknown>>;
  /**
   * Most client connections served at a time; further ones wait, unread, until one ends. One that does nothing for a second
   * while others wait is ended for them. Default 1024.
   */
  maxSize?: number;
  /** `"HTTP/1.0"` makes the server answer as a 1.0 server. Default `"HTTP/1.1"`. */
  maxHttpVersion?: "HTTP/1.0" | "HTTP/1.1";
  /** Items of a synchronous body are joined up to this many bytes; 0 sends each at once. Default 4096. */
  minimumChunkSize?: number;
  /** Log `X-Forwarded-For,peer` as the client's address when the header is there. Default true. */
  logXForwardedFor?: boolean;
  /** Runs the connections in place of `maxSize`; several servers may share one. */
  customPool?: ConnectionPool;
  /**
   * Whether a connection serves more than one request; a number is also the seconds to wait for the next one, and is
   * announced as `Keep-Alive: timeout=N` to clients that asked. `true` waits 75 s, `Infinity` for ever. Default true.
   */
  keepalive?: boolean | number;
  /** false: no log at all. Default true. */
  logOutput?: boolean;
  /** A Python %-template for access-log lines. */
  logFormat?: string;
  /** Where access-log lines go: true to the log, false nowhere, or to a log of their own. Default true. */
  accessLog?: boolean | LoggerLike | WritableLike;
  /** Longest request line; beyond it 414. Default 8192. */
  urlLengthLimit?: number;
  /** true: the page of a 500 carries the stack. Default false. */
  debug?: boolean;
  /** Seconds without any progress of a read or write that the server waits for; 0 = no limit. Default 60. */
  socketTimeout?: number;
  /** `conTENT-type` → `Content-Type` in responses. Default true. */
  capitalizeResponseHeaders?: boolean;

  /** Seconds for a head to arrive, from its first byte or the connection's start; 0 = no limit. Default 30. */
  headTimeout?: number;
  /** Longest header line; beyond it 431. Default 8192. */
  maxFieldBytes?: number;
  /** Largest head, and largest trailer section; beyond it 431. Default 65536. */
  maxHeadBytes?: number;
  /** Most fields in a head, and in a trailer section; beyond it 431. Default 100. */
  maxFieldCount?: number;
  /** Largest request body, chunked or not; beyond it 413. Default Infinity. */
  maxBodyBytes?: number;
  /** Most bytes of chunk extensions in one body. Default 4096. */
  maxChunkExtensionBytes?: number;
  /** Most bytes of an unread body that are discarded to keep the connection; beyond it the connection closes. Default 65536. */
  maxDiscardBytes?: number;
  /** Slowest peer, in bytes a second, while the server waits for it to send or to take data; 0 = any. Default 240. */
  minimumDataRate?: number;
  /** Seconds of waiting before the rate is judged. Default 5. */
  dataRateGrace?: number;
  /** Seconds a closed connection waits for the peer to take the last response and close too. Default 2. */
  lingerTimeout?: number;
  /** Seconds that `close()` gives active requests before it cuts them; Infinity waits for ever. Default 30. */
  shutdownTimeout?: number;
  /** Extensions, called in this order; the access log is called last. */
  extensions?: readonly Extension[];
  /** Closes the server when it fires. */
  signal?: AbortSignal;
}

/** Options with every value present. */
export type ServerOptions = Required<Omit<Options, "log" | "customPool" | "signal">> &
  Pick<Options, "log" | "customPool" | "signal">;
