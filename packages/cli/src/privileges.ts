// Giving up rights: after addresses are bound and keys are read, and before the application is loaded.

import { execFileSync } from "node:child_process";
import { CommandError, messageOf } from "./errors.ts";
import type { CommandSettings } from "./settings.ts";

/** Missing from the types of Node 20. */
interface WithGroups {
  initgroups(user: string | number, extraGroup: string | number): void;
}

/** @throws {CommandError} when there is no such user or group, or this process may not become it */
export function dropPrivileges({ user, group }: Pick<CommandSettings, "user" | "group">): void {
  if (user === undefined && group === undefined) return;
  if (process.setuid === undefined || process.setgid === undefined || process.setgroups === undefined) {
    throw new CommandError("--user, --group: this system has neither");
  }
  const main = idOrName(group ?? askId("-g", user as string));
  try {
    process.setgid(main);
    if (user === undefined) return;
    // Without this, the groups of whoever started the command would stay.
    if (typeof idOrName(user) === "number") process.setgroups([main]);
    else (process as unknown as WithGroups).initgroups(user, main);
    process.setuid(idOrName(user));
  } catch (error) {
    throw new CommandError(`--user, --group: cannot become ${user ?? ""}:${group ?? ""}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** @throws {CommandError} when a user that is named is not there */
export function checkUser(user: string): void {
  if (typeof idOrName(user) === "string") askId("-u", user);
}

function askId(what: "-u" | "-g", user: string): string {
  try {
    return execFileSync("id", [what, "--", user], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch (error) {
    const fault = typeof idOrName(user) === "number" ? "its group is not known: expected --group" : "no such user";
    throw new CommandError(`--user ${user}: ${fault}`, { cause: error });
  }
}

function idOrName(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
