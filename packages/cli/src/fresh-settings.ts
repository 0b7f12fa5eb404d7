// The settings as they are now, for a supervisor that has read them once: another process reads them, settings-reader.ts.
// How the command was called in; its own settings out, those of the server left out.

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CommandError } from "./errors.ts";
import type { Invocation } from "./messages.ts";
import type { CommandSettings } from "./settings.ts";

export type FreshSettings = { readonly settings: CommandSettings } | { readonly fault: string };

/** A config file that asks a network for values may take its time; one that never ends must not stop reloads for ever. */
const TIMEOUT_MILLISECONDS = 30_000;

/** @throws {CommandError} what reading them at the start would throw */
export function freshSettings({ args, cwd, env }: Invocation): Promise<CommandSettings> {
  const child = fork(fileURLToPath(new URL("./settings-reader.js", import.meta.url)), [], {
    env,
    cwd,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced", // JSON knows no Infinity
    timeout: TIMEOUT_MILLISECONDS,
    killSignal: "SIGKILL",
  });
  child.send(args, () => {}); // one that cannot be started says so by its error
  return new Promise((resolve, reject) => {
    child.once("message", (answer: FreshSettings) => {
      if ("settings" in answer) resolve(answer.settings);
      else reject(new CommandError(answer.fault));
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new CommandError(`reading them ended without an answer (${signal ?? `code ${code}`})`));
    });
  });
}
