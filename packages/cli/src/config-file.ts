// The config file: found by name in the working folder, or the one that was asked for. A name in, its values out, or a
// message that says what is wrong with it. What the values mean, settings.ts knows.

import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lilconfig } from "lilconfig";
import { CommandError, messageOf } from "./errors.ts";
import { importModule } from "./import-module.ts";

export interface ConfigFile {
  /** As messages call it. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const NAMES = ["ts", "mts", "js", "mjs", "cjs", "json"].map((ending) => `wsgi.config.${ending}`);
const load = async (path: string): Promise<unknown> => {
  const url = pathToFileURL(path);
  url.search = `at=${Date.now()}`; // a reload wants the file as it is now, not as it was imported before
  const { default: exported, ...named } = (await importModule(url.href)) as { default?: unknown };
  return exported ?? named;
};

/** @throws {CommandError} when the file that was asked for is not there, or one does not say an object */
export async function loadConfig(asked: string | undefined): Promise<ConfigFile> {
  const loaders = Object.fromEntries([".ts", ".mts", ".js", ".mjs", ".cjs"].map((ending) => [ending, load]));
  const search = lilconfig("wsgi", { searchPlaces: NAMES, stopDir: process.cwd(), cache: false, loaders });
  try {
    const found = asked === undefined ? await search.search() : await search.load(resolve(asked));
    if (found === null) return { name: "config file", values: {} };
    const name = relative(process.cwd(), found.filepath) || found.filepath;
    const { config } = found as { config: unknown };
    if (typeof config !== "object" || config === null || Array.isArray(config)) {
      throw new CommandError(`${name}: expected it to export an object of settings, got ${typeof config}`);
    }
    return { name, values: config as Record<string, unknown> };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      `cannot read the config file${asked === undefined ? "" : ` ${resolve(asked)}`}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
