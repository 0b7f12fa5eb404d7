// Whose fault it was, in three classes, and the one table of every error code.
// Comes in: a code of the table and a detail. Goes out: an error that says what was expected and what came.
// Knows statuses and texts only; it must never know sockets, timers or how an answer is encoded.
// docs/errors.md has a heading for every code; a test keeps the two equal.

/** Every fault of a peer: the status it is answered with and what the peer should have sent. */
export const PROTOCOL_ERRORS = {
  BAD_REQUEST_LINE: { status: 400, text: "the request line is not `method SP target SP version`" },
  BAD_METHOD: { status: 400, text: "the method is not a token" },
  BAD_TARGET: { status: 400, text: "the request target is not valid" },
  BAD_VERSION: { status: 400, text: "the protocol version is not HTTP/digit.digit" },
  UNSUPPORTED_VERSION: { status: 505, text: "only HTTP/1.0 and HTTP/1.1 are spoken here" },
  BAD_LINE_END: { status: 400, text: "a line does not end with CRLF" },
  REQUEST_LINE_TOO_LONG: { status: 414, text: "the request line is too long" },
  FIELD_TOO_LONG: { status: 431, text: "a header line is too long" },
  HEAD_TOO_LARGE: { status: 431, text: "the header section is too large" },
  TOO_MANY_FIELDS: { status: 431, text: "the header section has too many fields" },
  BAD_FIELD_NAME: { status: 400, text: "a header name is not a token followed by a colon" },
  BAD_FIELD_VALUE: { status: 400, text: "a header value holds a control character" },
  OBSOLETE_FOLDING: { status: 400, text: "a header line is continued on the next line" },
  MISSING_HOST: { status: 400, text: "an HTTP/1.1 request has no Host" },
  REPEATED_HOST: { status: 400, text: "Host appears more than once" },
  BAD_HOST: { status: 400, text: "Host is not `host [:port]`" },
  BAD_CONTENT_LENGTH: { status: 400, text: "Content-Length is not one decimal number" },
  REPEATED_CONTENT_LENGTH: { status: 400, text: "Content-Length appears more than once" },
  REPEATED_CONTENT_TYPE: { status: 400, text: "Content-Type appears more than once" },
  BAD_TRANSFER_ENCODING: {
    status: 400,
    text: "Transfer-Encoding is malformed, or chunked is not its one final coding",
  },
  UNSUPPORTED_TRANSFER_ENCODING: { status: 501, text: "the only transfer coding understood is chunked" },
  TRANSFER_ENCODING_IN_HTTP_1_0: { status: 400, text: "an HTTP/1.0 request has a Transfer-Encoding" },
  CONFLICTING_FRAMING: { status: 400, text: "a request has both Transfer-Encoding and Content-Length" },
  UNKNOWN_EXPECTATION: { status: 417, text: "the only expectation understood is 100-continue" },
  BODY_TOO_LARGE: { status: 413, text: "the body is larger than is accepted here" },
  BAD_CHUNK_SIZE: { status: 400, text: "a chunk size is not a hexadecimal number followed by CRLF" },
  BAD_CHUNK_EXTENSION: { status: 400, text: "a chunk extension is malformed or too long" },
  BAD_CHUNK_END: { status: 400, text: "the data of a chunk is not followed by CRLF" },
  HEAD_TIMEOUT: { status: 408, text: "the request took too long to arrive" },
  BODY_TIMEOUT: { status: 408, text: "the body arrived too slowly" },
} as const satisfies Record<string, { status: number; text: string }>;

