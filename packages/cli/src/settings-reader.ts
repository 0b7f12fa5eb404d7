// A program of its own that reads the settings anew and ends: in the process of a supervisor, Node would give back the modules
// of a config file as they were when it began. The arguments in as the first message; the settings out as another, or why not.

import { Printed, parseCommandLine } from "./command-line.ts";
import { messageOf } from "./errors.ts";
import type { FreshSettings } from "./fresh-settings.ts";
import { SETTING_TABLE } from "./setting-table.ts";
import { type CommandSettings, resolveSettings } from "./settings.ts";

process.on("SIGHUP", () => {}); // a second one, to the whole process group, is the supervisor's business
process.once("message", async (args: readonly string[]) => {
  const answer = await readSettings(args).catch((error: unknown): FreshSettings => ({ fault: messageOf(error) }));
  // The config file may have begun something that goes on.
  process.send?.(answer, undefined, undefined, () => process.exit(0));
});

/** Those of the command itself: they are plain data, which the options of servers are not. */
async function readSettings(args: readonly string[]): Promise<FreshSettings> {
  const commandLine = parseCommandLine(args, "");
  if (commandLine instanceof Printed) throw new Error("expected no help to be asked for");
  const all = await resolveSettings(commandLine, process.env);
  const own = SETTING_TABLE.filter(({ owner, name }) => owner === "command" && name in all).map(({ name }) => [
    name,
    all[name as keyof CommandSettings],
  ]);
  return { settings: Object.fromEntries(own) as unknown as CommandSettings };
}
