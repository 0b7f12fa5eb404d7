// What each case cost when it was last recorded, by version of Node, and how much more it may cost. bench/guard-baseline.json
// in and out; ratios and bytes only, never times: a baseline of one machine holds on another.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cost } from "./rounds.ts";

const FILE = join(import.meta.dirname, "../guard-baseline.json");

/**
 * More than a third is a regression. A single measurement is 0.97 to 1.05 of the baseline, even while both cores of a machine are
 * busy with something else; now and then a process compiles a case into slower or faster code than others do, which is why
 * it is measured again. The rest is for processors that do some of the work better than the one it was recorded on.
 */
const MAX_RATIO = 4 / 3;
/** Allocation is counted and was 0.99 to 1.03 of the baseline. */
const MAX_BYTES = 1.1;

/** How much more a unit of work may be in an input four times as large; quadratic work is 4. It is 1.4 where a limit of the fast path lies between. */
export const MAX_COUNTED_GROWTH = 1.6;
/** The same of time, where caches and garbage have a part too. */
export const MAX_TIMED_GROWTH = 2;

export const HOW_TO_RECORD = "npx pnpm@10 bench:guard --record";

/** The costs of all cases on one platform. */
export type Baseline = Readonly<Record<string, Cost>>;

type Baselines = Readonly<Record<string, Baseline>>;

export function readBaseline(platform: string): Baseline | undefined {
  return readAll()[platform];
}

export function writeBaseline(platform: string, baseline: Baseline): void {
  const all = { ...readAll(), [platform]: baseline };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 2)}\n`);
}

function readAll(): Baselines {
  return JSON.parse(readFileSync(FILE, "utf8")) as Baselines;
}

/** The lesser of each: what is better than another measurement of the same was disturbed less. */
export function better(a: Cost, b: Cost): Cost {
  return { ratio: Math.min(a.ratio, b.ratio), bytes: Math.min(a.bytes, b.bytes) };
}

/** What is usual, to be recorded: the best of many would be the one process in ten that was lucky. */
export function usual(costs: readonly Cost[]): Cost {
  const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
  return {
    ratio: Number(median(costs.map(({ ratio }) => ratio)).toFixed(3)),
    bytes: Math.round(median(costs.map(({ bytes }) => bytes))),
  };
}

/** What is worse than it may be, in words; nothing when all is well. */
export function regressions(cost: Cost, recorded: Cost | undefined): string[] {
  if (recorded === undefined) return [`no baseline; record one: ${HOW_TO_RECORD}`];
  return [
    ...exceeding("times the reference loop", cost.ratio, recorded.ratio, MAX_RATIO, 3),
    ...exceeding("bytes a call", cost.bytes, recorded.bytes, MAX_BYTES, 0),
  ];
}

function exceeding(unit: string, value: number, recorded: number, most: number, digits: number): string[] {
  if (value <= recorded * most) return [];
  const [is, was, limit] = [value, recorded, recorded * most].map((number) => number.toFixed(digits));
  return [`${is} ${unit}, recorded ${was}, at most ${limit}; if it is worth that: ${HOW_TO_RECORD}`];
}
