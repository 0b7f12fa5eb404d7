// One entry of environ["eventlet.posthooks"]: what it must look like, how it is called, and its name in the log.
// Pure, but for the call itself. It knows nothing of requests, queues or time.

import { show } from "./errors.ts";
import type { PostHook, PostHookEnviron } from "./types.ts";

/** What is wrong with an entry: what was expected and what came; undefined when it can be called. */
export function faultOf(entry: unknown): string | undefined {
  if (!Array.isArray(entry) || entry.length < 1 || entry.length > 3) {
    return `expected [func, args?, kwargs?], got ${show(entry)}`;
  }
  const [func, args, kwargs] = entry as unknown[];
  if (typeof func !== "function") return `func: expected a function, got ${show(func)}`;
  if (args !== undefined && !Array.isArray(args)) return `args: expected an array, got ${show(args)}`;
  if (kwargs !== undefined && (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs))) {
    return `kwargs: expected an object, got ${show(kwargs)}`;
  }
  return undefined;
}

/**
 * Calls `func(environ, ...args, kwargs)`. Kwargs that are absent are not passed, as Python passes nothing for `**{}`:
 * an empty object would take the place of the hook's own default.
 */
export function callHook([func, args, kwargs]: PostHook, environ: PostHookEnviron): unknown {
  if (kwargs !== undefined) return args === undefined ? func(environ, kwargs) : func(environ, ...args, kwargs);
  return args === undefined ? func(environ) : func(environ, ...args);
}

/** The name of an entry's function, for the log. */
export function nameOf(entry: unknown): string {
  try {
    const func: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof func !== "function") return "(no function)";
    const { name }: { name: unknown } = func; // a class may have a static `name` of any kind
    return typeof name === "string" && name !== "" ? name : "(anonymous)";
  } catch {
    return "(no name)"; // a proxy that was revoked, a getter that throws
  }
}

/** Whether a hook returned something to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as PromiseLike<unknown>).then === "function";
}
