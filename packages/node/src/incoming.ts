// A real IncomingMessage over an environ. Frameworks replace its prototype, so what it does differently from Node's is its own:
// `_read` pulls from `wsgi.input`, `_destroy` tells the exchange, `socket` is made when it is asked for.
// An environ in, the message out; what happens with it is node-exchange.ts's business.

import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Environ, Header } from "@wsgi/core";
import { requestUrl } from "./request-url.ts";
import { withoutSocket } from "./without-socket.ts";

/** What a message asks of the request that it stands for. */
export interface IncomingSource {
  readonly environ: Environ;
  readonly socket: Socket | null;
  /** Bytes are wanted. */
  pull(): void;
  /** The message is destroyed before its end; true when it counts as aborted. */
  onDestroyed(error: Error | null): boolean;
  setTimeout(milliseconds: number): void;
}

export const SOURCE = Symbol("wsgi.source");

/** A message as Node's own code sees it. */
export interface Incoming extends IncomingMessage {
  [SOURCE]: IncomingSource;
  upgrade: boolean | null;
  _consuming: boolean;
  _readableState: { readingMore: boolean };
  _addHeaderLines(flat: readonly string[], count: number): void;
  baseUrl?: string;
  originalUrl?: string;
}

/** The environ of the request that a message stands for; undefined when it does not come from `fromNodeListener`. */
export function environOf(message: IncomingMessage): Environ | undefined {
  return (message as Partial<Incoming>)[SOURCE]?.environ;
}

/** Whether a request has a body: RFC 9112 §6.3. */
export function hasBody(environ: Environ): boolean {
  const { CONTENT_LENGTH: length } = environ;
  return length === undefined ? environ["HTTP_TRANSFER_ENCODING"] !== undefined : length !== "0";
}

const Bare = withoutSocket(IncomingMessage);

export function makeIncoming(environ: Environ, source: IncomingSource): Incoming {
  const message = Reflect.construct(IncomingMessage, [undefined], Bare) as Incoming;
  message[SOURCE] = source;
  message._read = read;
  message._destroy = destroy;
  message.setTimeout = setTimeout as Incoming["setTimeout"];
  const minor = environ.SERVER_PROTOCOL === "HTTP/1.0" ? 0 : 1;
  message.httpVersionMajor = 1;
  message.httpVersionMinor = minor;
  message.httpVersion = minor === 0 ? "1.0" : "1.1";
  message.method = environ.REQUEST_METHOD;
  addFields(message, environ.headers_raw);
  if (environ.SCRIPT_NAME === "") {
    const { QUERY_STRING: query, RAW_PATH_INFO: path } = environ;
    message.url = query === undefined ? path : `${path}?${query}`;
  } else {
    const { baseUrl, url } = requestUrl(environ);
    message.baseUrl = baseUrl;
    message.url = url;
    message.originalUrl = baseUrl + url;
  }
  Object.defineProperty(message, "socket", SOCKET);
  return message;
}

/** Gives it fields of the head, or, once it is complete, of the trailers; by Node's own rules for repeated ones. */
export function addFields(message: Incoming, fields: readonly Header[]): void {
  const flat: string[] = [];
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as Header;
    flat.push(field[0], field[1]);
  }
  message._addHeaderLines(flat, flat.length);
}

/** One descriptor for all: a tenth of what an accessor of its own costs. */
const SOCKET: PropertyDescriptor = Object.freeze({
  configurable: true,
  enumerable: true,
  get(this: Incoming): Socket | null {
    return this[SOURCE].socket;
  },
  set(this: object, value: unknown): void {
    Object.defineProperty(this, "socket", { value, writable: true, enumerable: true, configurable: true });
  },
});

function read(this: unknown): void {
  const message = this as Incoming;
  if (!message._consuming) {
    message._readableState.readingMore = false;
    message._consuming = true;
  }
  message[SOURCE].pull();
}

function setTimeout(this: unknown, milliseconds: number, callback?: () => void): unknown {
  const message = this as Incoming;
  if (callback !== undefined) message.on("timeout", callback);
  message[SOURCE].setTimeout(milliseconds);
  return message;
}

/** As Node's, but that a connection is broken off by the exchange, if it is still this request's. */
function destroy(this: unknown, error: Error | null, callback: (error?: Error | null) => void): void {
  const message = this as Incoming;
  const isOver = message.readableEnded && message.complete;
  if (!isOver && message[SOURCE].onDestroyed(error)) {
    message.aborted = true;
    message.emit("aborted");
  }
  process.nextTick(tellError, message, error, callback);
}

/** Nobody who has no listener for it is told: so Node keeps what was written before requests had errors. */
function tellError(message: Incoming, error: Error | null, callback: (error?: Error | null) => void): void {
  callback(message.listenerCount("error") === 0 ? null : error);
}
