// A value and where it came from, as `--print-config` and messages say it. Types, and how a message calls one. Pure.

import { flagOf, type Setting } from "./setting-table.ts";

export interface Origin {
  readonly value: unknown;
  /** `flag`, `environment NAME`, the name of the config file, or `default`. */
  readonly source: string;
}

/** Whether somebody gave it, and not nothing. */
export function isGiven(origin: Origin | undefined): boolean {
  return (
    origin !== undefined && origin.source !== "default" && !(Array.isArray(origin.value) && origin.value.length === 0)
  );
}

/** A setting as whoever gave it called it. */
export function called(setting: Setting, origins: ReadonlyMap<string, Origin>): string {
  const { source } = origins.get(setting.name) as Origin;
  if (source === "flag") return flagOf(setting);
  return source.startsWith("environment ") ? source.slice("environment ".length) : `${source}: ${setting.name}`;
}
