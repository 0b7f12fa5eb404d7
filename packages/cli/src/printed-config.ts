// `--print-config`: every setting, its value and where it came from, as lines of text. Pure.

import type { Origin } from "./origin.ts";
import { SETTING_TABLE } from "./setting-table.ts";
import type { Settings } from "./settings.ts";

const SECRETS: readonly string[] = ["keyPassword", "ticketKeys"];
/** A longer value pushes its source aside, not those of all the others. */
const MAX_COLUMN = 40;

export function printedConfig({ origins }: Settings): string {
  const rows = [...origins].map(([name, origin]) => [name, shownValue(name, origin), origin.source] as const);
  const [names, values] = ([0, 1] as const).map((column) =>
    Math.min(MAX_COLUMN, Math.max(...rows.map((row) => row[column].length))),
  ) as [number, number];
  return rows
    .map(([name, value, source]) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${source}`.trimEnd())
    .join("\n");
}

function shownValue(name: string, { value }: Origin): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "none";
  if (SECRETS.includes(name)) return "(secret)";
  const show = SETTING_TABLE.find((setting) => setting.name === name)?.kind.show ?? shown;
  return Array.isArray(value) ? value.map(show).join(", ") : show(value);
}

/** What only a config file can hold is shown by what it is. */
function shown(value: unknown): string {
  if (typeof value === "function") return `(function ${value.name})`;
  return typeof value === "object" && value !== null ? "(object)" : String(value);
}
