// The environ of a request: PEP 3333, and what eventlet adds. RequestHead and facts of the connection in, a plain object
// out. Pure: it never touches the socket; what is lazy (`wsgi.signal`) asks `eventlet.input` when it is read.

import { decodePercent } from "./percent.ts";
import type { RequestHead } from "./request-head.ts";

/** A header as an application gives it: name and value. */
export type Header = readonly [name: string, value: string];

/** `wsgi.errors`: text written here goes to the server's log. */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}

/** What environ.ts needs of the input object; the full interface is `Input`. */
interface SignalSource {
  readonly signal: AbortSignal;
}

/** What the environs of all requests of a server have in common; W is the type of `wsgi.file_wrapper`. */
export interface EnvironBase<W> {
  readonly errors: ErrorStream;
  readonly fileWrapper: W;
  readonly minimumChunkSize: number;
  /** The user's extra keys, those that a request decides already left out. */
  readonly extra: readonly (readonly [string, unknown])[];
}

/** The two ends of a connection, as the environ names them. */
export interface Endpoints {
  readonly scheme: "http" | "https";
  readonly serverName: string;
  readonly serverPort: string;
  readonly remoteAddress: string;
  readonly remotePort: string;
}

/** What of an environ belongs to the one request. */
export interface RequestParts<I extends SignalSource> {
  readonly input: I;
  /** Undefined for HTTP/1.0 peers, who do not know interim responses. */
  readonly earlyHints: ((headers: Iterable<Header>) => void) | undefined;
  readonly setIdle: () => void;
  /** What the listener told of the connection. */
  readonly facts: readonly (readonly [key: string, value: unknown])[];
}

/** What of a head goes into the environ. */
export interface EnvironHead extends Pick<RequestHead, "method" | "path" | "query" | "minorVersion" | "host"> {
  readonly fields: readonly Header[];
}

/** Keys that are decided by the request, which the `environ` option cannot override. */
export const REQUEST_KEYS: ReadonlySet<string> = new Set([
  ...["REQUEST_METHOD", "SCRIPT_NAME", "RAW_PATH_INFO", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"],
  ...["SERVER_PROTOCOL", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT", "GATEWAY_INTERFACE"],
  ...["headers_raw", "wsgi.input", "wsgi.signal", "wsgi.early_hints", "eventlet.input", "eventlet.set_idle"],
]);

/** Builds the environ of one request. Every key is set once, in the same order, so that environs share a hidden class. */
export function buildEnviron<W, I extends SignalSource>(
  head: EnvironHead,
  ends: Endpoints,
  base: EnvironBase<W>,
  parts: RequestParts<I>,
): Record<string, unknown> {
  const environ: Record<string, unknown> = {
    REQUEST_METHOD: head.method,
    SCRIPT_NAME: "",
    RAW_PATH_INFO: head.path,
    PATH_INFO: decodePercent(head.path),
    SERVER_PROTOCOL: head.minorVersion === 1 ? "HTTP/1.1" : "HTTP/1.0",
    SERVER_NAME: ends.serverName,
    SERVER_PORT: ends.serverPort,
    REMOTE_ADDR: ends.remoteAddress,
    REMOTE_PORT: ends.remotePort,
    GATEWAY_INTERFACE: "CGI/1.1",
    headers_raw: head.fields,
    "wsgi.version": WSGI_VERSION,
    "wsgi.url_scheme": ends.scheme,
    "wsgi.input": parts.input,
    "wsgi.errors": base.errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.file_wrapper": base.fileWrapper,
    "eventlet.input": parts.input,
    "eventlet.set_idle": parts.setIdle,
    "eventlet.minimum_write_chunk_size": base.minimumChunkSize,
  };
  Object.defineProperty(environ, "wsgi.signal", LAZY_SIGNAL);
  if (parts.earlyHints !== undefined) environ["wsgi.early_hints"] = parts.earlyHints;
  if (ends.scheme === "https") environ.HTTPS = "on";
  if (head.query !== undefined) environ.QUERY_STRING = head.query;
  const { extra } = base;
  setEntries(environ, extra);
  setEntries(environ, parts.facts);
  setFields(environ, head.fields, extra.length > 0);
  if (head.host !== undefined) environ.HTTP_HOST = head.host;
  return environ;
}

function setEntries(environ: Record<string, unknown>, entries: readonly (readonly [string, unknown])[]): void {
  for (let i = 0; i < entries.length; i++) {
    const [key, value] = entries[i] as readonly [string, unknown];
    environ[key] = value;
  }
}

const WSGI_VERSION: readonly [1, 0] = Object.freeze([1, 0] as const);

/**
 * An own, enumerable property, so that a copied environ keeps it; the AbortController behind it is made on the first
 * look. One shared descriptor costs 0.1 µs a request, an accessor in the literal would cost 0.8 (Node 20 and 24).
 */
const LAZY_SIGNAL: PropertyDescriptor = Object.freeze({
  enumerable: true,
  configurable: true,
  get(this: Record<string, unknown>): AbortSignal {
    return (this["eventlet.input"] as SignalSource).signal;
  },
  set(this: object, value: unknown): void {
    Object.defineProperty(this, "wsgi.signal", { value, writable: true, enumerable: true, configurable: true });
  },
});

/** Sets `HTTP_*`, CONTENT_TYPE and CONTENT_LENGTH. Repeated fields are joined with commas, cookies with semicolons. */
function setFields(environ: Record<string, unknown>, fields: readonly Header[], hasExtra: boolean): void {
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i] as Header;
    const key = keyOf(name);
    if (key === undefined) continue;
    const previous = environ[key];
    if (previous === undefined || (hasExtra && !cameBefore(fields, i, key))) environ[key] = value;
    else environ[key] = `${previous}${key === "HTTP_COOKIE" ? "; " : ","}${value}`;
  }
}

