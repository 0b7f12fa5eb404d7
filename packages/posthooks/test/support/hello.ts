// Applications that do nothing but add hooks and say hello.

import type { Application, Environ } from "@wsgi/core";
import type { PostHook } from "../../src/index.ts";

/** Says hello after `prepare`. */
export function helloAfter(prepare: (environ: Environ) => void): Application {
  return (environ, startResponse) => {
    prepare(environ);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["hello"];
  };
}

/** Says hello and has these hooks called. */
export function helloWith(...hooks: readonly PostHook[]): Application {
  return helloAfter((environ) => void environ["eventlet.posthooks"].push(...hooks));
}

/** Says hello with whatever in the list, well formed or not. */
export function helloWithAnything(...entries: readonly unknown[]): Application {
  return helloWith(...(entries as PostHook[]));
}
