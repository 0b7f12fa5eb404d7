// The surroundings that settings are read in: the working folder and the environment variables. A folder and names of
// files in; both changed, or a message that says what is wrong.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError, messageOf } from "./errors.ts";

/** Variables that are read before the files of `--env-file`. */
const NOT_IN_ENV_FILE = ["WSGI_CHDIR", "WSGI_ENV_FILE"] as const;

/** @throws {CommandError} */
export function changeFolder(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw new CommandError(`--chdir: cannot change to ${resolve(folder)}: ${messageOf(error)}`, { cause: error });
  }
}

/** What is in the environment already stays: a file holds defaults for it. */
export async function readEnvFiles(files: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (files.length === 0) return;
  const { parse } = await import("dotenv");
  for (const file of files) {
    let text: Buffer;
    try {
      text = readFileSync(file);
    } catch (error) {
      throw new CommandError(`--env-file: cannot read ${resolve(file)}: ${messageOf(error)}`, { cause: error });
    }
    const values = parse(text);
    const late = NOT_IN_ENV_FILE.find((name) => values[name] !== undefined);
    if (late !== undefined) throw new CommandError(`${file}: ${late}: expected in the environment, it is read before`);
    for (const [name, value] of Object.entries(values)) env[name] ??= value;
  }
}
