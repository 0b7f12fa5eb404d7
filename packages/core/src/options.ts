// Every option of `server()`: one documented interface, one frozen table of defaults and checks, one resolver.
// What the caller gave in, ServerOptions with every value present and checked out. The CLI and docs/options.md are made
// from the same table. Knows values only; it starts nothing.

import { quote, UsageError } from "./errors.ts";
import type { Extension } from "./extension.ts";
import type { LoggerLike, WritableLike } from "./log.ts";
import { compileLogFormat } from "./log-format.ts";

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
  /** Most client connections served at a time; further ones wait, unread, until one ends. Default 1024. */
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

/** eventlet's default line. */
export const DEFAULT_LOG_FORMAT =
  '%(client_ip)s - - [%(date_time)s] "%(request_line)s" %(status_code)s %(body_length)s %(wall_seconds).6f';

/** One row of the table. */
export interface OptionRow {
  readonly default: unknown;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** eventlet's name for it; undefined for what eventlet lacks. */
  readonly eventlet: string | undefined;
  readonly summary: string;
  /** Why the default is what it is, and what others have. */
  readonly precedent: string;
}

const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
const isSeconds = (value: unknown): boolean => typeof value === "number" && value >= 0;
const isCount = (value: unknown): boolean =>
  typeof value === "number" && value > 0 && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY);
const isSize = (value: unknown): boolean => value === 0 || isCount(value);
const hasMethods =
  (...names: string[]) =>
  (value: unknown): boolean =>
    isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
const isLog = (value: unknown): boolean => hasMethods("info", "debug")(value) || hasMethods("write")(value);
const isFormat = (value: unknown): boolean => typeof value === "string" && compileLogFormat(value) !== undefined;

const SECONDS = "a number of seconds, 0 or more";
const SIZE = "a whole number of bytes above 0, or Infinity";
const BOOLEAN = "true or false";

function row(
  value: unknown,
  expected: string,
  accepts: (value: unknown) => boolean,
  eventlet: string | undefined,
  summary: string,
  precedent: string,
): OptionRow {
  return Object.freeze({ default: value, expected, accepts, eventlet, summary, precedent });
}

