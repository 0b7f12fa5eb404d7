// APP of the command line: `app.ts`, `./dist/app.js:application`, `pkg/web:create`. The text in, the application out, or
// one readable message with the nearest suggestion. It knows modules, nothing of servers.

import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Application } from "@wsgi/core";
import { CommandError } from "./errors.ts";
import { importModule } from "./import-module.ts";
import { applicationOf, fits, INTERFACES, type Interface, interfaceOf } from "./interfaces.ts";
import { nearest, suggestion } from "./nearest.ts";
import { type Exports, exportsOf, faultOf, kindOf, namesOf } from "./user-module.ts";

/** APP, taken apart. */
export interface ApplicationSpec {
  /** As it was given. */
  readonly text: string;
  /** A path, or the name of a package. */
  readonly module: string;
  /** The export that was named. */
  readonly exportName: string | undefined;
}

/** An application that can be served. */
export interface LoadedApplication {
  readonly application: Application;
  readonly kind: Interface;
  /** Files that it was read from, besides those that this process imported. */
  files(): Promise<readonly string[]>;
  /** What it holds besides its requests is given up: processes of its own end. */
  close(): Promise<void>;
}

/** Looked for in this order when no export is named. */
const EXPORTS = ["default", "app", "application"];

/** A colon before a name separates the export; one in `C:\app.js` or in a URL does not. */
export function parseApplicationSpec(text: string): ApplicationSpec {
  const [, module = text, exportName] = /^(.+):([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)$/.exec(text) ?? [];
  return { text, module, exportName };
}

/**
 * @param factory whether the export makes the application
 * @param asked what to serve it as; undefined: what it is
 * @param tracked whether files that it imports are to be known, for `--reload`
 * @throws {CommandError}
 */
export async function loadApplication(
  text: string,
  factory: boolean,
  asked: Interface | undefined,
  tracked = false,
): Promise<LoadedApplication> {
  const spec = parseApplicationSpec(text);
  const url = await resolveModule(spec.module);
  const exported = pickExport(spec, exportsOf(await load(spec, url, tracked)), factory);
  const value = factory ? await runFactory(spec, url, exported) : exported;
  const kind = asked === undefined || !fits(value, asked) ? interfaceOf(value) : asked;
  if (kind === undefined || (asked !== undefined && kind !== asked)) {
    const expected =
      asked === undefined ? "an application (a function, or an object with fetch)" : `a ${INTERFACES[asked]}`;
    const what = factory ? `expected the factory to return ${expected}, it returned` : `expected ${expected}, it is`;
    throw new CommandError(`${text}: ${what} ${kindOf(value)}`);
  }
  const application = await applicationOf(value, kind);
  return { application, kind, files: () => Promise.resolve([]), close: () => Promise.resolve() };
}

async function resolveModule(module: string): Promise<string> {
  const path = resolve(module);
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) {
      throw new CommandError(`${module} is a folder: expected a file${meant(likelyFile(module))}`);
    }
    return pathToFileURL(path).href;
  }
  const isPath = /^\.{0,2}[\\/]/.test(module) || TS_OR_JS.test(module);
  const found = isPath ? undefined : await resolvePackage(module);
  if (found !== undefined) return found;
  throw new CommandError(
    `there is no ${isPath ? "file" : "file or package"} ${module} in ${process.cwd()}${hint(module)}`,
  );
}

const TS_OR_JS = /\.[cm]?[jt]sx?$/;

/** The file of a package, as an import in the working folder finds it; else as `require` does, which adds endings. */
async function resolvePackage(name: string): Promise<string | undefined> {
  const { resolve: resolveImport } = await import("import-meta-resolve");
  const from = pathToFileURL(join(process.cwd(), "noop.js")).href;
  const ways = [() => resolveImport(name, from), () => pathToFileURL(createRequire(from).resolve(name)).href];
  for (const find of isBuiltin(name) ? [] : ways) {
    try {
      const url = find();
      if (existsSync(new URL(url))) return url;
    } catch {
      // the next way; when none is left, the message says that there is nothing
    }
  }
  return undefined;
}

/** The same name with another ending, or the nearest one. */
function hint(module: string): string {
  const folder = dirname(resolve(module));
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return "";
  const files = readdirSync(folder).filter((name) => TS_OR_JS.test(name));
  const stem = basename(module, extname(module));
  const same = files.filter((name) => basename(name, extname(name)) === stem);
  const found = nearest(basename(module), same.length > 0 ? same : files) ?? same[0];
  return meant(found === undefined ? undefined : join(dirname(module), found));
}

/** What is probably the application in a folder, by the names that people give it. */
export function likelyFile(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined; // even the working folder may be gone
  const files = readdirSync(folder).filter((name) => TS_OR_JS.test(name));
  const found = LIKELY.map((stem) => files.find((name) => basename(name, extname(name)) === stem)).find(Boolean);
  return found === undefined ? undefined : join(folder, found);
}

const LIKELY = ["app", "application", "wsgi", "server", "main", "index"];

/** The end of a message. */
export function meant(file: string | undefined): string {
  return file === undefined ? "" : `; did you mean ${file}?`;
}

async function load({ module }: ApplicationSpec, url: string, tracked: boolean): Promise<Exports> {
  try {
    return await importModule(url, tracked);
  } catch (error) {
    throw new CommandError(`${module} cannot be loaded: ${await faultOf(error, url)}`, { cause: error });
  }
}

function pickExport({ text, module, exportName }: ApplicationSpec, exports: Exports, factory: boolean): unknown {
  const names = namesOf(exports);
  const isRight = (value: unknown): boolean =>
    factory ? typeof value === "function" : interfaceOf(value) !== undefined;
  if (exportName !== undefined) {
    const found = exportName.split(".").reduce<unknown>((value, key) => (value as Exports | undefined)?.[key], exports);
    if (isRight(found)) return found;
    const what = found === undefined ? "has no export" : `exports ${kindOf(found)} as`;
    const near = suggestion(exportName, names);
    const instead = near === "" ? `; ${listed(exports, names)}` : near;
    throw new CommandError(`${module} ${what} ${exportName}${found === undefined ? instead : ": expected a function"}`);
  }
  for (const name of EXPORTS) if (isRight(exports[name])) return exports[name];
  throw new CommandError(
    `${text}: expected an application, a function (environ, startResponse) or an object with fetch, as the default export or as app or application; ${listed(exports, names)}`,
  );
}

function listed(exports: Exports, names: readonly string[]): string {
  if (names.length === 0) return "it exports nothing";
  return `it exports ${names.map((name) => `${name} (${kindOf(exports[name])})`).join(", ")}`;
}

async function runFactory({ text }: ApplicationSpec, url: string, create: unknown): Promise<unknown> {
  try {
    return await (create as () => unknown)();
  } catch (error) {
    throw new CommandError(`${text}: the factory threw: ${await faultOf(error, url)}`, { cause: error });
  }
}
