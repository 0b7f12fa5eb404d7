// The options of postHooks(): one table of defaults, checks and reasons, and the resolver that goes by it.
// Options as given in, every value present and checked out; or a PostHookError that names the option, what was expected
// and what came. The README's table is compared with this one by a test.

import { PostHookError, show } from "./errors.ts";

/** What a caller may give. `undefined` means "not given". */
export interface PostHooksOptions {
  /** Requests whose hooks run at one time; `Infinity` for no bound. Default 100. */
  concurrency?: number | undefined;
  /** Seconds that a hook may take before it is abandoned; 0 = no limit. Default 30. */
  timeout?: number | undefined;
  /** Hooks that may wait; while there are as many, newer ones are dropped. `Infinity` for no bound. Default 10000. */
  maxPending?: number | undefined;
}

/** Every value present. */
export type ResolvedOptions = { readonly [Name in keyof PostHooksOptions]-?: number };

/** One row of the table. */
export interface PostHooksOptionRow {
  readonly default: number;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  readonly summary: string;
  /** Why the default is what it is, and what others have. */
  readonly precedent: string;
}

const isSeconds = (value: unknown): boolean => typeof value === "number" && value >= 0;
const isCount = (value: unknown): boolean =>
  typeof value === "number" && value > 0 && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY);

const COUNT = "a whole number above 0, or Infinity";

/** Every option, in the order of the documentation. */
export const POST_HOOKS_OPTION_TABLE: Readonly<Record<keyof PostHooksOptions, PostHooksOptionRow>> = Object.freeze({
  concurrency: Object.freeze({
    default: 100,
    expected: COUNT,
    accepts: isCount,
    summary: "requests whose hooks run at one time",
    precedent: "eventlet: one for each connection, so 1024; fewer, as hooks share the process with requests",
  }),
  timeout: Object.freeze({
    default: 30,
    expected: "a number of seconds, 0 or more",
    accepts: isSeconds,
    summary: "seconds that a hook may take; then it is abandoned; 0 = no limit",
    precedent:
      "eventlet: none, a stuck hook holds its connection; gunicorn gives a request 30, this server's close() 30",
  }),
  maxPending: Object.freeze({
    default: 10_000,
    expected: COUNT,
    accepts: isCount,
    summary: "hooks that may wait; while there are as many, newer ones are dropped",
    precedent:
      "eventlet: none needed, its connections wait; each holds an environ, so this bounds memory to tens of MB",
  }),
});

/** Every default, frozen: what `postHooks()` runs with when nothing is given. */
export const DEFAULT_POST_HOOKS_OPTIONS: Readonly<ResolvedOptions> = Object.freeze({
  concurrency: POST_HOOKS_OPTION_TABLE.concurrency.default,
  timeout: POST_HOOKS_OPTION_TABLE.timeout.default,
  maxPending: POST_HOOKS_OPTION_TABLE.maxPending.default,
});

/**
 * Checks options and fills in the defaults.
 *
 * @throws {PostHookError} BAD_OPTION naming the option, what was expected and what came
 */
export function resolveOptions(options: PostHooksOptions = {}): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new PostHookError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  }
  const resolved = { ...DEFAULT_POST_HOOKS_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    if (!isOption(name)) {
      const names = Object.keys(POST_HOOKS_OPTION_TABLE).join(", ");
      throw new PostHookError("BAD_OPTION", `there is no option ${show(name)}; there are ${names}`);
    }
    if (value === undefined) continue;
    const { accepts, expected } = POST_HOOKS_OPTION_TABLE[name];
    if (!accepts(value)) throw new PostHookError("BAD_OPTION", `${name}: expected ${expected}, got ${show(value)}`);
    resolved[name] = value;
  }
  return resolved;
}

function isOption(name: string): name is keyof PostHooksOptions {
  return Object.hasOwn(POST_HOOKS_OPTION_TABLE, name);
}
