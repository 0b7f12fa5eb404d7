// Reads the documentation: pages, their sections, and the names in their tables; and the names in the source.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../../../..");
const src = join(import.meta.dirname, "../../src");

export const read = (page: string): string => readFileSync(join(root, page), "utf8");

/** A page without its code blocks. */
export const prose = (page: string): string => read(page).replace(/^```[\s\S]*?^```$/gm, "");

/** The part of a page below a heading, down to the next heading of the same level or a higher one. */
export function below(page: string, heading: string): string {
  const level = heading.indexOf(" ");
  const [, after] = prose(page).split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`${page} has no heading ${heading}`);
  return after.split(new RegExp(`^#{1,${level}} `, "m"))[0] as string;
}

/** The headings of a level, or of every level. */
export function headings(text: string, level?: number): string[] {
  const marks = level === undefined ? "#+" : `#{${level}}`;
  return [...text.matchAll(new RegExp(`^${marks} (.+)$`, "gm"))].map(([, heading]) => heading as string);
}

/** The code spans in the first column of the tables of a text, arguments left out. */
export function firstColumn(text: string): string[] {
  const cells = [...text.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell as string);
  return cells.flatMap((cell) => [...cell.matchAll(/`([\w.*-]+)[^`]*`/g)].map(([, name]) => name as string));
}

/** The members of an interface of the public API, as the source declares it. */
export function membersOf(name: string): string[] {
  for (const file of readdirSync(src)) {
    const text = readFileSync(join(src, file), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
    const [, body] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(text) ?? [];
    if (body !== undefined) return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, n]) => n as string);
  }
  throw new Error(`no interface ${name} in ${src}`);
}

/** Whether a test file has a test of this title, as its source writes it: `%s` where a table fills in. */
export function hasTest(file: string, title: string): boolean {
  const quoted = ['"', "'", "`"].map((mark) => mark + title + mark);
  const lines = read(file).split("\n");
  return lines.some(
    (line) => /^\s*(?:test[.\w()!]*\(|\][^"'`]*\)\()["'`]/.test(line) && quoted.some((text) => line.includes(text)),
  );
}
