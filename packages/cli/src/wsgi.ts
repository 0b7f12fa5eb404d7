#!/usr/bin/env node
// The command `wsgi`. Arguments and environment in; it ends with main's exit code, whatever the application still holds.

import { main } from "./main.ts";

process.exit(await main(process.argv.slice(2), process.env, 0));
