// Every fault of a caller, as one table, and the error that carries it. The README has a row for every code; a test keeps the
// two equal. What a client does wrong is answered (handshake.ts) or closes its connection (ws).

/** What was expected of the caller. */
export const WEBSOCKET_ERRORS = {
  BAD_HANDLER: "websocket() needs a function (ws, environ)",
  BAD_OPTION: "an option of websocket() has a value that it cannot have",
} as const satisfies Record<string, string>;

export type WebSocketErrorCode = keyof typeof WEBSOCKET_ERRORS;

/** The caller broke a contract; `code` says which one. */
export class WebSocketUsageError extends Error {
  override readonly name = "WebSocketUsageError";
  readonly code: WebSocketErrorCode;

  constructor(code: WebSocketErrorCode, detail: string) {
    super(`${WEBSOCKET_ERRORS[code]}: ${detail}`);
    this.code = code;
  }
}

/** Shows in an error text what came: its kind, and its value where that is short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
