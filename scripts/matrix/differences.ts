// Where a runtime does not do what Node does, as far as our tests show it: the one list that `test:matrix` compares its
// failures with, and that docs/runtimes.md is made of.

import type { Kind } from "./runtimes.ts";

export interface Difference {
  readonly runtimes: readonly Exclude<Kind, "node">[];
  /** Parts of the full names of the tests that show it. */
  readonly tests: readonly string[];
  /** What happens there. Markdown. */
  readonly what: string;
  /** What follows for those who use it. Markdown. */
  readonly advice: string;
}

export const DIFFERENCES: readonly Difference[] = [];

/** What docs/runtimes.md says of them. */
export function differencesTable(): string {
  if (DIFFERENCES.length === 0) return "No test shows a difference.\n";
  const rows = DIFFERENCES.map(({ runtimes, what, advice }) => `| ${runtimes.join(", ")} | ${what} | ${advice} |\n`);
  return `| runtime | what happens there | what to do |\n|---|---|---|\n${rows.join("")}`;
}
