// Every fault of a caller, a handler or an application, as one table, and the error that carries it. The README has a row for
// every code; a test keeps the two equal. Knows no runtime: no part of this package imports one.

/** What was expected. */
export const FETCH_ERRORS = {
  BAD_HANDLER: "a handler is a function (request, context), or an object with such a function at `fetch`",
  BAD_OPTION: "an option has a value that it cannot have",
  NOT_A_RESPONSE: "a handler returns a Response, or a promise of one",
  ERROR_RESPONSE: "a handler returned Response.error(), which is no answer to a client",
  BODY_ALREADY_USED: "a handler returns a Response whose body nobody has read",
  BAD_APPLICATION: "an application is a function (environ, startResponse)",
  BAD_STATUS: "a status is a string of three digits, a space and a reason; a Response can have 200 to 599",
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
  CANNOT_UPGRADE: "a Request has no socket that could be taken over",
} as const satisfies Record<string, string>;

export type FetchErrorCode = keyof typeof FETCH_ERRORS;

/** A contract was broken; `code` says which one. Where the core has the same contract, the code is the core's. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly code: FetchErrorCode;

  constructor(code: FetchErrorCode, detail?: string) {
    super(detail === undefined ? FETCH_ERRORS[code] : `${FETCH_ERRORS[code]}: ${detail}`);
    this.code = code;
  }
}

/** Shows in an error text what came: its kind, and its value where that is short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== "object" || value === null) return String(value);
  const made: unknown = Object.getPrototypeOf(value)?.constructor;
  const name = typeof made === "function" ? made.name : "";
  return name !== "" && name !== "Object" ? `an object of ${name}` : "an object";
}

/** The text of what was thrown, for a log; never throws itself. */
export function describeThrown(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error.message) : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Whether a value is to be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