/** The table: every option, in the order of the documentation. */
export const OPTION_TABLE: Readonly<Record<keyof Options, OptionRow>> = Object.freeze({
  log: row(
    undefined,
    "a logger with info and debug, or an object with write",
    isLog,
    "log",
    "where log lines go; stderr when not given",
    "eventlet: stderr",
  ),
  environ: row(
    Object.freeze({}),
    "an object",
    isObject,
    "environ",
    "extra keys for every environ, over the server's own base keys, under the request's",
    "eventlet: none",
  ),
  maxSize: row(
    1024,
    "a whole number above 0, or Infinity",
    isCount,
    "max_size",
    "most client connections served at a time; further ones wait, unread",
    "eventlet: 1024",
  ),
  maxHttpVersion: row(
    "HTTP/1.1",
    '"HTTP/1.0" or "HTTP/1.1"',
    (value) => value === "HTTP/1.0" || value === "HTTP/1.1",
    "max_http_version",
    '"HTTP/1.0" makes the server answer as a 1.0 server',
    "eventlet: HTTP/1.1",
  ),
  minimumChunkSize: row(
    4096,
    "a whole number of bytes, 0 or more",
    isSize,
    "minimum_chunk_size",
    "items of a synchronous body are joined up to this size; 0 sends each at once",
    "eventlet: 4096",
  ),
  logXForwardedFor: row(
    true,
    BOOLEAN,
    isBoolean,
    "log_x_forwarded_for",
    "log `X-Forwarded-For,peer` as the client's address",
    "eventlet: True",
  ),
  customPool: row(
    undefined,
    "an object with spawn and waitall",
    hasMethods("spawn", "waitall"),
    "custom_pool",
    "runs the connections in place of maxSize; may be shared by several servers",
    "eventlet: none",
  ),
  keepalive: row(
    true,
    "true, false, or a number of seconds",
    (value) => isBoolean(value) || isSeconds(value),
    "keepalive",
    "whether a connection serves further requests; a number is also the seconds it may idle, announced to clients that ask",
    "eventlet: True, without a limit; here true idles 75 s as nginx does (Node 5, Go none, Apache 5), longer than the 60 s of common load balancers",
  ),
  logOutput: row(true, BOOLEAN, isBoolean, "log_output", "false: no log at all", "eventlet: True"),
  logFormat: row(
    DEFAULT_LOG_FORMAT,
    "a %-template",
    isFormat,
    "log_format",
    "the access log's line",
    "eventlet: the same line",
  ),
  urlLengthLimit: row(
    8192,
    SIZE,
    isCount,
    "url_length_limit",
    "longest request line; beyond it 414",
    "eventlet: 8192; RFC 9112 §3 asks for 8000 at least",
  ),
  debug: row(
    false,
    BOOLEAN,
    isBoolean,
    "debug",
    "true: the page of a 500 carries the stack",
    "eventlet: True, which leaks internals to strangers",
  ),
  socketTimeout: row(
    60,
    SECONDS,
    isSeconds,
    "socket_timeout",
    "seconds without progress of a read or write that the server waits for; 0 = no limit",
    "eventlet: none; nginx 60 (client_body_timeout, send_timeout)",
  ),
  capitalizeResponseHeaders: row(
    true,
    BOOLEAN,
    isBoolean,
    "capitalize_response_headers",
    "`conTENT-type` becomes `Content-Type`",
    "eventlet: True",
  ),
  headTimeout: row(
    30,
    SECONDS,
    isSeconds,
    undefined,
    "seconds for a head to arrive whole; then 408, or a quiet close when nothing came; 0 = no limit",
    "puma 30, Node 60, nginx 60, Apache 20 to 40",
  ),
  maxFieldBytes: row(
    8192,
    SIZE,
    isCount,
    undefined,
    "longest header line; beyond it 431",
    "eventlet: 8192, constant; gunicorn 8190",
  ),
  maxHeadBytes: row(
    65536,
    SIZE,
    isCount,
    undefined,
    "largest head, and largest trailer section; beyond it 431",
    "eventlet: 65536, constant; Node 16384, Go 1048576, nginx 32768",
  ),
  maxFieldCount: row(
    100,
    "a whole number above 0, or Infinity",
    isCount,
    undefined,
    "most fields of a head or trailer section; beyond it 431",
    "gunicorn 100, Apache 100, httparse 100",
  ),
  maxBodyBytes: row(
    Number.POSITIVE_INFINITY,
    SIZE,
    isCount,
    undefined,
    "largest request body, chunked or not; beyond it 413",
    "off, as in eventlet, Node and Go: bodies are streamed, the application knows its own limit",
  ),
  maxChunkExtensionBytes: row(
    4096,
    SIZE,
    isCount,
    undefined,
    "most bytes of chunk extensions in one body; beyond it 400",
    "Node 16384, Go 16 a chunk on average",
  ),
  maxDiscardBytes: row(
    65536,
    "a whole number of bytes, 0 or more, or Infinity",
    isSize,
    undefined,
    "most bytes of an unread body discarded to keep its connection; beyond it the connection closes",
    "Go 262144, eventlet everything",
  ),
  minimumDataRate: row(
    240,
    "a number of bytes a second, 0 or more",
    isSeconds,
    undefined,
    "slowest peer while the server waits for it, sending or taking; 0 = any",
    "Kestrel 240, Apache 500",
  ),
  dataRateGrace: row(5, SECONDS, isSeconds, undefined, "seconds of waiting before the rate is judged", "Kestrel 5"),
  lingerTimeout: row(
    2,
    SECONDS,
    isSeconds,
    undefined,
    "seconds a closed connection waits for the peer to take the last response",
    "nginx 5 (lingering_timeout), Apache 2 after a reset",
  ),
  shutdownTimeout: row(
    30,
    SECONDS,
    isSeconds,
    undefined,
    "seconds that close() gives active requests before it cuts them; Infinity waits for ever",
    "gunicorn 30, eventlet for ever",
  ),
  extensions: row(
    Object.freeze([]),
    "a list of extensions, each an object with a name",
    (value) => Array.isArray(value) && value.every((one) => isObject(one) && typeof one.name === "string"),
    undefined,
    "extensions, called in this order; the access log is called last",
    "here only",
  ),
  signal: row(
    undefined,
    "an AbortSignal",
    (value) => value instanceof AbortSignal,
    undefined,
    "closes the server when it fires",
    "Node's convention",
  ),
});

/** Every default, frozen: what `server()` runs with when nothing is given. */
export const DEFAULT_OPTIONS: Readonly<ServerOptions> = Object.freeze(
  Object.fromEntries(Object.entries(OPTION_TABLE).map(([name, { default: value }]) => [name, value])),
) as unknown as Readonly<ServerOptions>;

/**
 * Checks options and fills in the defaults. `undefined` means "not given".
 *
 * @throws {UsageError} BAD_OPTION naming the option, what was expected and what came
 */
export function resolveOptions(options: Options = {}): ServerOptions {
  if (!isObject(options)) throw new UsageError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  const resolved: Record<string, unknown> = { ...DEFAULT_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    const entry = (OPTION_TABLE as Record<string, OptionRow | undefined>)[name];
    if (entry === undefined) throw new UsageError("BAD_OPTION", unknownOption(name));
    if (value === undefined) continue;
    if (!entry.accepts(value)) {
      throw new UsageError("BAD_OPTION", `${name}: expected ${entry.expected}, got ${show(value)}`);
    }
    resolved[name] = value;
  }
  return resolved as unknown as ServerOptions;
}

function unknownOption(name: string): string {
  const names = Object.keys(OPTION_TABLE);
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const meant = names.find((known) => plain(known) === plain(name));
  return `there is no option ${quote(name)}${meant === undefined ? "" : `; it is spelled ${meant}`}`;
}

function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
