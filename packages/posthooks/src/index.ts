// What `@wsgi/posthooks` offers. Nothing inside the package imports this file.

export { addPostHook } from "./add-post-hook.ts";
export { POST_HOOK_ERRORS, PostHookError, type PostHookErrorCode } from "./errors.ts";
export {
  DEFAULT_POST_HOOKS_OPTIONS,
  POST_HOOKS_OPTION_TABLE,
  type PostHooksOptionRow,
  type PostHooksOptions,
} from "./options.ts";
export { type PostHooks, postHooks } from "./post-hooks.ts";
export type { PostHook, PostHookCounters, PostHookEnviron, PostHookFunction } from "./types.ts";
