// waitUntil: work that goes on after the response. Where the server has post hooks, the work is one of them: awaited, bounded in
// time, waited for at shutdown, its failure logged. Without them its failure is logged too. An environ in; a function out.

import type { Environ } from "@wsgi/core";
import { describeThrown } from "./errors.ts";

/** The `waitUntil` of one request. It may be called at any time, also when the response is over. */
export function waitUntilOf(environ: Environ): (work: unknown) => void {
  return (work) => {
    const promise = Promise.resolve(work);
    const hooks = environ["eventlet.posthooks"];
    if (Array.isArray(hooks)) {
      promise.catch(() => {}); // it may fail before its hook is called, which then tells of it
      hooks.push([function waitUntil() { return promise; }]); // biome-ignore format: named for the log
    } else {
      promise.catch((error) => environ["wsgi.errors"].write(`waitUntil: the work failed: ${describeThrown(error)}\n`));
    }
  };
}
