// The table of options: default, what is accepted, eventlet's name, a summary, and why the default is what it is.
// The one place for all of these: the resolver checks by it, docs/options.md and the command line's flags are made of it.

import { compileLogFormat } from "./log-format.ts";
import type { Options, ServerOptions } from "./options.ts";

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
/** Whether a value is an object and not null. */
export const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
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
    "most client connections served at a time; further ones wait, unread, and those that do nothing for a second make room",
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
    (value) => value === 0 || (Number.isSafeInteger(value) && (value as number) > 0),
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
  accessLog: row(
    true,
    "true, false, a logger with info and debug, or an object with write",
    (value) => isBoolean(value) || isLog(value),
    undefined,
    "where the access log's lines go: `true` to the log, `false` nowhere, or to a log of their own",
    "gunicorn, nginx and Apache have files of their own for access and errors",
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
