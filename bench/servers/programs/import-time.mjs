// Prints how many milliseconds importing a module takes: `import-time.mjs import|require PATH`.

import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";

const [, , way, path] = process.argv;
const require = createRequire(import.meta.url);
const url = pathToFileURL(path).href;
const begun = performance.now();
if (way === "require") require(path);
else await import(url);
console.log(performance.now() - begun);
