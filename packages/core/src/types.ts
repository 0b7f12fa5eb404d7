// The vocabulary of WSGI as types: PEP 3333's environ, start_response, write and application. Types only.

import type { ErrorStream, Header } from "./environ.ts";
import type { FileWrapper } from "./file-wrapper.ts";
import type { Input } from "./input.ts";

/** The environ of one request. Extensions and middleware add keys of their own. */
export interface Environ {
  REQUEST_METHOD: string;
  /** Empty: the application is mounted at the root. Middleware that mounts shifts path segments here. */
  SCRIPT_NAME: string;
  /** The path, percent-decoded as UTF-8. */
  PATH_INFO: string;
  /** The path as it came. */
  RAW_PATH_INFO: string;
  /** What follows the `?`; absent without one. */
  QUERY_STRING?: string;
  CONTENT_TYPE?: string;
  CONTENT_LENGTH?: string;
  SERVER_PROTOCOL: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  /** The peer's address; `unix` on a unix socket. */
  REMOTE_ADDR: string;
  /** The peer's port; empty on a unix socket. */
  REMOTE_PORT: string;
  GATEWAY_INTERFACE: string;
  /** `on` behind a secure listener, else absent. */
  HTTPS?: string;
  HTTP_HOST?: string;
  HTTP_COOKIE?: string;
  HTTP_USER_AGENT?: string;
  /** Every header as it was sent, values stripped of white space around them. */
  headers_raw: readonly Header[];
  "wsgi.version": readonly [1, 0];
  "wsgi.url_scheme": "http" | "https";
  "wsgi.input": Input;
  "wsgi.errors": ErrorStream;
  "wsgi.multithread": boolean;
  "wsgi.multiprocess": boolean;
  "wsgi.run_once": boolean;
  /** Makes a response body of a file. */
  "wsgi.file_wrapper": FileWrapper;
  /** Sends 103 Early Hints with these headers; absent for HTTP/1.0 clients. */
  "wsgi.early_hints"?: (headers: Iterable<Header>) => void;
  /** Fires when the client closes its side, or the connection breaks, before the response is complete. */
  "wsgi.signal": AbortSignal;
  /** The server's own input object, also when `wsgi.input` was replaced. */
  "eventlet.input": Input;
  /** Flags a long-lived connection as idle, so that shutdown closes it at once. */
  "eventlet.set_idle": () => void;
  /** The `minimumChunkSize` of this response; may be changed until the body is returned. */
  "eventlet.minimum_write_chunk_size": number;
  [key: string]: unknown;
}

/** A piece of a response body. Strings are sent as UTF-8. */
export type Item = string | Uint8Array;

/**
 * Sends an item. The promise resolves when the connection is ready for more, and rejects with ClientDisconnected when
 * the client left; it need not be awaited when little is written.
 */
export type Write = (item: Item) => Promise<void>;

/**
 * Begins the response; nothing is sent before the first item of the body or its end.
 *
 * @param status e.g. `"200 OK"`
 * @param headers pairs of name and value
 * @param excInfo the error that makes a second call legitimate; thrown again when the head was already sent
 * @throws {UsageError}
 */
export type StartResponse = (status: string, headers: Iterable<Header>, excInfo?: unknown) => Write;

/** A response body. One that has `close()` gets it called, whatever happened; iterators get `return()`. */
export type Body = Item | Iterable<Item> | AsyncIterable<Item>;

/** An application: PEP 3333, with promises where they are wanted. */
export type Application = (environ: Environ, startResponse: StartResponse) => Body | Promise<Body>;
