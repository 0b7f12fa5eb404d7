// The vocabulary of post hooks as types, and the keys that the environ has with them. Types only.

import type { Environ, Exchange } from "@wsgi/core";

/** The environ as hooks see it. */
export interface PostHookEnviron extends Environ {
  /** The receipt: what became of the request. */
  "wsgi.exchange": Exchange;
  /** Fires when the hook that runs is abandoned. Made when it is first looked at: before the hook's first `await`. */
  "wsgi.posthooks.signal": AbortSignal;
}

/** A post hook: called with the environ, the args and the kwargs of its entry. A promise it returns is awaited. */
// biome-ignore lint/suspicious/noExplicitAny: what follows the environ is each hook's own; addPostHook() checks it
export type PostHookFunction = (environ: PostHookEnviron, ...rest: any[]) => unknown;

/** An entry of `environ["eventlet.posthooks"]`: called as `func(environ, ...args, kwargs)`; what is absent is not passed. */
export type PostHook = readonly [
  func: PostHookFunction,
  args?: readonly unknown[] | undefined,
  kwargs?: object | undefined,
];

/** How many hooks met which fate, since the start. */
export interface PostHookCounters {
  /** Were called. */
  readonly run: number;
  /** Threw, rejected, or were malformed and could not be called. */
  readonly failed: number;
  /** Were abandoned: their timeout had passed, or the server's time to close. */
  readonly timedOut: number;
  /** Were never called: too many waited, or the server's time to close had passed. */
  readonly dropped: number;
  /** Wait to be called, now. */
  readonly pending: number;
  /** Were called and are awaited, now. */
  readonly running: number;
}

declare module "@wsgi/core" {
  interface Environ {
    /** Entries pushed here are called after the response. Absent without the extension: `"eventlet.posthooks" in environ`. */
    "eventlet.posthooks": PostHook[];
    /** The same array. */
    "wsgi.posthooks": PostHook[];
    /** There when hooks run. */
    "wsgi.exchange"?: Exchange;
    /** There when hooks run. */
    "wsgi.posthooks.signal"?: AbortSignal;
  }
}
