// addPostHook(): pushes an entry into the list of an environ, its types and its form checked where the mistake would be made.
// It knows nothing of how hooks run.

import type { Environ } from "@wsgi/core";
import { PostHookError } from "./errors.ts";
import { faultOf } from "./hook-entry.ts";
import type { PostHookEnviron } from "./types.ts";

/**
 * Adds a hook, to be called as `func(environ, ...args, kwargs)` after the response. What follows the environ in the
 * parameters of `func` has to fit `args` and, as the last parameter, `kwargs`.
 *
 * @throws {PostHookError} NO_POST_HOOKS when the server has no post hooks, BAD_HOOK when types were not checked
 */
export function addPostHook(environ: Environ, func: (environ: PostHookEnviron) => unknown): void;
export function addPostHook<Args extends readonly unknown[]>(
  environ: Environ,
  func: (environ: PostHookEnviron, ...args: Args) => unknown,
  args: Readonly<Args>,
): void;
export function addPostHook<Args extends readonly unknown[], Kwargs extends object>(
  environ: Environ,
  func: (environ: PostHookEnviron, ...rest: [...args: Args, kwargs: Kwargs]) => unknown,
  args: Readonly<Args>,
  kwargs: NoInfer<Kwargs>,
): void;
export function addPostHook(environ: Environ, ...entry: unknown[]): void {
  const hooks: unknown = environ["eventlet.posthooks"];
  if (!Array.isArray(hooks)) {
    throw new PostHookError("NO_POST_HOOKS", 'this environ has no list at "eventlet.posthooks"');
  }
  const fault = faultOf(entry);
  if (fault !== undefined) throw new PostHookError("BAD_HOOK", fault);
  (hooks as unknown[]).push(entry);
}