/** Whether an earlier field of this request has the key; a key of the `environ` option is replaced, not joined. */
function cameBefore(fields: readonly Header[], index: number, key: string): boolean {
  return fields.slice(0, index).some(([name]) => keyOf(name) === key);
}

/** The key of a field; undefined for a name with an underscore, which could not be told from one with a hyphen. */
function environKey(name: string): string | undefined {
  if (name.includes("_")) return undefined;
  const key = name.toUpperCase().replaceAll("-", "_");
  return key === "CONTENT_TYPE" || key === "CONTENT_LENGTH" ? key : `HTTP_${key}`;
}

const COMMON_NAMES =
  "Accept Accept-Charset Accept-Encoding Accept-Language Access-Control-Request-Headers Access-Control-Request-Method " +
  "Authorization Cache-Control CF-Connecting-IP CF-IPCountry CF-Ray Connection Content-Disposition Content-Encoding " +
  "Content-Language Content-Length Content-Range Content-Type Cookie Date DNT Expect Forwarded From Host " +
  "If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Event-ID Origin Pragma Priority " +
  "Proxy-Connection Range Referer Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode " +
  "Sec-Fetch-Site Sec-Fetch-User Sec-GPC Sec-WebSocket-Extensions Sec-WebSocket-Key Sec-WebSocket-Protocol " +
  "Sec-WebSocket-Version TE Traceparent Tracestate Trailer Transfer-Encoding Upgrade Upgrade-Insecure-Requests " +
  "User-Agent Via X-Amzn-Trace-Id X-Api-Key X-Correlation-ID X-CSRF-Token X-Forwarded-For X-Forwarded-Host " +
  "X-Forwarded-Port X-Forwarded-Proto X-Forwarded-Server X-Real-IP X-Request-ID X-Requested-With";

/** The usual names, as browsers and as lower-casing clients spell them. */
const COMMON_KEYS: ReadonlyMap<string, string> = new Map(
  COMMON_NAMES.split(" ").flatMap((name) => {
    const key = environKey(name) as string;
    return [
      [name, key],
      [name.toLowerCase(), key],
    ] as const;
  }),
);

/**
 * The keys of names that came lately. To look one up is ten times faster than to build it. Of a fixed size, because the
 * names come from peers: one that makes up names drives out those of others, and costs them what its own cost.
 */
const KEY_SLOTS = 512;
const MAX_CACHED_NAME = 64;
const slotNames: string[] = new Array(KEY_SLOTS).fill("");
const slotKeys: string[] = new Array(KEY_SLOTS).fill("");

/** As `environKey`. */
function keyOf(name: string): string | undefined {
  const last = name.length - 1;
  const ends = name.charCodeAt(last) + 31 * name.charCodeAt(last - 1) + 7 * name.charCodeAt(0);
  const slot = (ends + 97 * name.length + 17 * name.charCodeAt(last >> 1)) & (KEY_SLOTS - 1); // NaN, of a short name, is 0
  if (slotNames[slot] === name) return slotKeys[slot];
  const key = COMMON_KEYS.get(name) ?? environKey(name);
  if (key !== undefined && name.length <= MAX_CACHED_NAME) {
    slotNames[slot] = Buffer.from(name, "latin1").toString("latin1"); // a slice would keep the head it was cut from
    slotKeys[slot] = key;
  }
  return key;
}
