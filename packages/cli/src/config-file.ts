// The config file: found by name in the working folder, or the one that was asked for. A name in, its values out, or a
// message that says what is wrong with it. What the values mean, settings.ts knows.

import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CommandError, messageOf } from "./errors.ts";
import { importModule } from "./import-module.ts";
import { exportsOf, faultOf, kindOf } from "./user-module.ts";

export interface ConfigFile {
  /** As messages call it. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const MODULES = [".ts", ".mts", ".js", ".mjs", ".cjs"];
const NAMES = [...MODULES, ".json"].map((ending) => `wsgi.config${ending}`);
const NO_CONFIG: ConfigFile = { name: "config file", values: {} };

/** @throws {CommandError} when the file that was asked for is not there, or one does not say an object */
export async function loadConfig(asked: string | undefined): Promise<ConfigFile> {
  // Most starts have none: they do not wait for the library that reads it.
  if (asked === undefined && !NAMES.some((name) => existsSync(name))) return NO_CONFIG;
  const { lilconfig } = await import("lilconfig");
  const loaders = { ...Object.fromEntries(MODULES.map((ending) => [ending, loadModule])), ".json": loadJson };
  const search = lilconfig("wsgi", { searchPlaces: NAMES, stopDir: process.cwd(), cache: false, loaders });
  try {
    const found = asked === undefined ? await search.search() : await search.load(resolve(asked));
    if (found === null) return NO_CONFIG;
    const name = nameOf(found.filepath);
    const config: unknown = found.isEmpty === true ? {} : found.config;
    if (typeof config === "object" && config !== null && !Array.isArray(config)) {
      return { name, values: config as ConfigFile["values"] };
    }
    throw new CommandError(`${name}: expected it to export an object of settings, got ${kindOf(config)}`);
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(resolve(asked ?? "."), messageOf(error), error);
  }
}

async function loadModule(path: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  try {
    const exports = exportsOf(await importModule(url));
    return "default" in exports ? exports["default"] : exports;
  } catch (error) {
    throw unreadable(nameOf(path), await faultOf(error, url), error);
  }
}

function loadJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(nameOf(path), messageOf(error), error);
  }
}

function unreadable(name: string, reason: string, cause: unknown): CommandError {
  return new CommandError(`cannot read the config file ${name}: ${reason}`, { cause });
}

function nameOf(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside.startsWith("..") ? path : inside;
}
