// Libraries that are CommonJS, by `require`: imported from an ES module, each costs Node 20 some 7 ms more, because its source is
// searched for the names that it exports (three of them 16 ms instead of 37 ms, measured). A name in, what it exports out.

import { createRequire } from "node:module";

/** Callers say what it is: `requireLibrary("x") as typeof import("x")`. */
export const requireLibrary: (name: string) => unknown = createRequire(import.meta.url);
