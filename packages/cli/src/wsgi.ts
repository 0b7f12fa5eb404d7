#!/usr/bin/env node
// The command `wsgi`. Arguments and environment in; it ends with main's exit code, whatever the application still holds.

import module from "node:module";

// Where Node can keep what it has compiled, from 22.1 on, the next start is faster: so nothing is imported before this.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2), process.env, 0));
