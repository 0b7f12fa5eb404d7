// What a module of the user's says, whichever kind it is: its exports in one form, and in words why it could not be loaded.
// It loads nothing itself.

import { CommandError } from "./errors.ts";
import { interfaceOf } from "./interfaces.ts";
import { syntaxPlace } from "./syntax-place.ts";

export type Exports = Readonly<Record<string, unknown>>;

/** Names that Node and compilers add to the exports of CommonJS modules. */
const ADDED = ["default", "module.exports", "__esModule"];

/** The exports of a module that was imported: a CommonJS one, compiled ones among them, has them below `default`. */
export function exportsOf(module: Exports): Exports {
  const { default: inner } = module;
  if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return module;
  if (interfaceOf(inner) !== undefined) return module; // an application that is an object: its members are no exports
  const exports = inner as Exports;
  const isWhole = Object.keys(module).every((name) => ADDED.includes(name) || exports[name] === module[name]);
  return isWhole ? exports : module;
}

/** The names of exports that somebody wrote. */
export function namesOf(exports: Exports): string[] {
  return Object.keys(exports).filter((name) => name === "default" || !ADDED.includes(name));
}

/** What is wrong with a module that could not be loaded or threw, and where in the user's files. */
export async function faultOf(error: unknown, url: string): Promise<string> {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CommandError) return error.message; // ours, not theirs
  const { name, message, stack = "" } = error;
  const [, file, text] = /^(\/.+:\d+:\d+): ERROR: (.+)$/m.exec(message) ?? [];
  if (file !== undefined) return `${file}: SyntaxError: ${text}`; // esbuild, which reads TypeScript
  const where = frameOf(stack);
  if (error instanceof SyntaxError) {
    const [, place] = /^(?:file:\/\/)?(\/.+:\d+)$/m.exec(stack) ?? [];
    const found = place ?? where ?? (await syntaxPlace(url));
    return `${found === undefined ? "" : `${found}: `}${name}: ${message}`;
  }
  const named = name === "Error" || message.startsWith(name) ? message : `${name}: ${message}`;
  return where === undefined ? named : `${named}\n  at ${where}`;
}

/** The first place of a stack that is in the user's files. */
function frameOf(stack: string): string | undefined {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && !/node:|node_modules/.test(line));
  const [, scheme, place] = /\(?(file:\/\/)?(\/[^)]+:\d+:\d+)\)?$/.exec(frames[0] ?? "") ?? [];
  return scheme === undefined ? place : decodeURI(place as string);
}

/** What a value is, in a message. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "a list" : "an object";
}
