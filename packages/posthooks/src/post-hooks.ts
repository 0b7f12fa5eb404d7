// Post hooks as an Extension: what the server tells in, a list in every environ and requests for the queue out.
// A request without hooks costs an empty array and a look at its length; nothing here waits or calls a hook.

import type { Exchange, Extension } from "@wsgi/core";
import { PostHookError } from "./errors.ts";
import { findList, putList, watchPush } from "./hook-list.ts";
import { HookLog } from "./hook-log.ts";
import { HookQueue } from "./hook-queue.ts";
import { type PostHooksOptions, resolveOptions } from "./options.ts";
import { RequestHooks } from "./request-hooks.ts";
import type { PostHookCounters } from "./types.ts";

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

  function onFault(key: string, fault: string, { requestLine }: Exchange): void {
    counts.failed++;
    queue?.log.noList(key, requestLine, fault);
  }

  function onResponded(exchange: Exchange): void {
    const hooks = findList(exchange, onFault);
    if (queue === undefined || hooks === undefined || (hooks.length === 0 && exchange.completed)) return;
    const request = new RequestHooks(exchange, hooks, queue);
    request.furnish();
    queue.add(request);
    // When the client left, the application may still be at work; after a complete response only hooks are left to push.
    if (!exchange.completed) watchPush(hooks, () => queue?.add(request));
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
    onEnviron: putList,
    onResponded,
    onClose: (signal) => queue?.close(signal),
  };
}
