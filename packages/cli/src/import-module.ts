// Imports modules of the user: the application, a config file. JavaScript goes to Node as it is; for TypeScript, tsx is
// loaded when the first such file comes, so that JavaScript pays nothing for it. It remembers what was imported.

import { fileURLToPath } from "node:url";

/** Files of the user that were imported through `importModule`, as long as the loader tells of them. */
const imported = new Set<string>();
let isRegistered = false;

const TYPESCRIPT = /\.[cm]?tsx?$|\.jsx$/;

/**
 * @param url a `file:` URL
 * @param tracked whether every file that it imports in turn is to be remembered: needs the loader, for JavaScript too
 */
export async function importModule(url: string, tracked = false): Promise<Record<string, unknown>> {
  if (tracked || TYPESCRIPT.test(new URL(url).pathname)) await registerLoader();
  if (url.startsWith("file:")) imported.add(fileURLToPath(url));
  return (await import(url)) as Record<string, unknown>;
}

/** The files that the user's modules were read from, packages left out. */
export async function importedFiles(): Promise<string[]> {
  const { createRequire } = await import("node:module");
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
