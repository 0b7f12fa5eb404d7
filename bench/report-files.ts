// Where the results and the report are: reads and writes their files. What is in them is made elsewhere.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportFiles } from "./report.ts";
import type { Results } from "./results.ts";

const RESULTS = join(import.meta.dirname, "results/latest.json");
export const DOCS = join(import.meta.dirname, "../docs");

export function readResults(): Results {
  return JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
}

export function writeResults(results: Results): void {
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 1)}\n`);
}

/** Writes the page and its charts; charts of rows that are no more go. */
export function writeReport(results: Results): void {
  rmSync(join(DOCS, "performance"), { recursive: true, force: true });
  mkdirSync(join(DOCS, "performance"));
  for (const [path, content] of reportFiles(results)) writeFileSync(join(DOCS, path), content);
}