/** Every fault of an application or a caller: what was expected of it. */
export const USAGE_ERRORS = {
  BAD_OPTION: "an option has a value that it cannot have",
  BAD_ADDRESS: "an address cannot be understood",
  BAD_LISTENER: "a server needs at least one listener that no other server serves",
  BAD_APPLICATION: "an application is a function (environ, startResponse)",
  BAD_STATUS: "a status is a string of three digits, a space and a reason",
  BAD_HEADERS: "headers are a list of [name, value] pairs of strings",
  BAD_HEADER_NAME: "a header name is a token",
  BAD_HEADER_VALUE: "a header value is a string of latin-1 characters without CR, LF or other controls",
  HOP_BY_HOP_HEADER: "hop-by-hop headers belong to the server",
  BAD_CONTENT_LENGTH_HEADER: "Content-Length is one decimal number",
  BAD_BODY: "a body is a string, bytes, an iterable or async iterable of them, or a promise of these",
  NO_RESPONSE: "an application calls startResponse before it writes or its body's first item is sent",
  RESPONSE_ALREADY_STARTED: "startResponse is called once, and again only with excInfo before the head is sent",
  RESPONSE_FINISHED: "nothing is written after the response ended",
  BODY_TOO_SHORT: "a body has as many bytes as its Content-Length says",
  READ_IN_PROGRESS: "wsgi.input is read by one call at a time",
  BAD_READ_SIZE: "a read size is a whole number of bytes, or negative for everything",
  INTERIM_TOO_LATE:
    "an interim response goes out before the head of the response, 100 Continue to a client that waits for it",
  READ_AFTER_RESPONSE: "wsgi.input is read before the response ends, and before the socket is taken over",
  BAD_UPGRADE: "a 101 or a 426 names protocols in Upgrade, a 101 only what an HTTP/1.1 client offered",
  CANNOT_UPGRADE: "a socket is taken over before anything but a 101, or a 2xx to CONNECT, was answered",
} as const satisfies Record<string, string>;

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS;
/** The statuses that a peer's fault is answered with. */
export type ProtocolErrorStatus = (typeof PROTOCOL_ERRORS)[ProtocolErrorCode]["status"];
export type UsageErrorCode = keyof typeof USAGE_ERRORS;

/**
 * The peer broke the protocol or a limit. The server answers with `status` where it still can and closes.
 * An application meets it when it reads a malformed body from `wsgi.input`.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;
  /** The HTTP status that this fault is answered with. */
  readonly status: ProtocolErrorStatus;

  constructor(code: ProtocolErrorCode, detail?: string) {
    const { status, text } = PROTOCOL_ERRORS[code];
    super(detail === undefined ? text : `${text}: ${detail}`);
    this.code = code;
    this.status = status;
  }
}

/** The application or the caller broke a contract: a 500 and a log entry, or an exception at the call. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, detail?: string) {
    super(detail === undefined ? USAGE_ERRORS[code] : `${USAGE_ERRORS[code]}: ${detail}`);
    this.code = code;
  }
}

/** Nobody's fault: the client went away. Rejects pending reads and writes; the server closes quietly. */
export class ClientDisconnected extends Error {
  override readonly name = "ClientDisconnected";
  readonly code = "CLIENT_DISCONNECTED";

  constructor(detail = "the client closed the connection", options?: ErrorOptions) {
    super(detail, options);
  }
}

/** A listener could not be bound. `code` is the system's, e.g. `EADDRINUSE`. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;
  /** The address as it was asked for. */
  readonly address: string;

  constructor(code: string, address: string, reason: string, options?: ErrorOptions) {
    super(`cannot listen on ${address}: ${reason} (${code})`, options);
    this.code = code;
    this.address = address;
  }
}

/**
 * What was thrown, as something that is there and can be looked at: it may have been nothing at all, or a Proxy that throws
 * at `instanceof` already.
 */
export function asReason(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error);
    return thrown ?? new Error(`${String(thrown)} was thrown`);
  } catch {
    return new Error("something that cannot be looked at was thrown");
  }
}

/** Shows what a caller gave in an error text. It may be anything. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Shows a piece of input in an error text: quoted, controls escaped, at most 40 characters. */
export function quote(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(shown).replace(/[\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}
