// The list of hooks in an environ, under its two names: put there, found again whatever was done to it, and watched.
// Environs in; the list, and faults of what stands in its place, out. It knows nothing of when hooks run.

import type { Environ, Exchange } from "@wsgi/core";
import { show } from "./errors.ts";
import type { PostHook } from "./types.ts";

const KEYS = ["eventlet.posthooks", "wsgi.posthooks"] as const;

/** Two plain keys: an accessor that kept them the same would cost each request ten times as much (0.2 µs, Node 20). */
export function putList(environ: Environ): void {
  environ["wsgi.posthooks"] = environ["eventlet.posthooks"] = [];
}

/** Told what stands in place of a list. */
type OnFault = (key: string, fault: string, exchange: Exchange) => void;

/** The list as the application and middleware left it; undefined when there is none, or nothing that is one. */
export function findList(exchange: Exchange, onFault: OnFault): PostHook[] | undefined {
  const { environ } = exchange;
  const hooks: unknown = environ["eventlet.posthooks"];
  return hooks === environ["wsgi.posthooks"] && Array.isArray(hooks) ? hooks : joinLists(exchange, onFault);
}

/** One of the keys was given another list: what is in either is called, once, and from now on there is one list again. */
function joinLists(exchange: Exchange, onFault: OnFault): PostHook[] | undefined {
  const { environ } = exchange;
  const lists: PostHook[][] = [];
  for (const key of KEYS) {
    const list: unknown = environ[key];
    if (Array.isArray(list)) lists.push(list);
    else if (key in environ) onFault(key, `expected an array, got ${show(list)}`, exchange);
  }
  if (lists.length === 0) return undefined;
  const joined = [...new Set(lists.flat(1))];
  environ["eventlet.posthooks"] = environ["wsgi.posthooks"] = joined;
  return joined;
}

/** Calls back after every push into the list. */
export function watchPush(hooks: PostHook[], onPush: () => void): void {
  if (!Object.isExtensible(hooks)) return;
  const push = (...entries: PostHook[]): number => {
    Array.prototype.push.apply(hooks, entries);
    onPush();
    return hooks.length;
  };
  Object.defineProperty(hooks, "push", { value: push, writable: true, configurable: true });
}
