// Every fault of a caller, as one table, and the error that carries it. The README has a row for every code; a test keeps the
// two equal. What a listener does wrong with a response is told in Node's own errors.

/** What was expected of the caller. */
export const NODE_ADAPTER_ERRORS = {
  BAD_LISTENER: "a listener is a function (req, res), or an http.Server that does not listen itself",
  BAD_OPTION: "an option of fromNodeListener() has a value that it cannot have",
} as const satisfies Record<string, string>;

export type NodeAdapterErrorCode = keyof typeof NODE_ADAPTER_ERRORS;

/** The caller broke a contract; `code` says which one. */
export class NodeAdapterError extends Error {
  override readonly name = "NodeAdapterError";
  readonly code: NodeAdapterErrorCode;

  constructor(code: NodeAdapterErrorCode, detail: string) {
    super(`${NODE_ADAPTER_ERRORS[code]}: ${detail}`);
    this.code = code;
  }
}

/** Shows in an error text what came. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
