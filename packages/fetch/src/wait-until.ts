// waitUntil: work that goes on after the response. Its failure is logged. Where the server has post hooks it is one of them too:
// bounded in time, and waited for at shutdown. An environ in; a function out.

import type { Environ } from "@wsgi/core";
import { describeThrown } from "./errors.ts";

/** The `waitUntil` of one request. It may be called at any time, also when the response is over. */
export function waitUntilOf(environ: Environ): (work: unknown) => void {
  return (work) => {
    const settled = Promise.resolve(work).then(
      () => {},
      (error) => environ["wsgi.errors"].write(`waitUntil: the work failed: ${describeThrown(error)}\n`),
    );
    const hooks = environ["eventlet.posthooks"];
    if (Array.isArray(hooks)) hooks.push([named(settled)]);
  };
}

/** A hook, under the name that the log shall call it by. */
function named(settled: Promise<void>): () => Promise<void> {
  return function waitUntil() {
    return settled;
  };
}
