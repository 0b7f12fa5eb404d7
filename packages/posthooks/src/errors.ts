// Every fault of a caller, as one table, and the error that carries it. The README has a row for every code; a test
// keeps the two equal. What goes wrong inside a hook is no error of this kind: it is logged (hook-log.ts).

/** What was expected of the caller. */
export const POST_HOOK_ERRORS = {
  BAD_OPTION: "an option of postHooks() has a value that it cannot have",
  BAD_HOOK: "a post hook is [func, args?, kwargs?]",
  NO_POST_HOOKS: "hooks can be added where postHooks() is one of the server's extensions",
  ALREADY_STARTED: "what postHooks() returned takes part in one server; another server needs its own",
} as const satisfies Record<string, string>;

export type PostHookErrorCode = keyof typeof POST_HOOK_ERRORS;

/** The caller broke a contract; `code` says which one. */
export class PostHookError extends Error {
  override readonly name = "PostHookError";
  readonly code: PostHookErrorCode;

  constructor(code: PostHookErrorCode, detail?: string) {
    super(detail === undefined ? POST_HOOK_ERRORS[code] : `${POST_HOOK_ERRORS[code]}: ${detail}`);
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
