// Imports modules of the user: the application, a config file. JavaScript goes to Node as it is; for TypeScript, tsx is
// loaded when the first such file comes, so that JavaScript pays nothing for it. It remembers what was imported, and what
// was looked for in vain.

import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./errors.ts";

/** Files of the user that were imported through `importModule`, as long as the loader tells of them. */
const imported = new Set<string>();
let isRegistered = false;

const TYPESCRIPT = /\.[cm]?tsx?$|\.jsx$/;
const QUESTION_MARK = "expected no question mark in its path: the loader of TypeScript cannot read that";
/** What the name of a file that is missing may have ended with; `.js` is also how TypeScript says `.ts`. */
const ENDINGS = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/**
 * @param url a `file:` URL
 * @param tracked whether every file that it imports in turn is to be remembered: needs the loader, for JavaScript too
 */
export async function importModule(url: string, tracked = false): Promise<Record<string, unknown>> {
  const { pathname } = new URL(url);
  if (tracked || TYPESCRIPT.test(pathname)) {
    if (pathname.includes("%3F")) throw new CommandError(QUESTION_MARK); // tsx takes the rest of such a path for a query
    await registerLoader();
  }
  if (url.startsWith("file:")) imported.add(fileURLToPath(url));
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    for (const file of missingFiles(error)) imported.add(file);
    throw error;
  }
}

/** The files that the user's modules were read from, packages left out, and those that were looked for in vain. */
export async function importedFiles(): Promise<string[]> {
  await new Promise((done) => setImmediate(done)); // the loader, in its own thread, tells of files by messages
  const required = Object.keys(createRequire(import.meta.url).cache);
  return [...imported, ...required].filter((file) => !/[\\/]node_modules[\\/]/.test(file));
}

/** tsx: for ES modules and for CommonJS, because a TypeScript file can be either. */
async function registerLoader(): Promise<void> {
  if (isRegistered) return;
  isRegistered = true;
  const [esm, cjs] = await Promise.all([import("tsx/esm/api"), import("tsx/cjs/api")]);
  cjs.register();
  esm.register({
    onImport: (url) => {
      if (url.startsWith("file:")) imported.add(fileURLToPath(url.split("?")[0] as string));
    },
  });
}

/** Where the file could be whose absence an error tells of. */
function missingFiles(error: unknown): string[] {
  const { code, url, message = "", requireStack = [] } = (error ?? {}) as Partial<ModuleNotFound>;
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return [];
  const [, name = ""] = /^Cannot find module '([^']+)'/.exec(message) ?? [];
  const [from = ""] = requireStack;
  const path = url?.startsWith("file:") ? fileURLToPath(url) : /^[./]/.test(name) ? resolve(dirname(from), name) : "";
  if (path === "") return [];
  const stem = path.replace(/\.[cm]?[jt]sx?$/, "");
  return [path, stem, resolve(stem, "index")].flatMap((base) => ENDINGS.map((ending) => base + ending));
}

interface ModuleNotFound {
  readonly code: string;
  readonly message: string;
  /** Of an `import`. */
  readonly url?: string;
  /** Of a `require`: who asked. */
  readonly requireStack: readonly string[];
}
