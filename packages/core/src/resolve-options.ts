// Options as given in, ServerOptions with every value present and checked out; or a UsageError that names the option,
// what was expected and what came. Knows values only; it starts nothing.

import { quote, show, UsageError } from "./errors.ts";
import { DEFAULT_OPTIONS, isObject, OPTION_TABLE, type OptionRow } from "./option-table.ts";
import type { Options, ServerOptions } from "./options.ts";

/**
 * Checks options and fills in the defaults. `undefined` means "not given".
 *
 * @throws {UsageError} BAD_OPTION naming the option, what was expected and what came
 */
export function resolveOptions(options: Options = {}): ServerOptions {
  if (!isObject(options)) throw new UsageError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  const resolved: Record<string, unknown> = { ...DEFAULT_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    const entry = Object.hasOwn(OPTION_TABLE, name) ? (OPTION_TABLE as Record<string, OptionRow>)[name] : undefined;
    if (entry === undefined) throw new UsageError("BAD_OPTION", unknownOption(name));
    if (value === undefined) continue;
    if (!entry.accepts(value)) {
      throw new UsageError("BAD_OPTION", `${name}: expected ${entry.expected}, got ${show(value)}`);
    }
    resolved[name] = value;
  }
  return resolved as unknown as ServerOptions;
}

function unknownOption(name: string): string {
  const names = Object.keys(OPTION_TABLE);
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const meant = names.find((known) => plain(known) === plain(name));
  return `there is no option ${quote(name)}${meant === undefined ? "" : `; it is spelled ${meant}`}`;
}
