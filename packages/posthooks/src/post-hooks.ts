// Post hooks as an Extension: what the server tells in, a list in every environ and requests for the queue out.
// A request without hooks costs an empty array and a look at its length; nothing here waits or calls a hook.

import type { Environ, Exchange, Extension } from "@wsgi/core";
import { PostHookError, show } from "./errors.ts";
import { HookLog } from "./hook-log.ts";
import { HookQueue } from "./hook-queue.ts";
import { type PostHooksOptions, resolveOptions } from "./options.ts";
import { RequestHooks } from "./request-hooks.ts";
import type { PostHook, PostHookCounters } from "./types.ts";

/** What `postHooks()` returns: an Extension that counts. */
export interface PostHooks extends Extension {
  /** As they are now. */
  readonly counters: PostHookCounters;
}

/**
 * Makes the extension that calls post hooks. One server takes one.
 *
 * @throws {PostHookError} BAD_OPTION
 */
export function postHooks(options?: PostHooksOptions): PostHooks {
  const resolved = resolveOptions(options);
  const counts = { run: 0, failed: 0, timedOut: 0, dropped: 0, pending: 0, running: 0 };
  let queue: HookQueue | undefined;

  function onResponded(exchange: Exchange): void {
    const { environ, completed, requestLine } = exchange;
    const hooks: unknown = environ["eventlet.posthooks"];
    if (!Array.isArray(hooks)) {
      if (!("eventlet.posthooks" in environ)) return; // an extension before this one failed, or the key was removed
      counts.failed++;
      queue?.log.noList(requestLine, `expected an array, got ${show(hooks)}`);
      return;
    }
    if (queue === undefined || (hooks.length === 0 && completed)) return;
    const request = new RequestHooks(exchange, hooks as PostHook[], queue);
    request.furnish();
    queue.add(request);
    if (!completed) watchPush(hooks, () => queue?.add(request));
  }

  return {
    name: "post hooks",
    get counters() {
      return { ...counts };
    },
    onStart({ logger }) {
      if (queue !== undefined) throw new PostHookError("ALREADY_STARTED");
      queue = new HookQueue(resolved, counts, new HookLog(logger));
    },
    onEnviron(environ) {
      environ["eventlet.posthooks"] = [];
      Object.defineProperty(environ, "wsgi.posthooks", SAME_LIST);
    },
    onResponded,
    onClose: (signal) => queue?.close(signal),
  };
}

/** The second name of the list, also when the list is replaced. */
const SAME_LIST: PropertyDescriptor = Object.freeze({
  enumerable: true,
  configurable: true,
  get(this: Environ): PostHook[] {
    return this["eventlet.posthooks"];
  },
  set(this: Environ, hooks: PostHook[]) {
    this["eventlet.posthooks"] = hooks;
  },
});

/**
 * The client left, and the application may not have noticed yet: a hook that it pushes from now on is not lost. After a
 * complete response there is nobody left to push but the hooks themselves.
 */
function watchPush(hooks: unknown[], onPush: () => void): void {
  if (!Object.isExtensible(hooks)) return;
  const push = (...entries: unknown[]): number => {
    Array.prototype.push.apply(hooks, entries);
    onPush();
    return hooks.length;
  };
  Object.defineProperty(hooks, "push", { value: push, writable: true, configurable: true });
}
