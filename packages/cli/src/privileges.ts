// Giving up rights: after addresses are bound and keys are read, and before the application is loaded.

import { CommandError, messageOf } from "./errors.ts";
import type { CommandSettings } from "./settings.ts";

/** Missing from the types of Node 20. */
interface WithGroups {
  initgroups?(user: string | number, extraGroup: string | number): void;
}

/** @throws {CommandError} when there is no such user or group, or this process may not become it */
export function dropPrivileges({ user, group }: Pick<CommandSettings, "user" | "group">): void {
  if (user === undefined && group === undefined) return;
  if (process.setuid === undefined || process.setgid === undefined) {
    throw new CommandError("--user, --group: this system has neither");
  }
  try {
    if (group !== undefined) {
      process.setgid(idOrName(group));
      if (user !== undefined) (process as WithGroups).initgroups?.(idOrName(user), idOrName(group));
    }
    if (user !== undefined) process.setuid(idOrName(user));
  } catch (error) {
    throw new CommandError(`--user, --group: cannot become ${user ?? ""}:${group ?? ""}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function idOrName(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
