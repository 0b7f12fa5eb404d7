// A real ServerResponse whose output goes to an exchange instead of a socket. Node's own code checks arguments, collects headers and
// throws its errors; what it would write, it hands to these functions. They are the response's own, because frameworks replace
// its prototype. Nothing here knows what becomes of the output.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Header } from "@wsgi/core";
import { collectHeaders } from "./response-headers.ts";
import { withoutSocket } from "./without-socket.ts";

/** Told how a piece fared: Node's own callbacks. */
export type Written = (error?: Error | null) => void;

/** What Node's own `end` would write. */
export interface Ending {
  piece: string | Uint8Array | undefined;
  /** Emits 'finish'. */
  finished: Written | undefined;
}

/** Where the output goes. */
export interface OutgoingSink {
  /** While Node's own `end` runs, what it writes is gathered here. */
  ending: Ending | undefined;
  readonly socket: Socket | null;
  /** Whether 'drain' will come. */
  readonly needDrain: boolean;
  /** The head is decided. */
  onHead(statusLine: string, headers: Header[], contentLength: string | undefined): void;
  /** A piece of the body; false when the listener should wait for 'drain'. An empty one sends the head. */
  onPiece(piece: string | Uint8Array, written: Written | undefined): boolean;
  /** The body is complete. */
  onEnd(ending: Ending): void;
  /** An interim response. */
  onInterim(status: number, headers: Header[]): void;
  /** `destroy()` was called. */
  onGivenUp(): void;
  setTimeout(milliseconds: number): void;
}

export const SINK = Symbol("wsgi.sink");

/** A response as Node's own code sees it. */
export interface Outgoing extends ServerResponse {
  [SINK]: OutgoingSink;
  _header: string | null;
  _headerSent: boolean;
  _hasBody: boolean;
  _contentLength: number | null;
  _closed: boolean;
  destroyed: boolean;
  outputSize: number;
  _send(data: string | Uint8Array, encoding?: BufferEncoding | null, written?: Written | null): boolean;
  _storeHeader(firstLine: string, headers: unknown): void;
  _writeRaw(data: string, encoding?: unknown, written?: unknown): boolean;
}

const Bare = withoutSocket(ServerResponse);

export function makeOutgoing(request: IncomingMessage, sink: OutgoingSink): Outgoing {
  const response = Reflect.construct(ServerResponse, [request], Bare) as Outgoing;
  response.shouldKeepAlive = true; // the server knows whether the connection is kept; `false` is the listener's word
  response[SINK] = sink;
  response._storeHeader = storeHeader;
  response._send = send;
  response._writeRaw = writeRaw;
  response.end = end as Outgoing["end"];
  response.destroy = destroy as Outgoing["destroy"];
  response.setTimeout = setTimeout as Outgoing["setTimeout"];
  Object.defineProperty(response, "socket", SOCKET);
  return response;
}

/** One descriptor for all: a tenth of what an accessor of its own costs. */
const SOCKET: PropertyDescriptor = Object.freeze({
  configurable: true,
  enumerable: true,
  get(this: Outgoing): Socket | null {
    return this[SINK].socket;
  },
  set(this: object, value: unknown): void {
    Object.defineProperty(this, "socket", { value, writable: true, enumerable: true, configurable: true });
  },
});

/** Node has checked the status; `headers` is what `writeHead` was given, or what was set before. */
function storeHeader(this: unknown, firstLine: string, headers: unknown): void {
  const response = this as Outgoing;
  const { list, contentLength } = collectHeaders(response, headers);
  response._header = `${firstLine}\r\n`;
  response._headerSent = false;
  if (contentLength !== undefined) response._contentLength = Number(contentLength);
  if (!response.shouldKeepAlive) list.push(["Connection", "close"]);
  response[SINK].onHead(firstLine.slice(9, -2), list, contentLength);
}

/** Node hands over every piece of the body here, and an empty one to send the head alone. */
function send(
  this: unknown,
  data: string | Uint8Array,
  encoding?: BufferEncoding | null,
  written?: Written | null,
): boolean {
  const response = this as Outgoing;
  const sink = response[SINK];
  response._headerSent = true;
  const piece = typeof data === "string" ? asItem(data, encoding) : data;
  if (sink.ending === undefined) return sink.onPiece(piece, written ?? undefined);
  if (piece.length > 0) sink.ending.piece = piece;
  sink.ending.finished = written ?? undefined; // of two calls the last has it
  return true;
}

/** Strings that are to be sent as UTF-8 stay strings: the server encodes them, with the head in one write. */
function asItem(text: string, encoding: BufferEncoding | null | undefined): string | Uint8Array {
  if (encoding === undefined || encoding === null || text === "") return text;
  const name = encoding.toLowerCase();
  return name === "utf8" || name === "utf-8" ? text : Buffer.from(text, encoding);
}

function end(this: unknown, ...args: unknown[]): unknown {
  const response = this as Outgoing;
  const sink = response[SINK];
  if (response.finished) return Reflect.apply(ServerResponse.prototype.end, response, args);
  const ending: Ending = { piece: undefined, finished: undefined };
  sink.ending = ending;
  response._headerSent = false; // else Node would not say when it is done
  try {
    Reflect.apply(ServerResponse.prototype.end, response, args);
  } finally {
    sink.ending = undefined;
  }
  if (response.finished) sink.onEnd(ending);
  return response;
}

/** Interim responses come as text: `HTTP/1.1 103 Early Hints`, their fields, and an empty line. */
function writeRaw(this: unknown, data: string, encoding?: unknown, written?: unknown): boolean {
  const [first = "", ...lines] = data.split("\r\n");
  const headers: Header[] = [];
  for (const line of lines) {
    const colon = line.indexOf(": ");
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 2)]);
  }
  (this as Outgoing)[SINK].onInterim(Number(first.slice(9, 12)), headers);
  const callback = typeof encoding === "function" ? encoding : written;
  if (typeof callback === "function") process.nextTick(callback as () => void);
  return true;
}

function destroy(this: unknown, error?: Error): unknown {
  const response = this as Outgoing;
  if (response.destroyed) return response;
  response.destroyed = true;
  if (error !== undefined) Object.defineProperty(response, "errored", { value: error, configurable: true });
  response[SINK].onGivenUp(); // it ends the socket, if it is still this request's; Node's own would not ask
  return response;
}

function setTimeout(this: unknown, milliseconds: number, callback?: () => void): unknown {
  const response = this as Outgoing;
  if (callback !== undefined) response.on("timeout", callback);
  response[SINK].setTimeout(milliseconds);
  return response;
}
