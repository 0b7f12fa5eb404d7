// Whether a number that was looked at again and again has grown. Values in the order of time in; medians, a trend and a verdict
// out. Pure; it knows nothing of what the numbers are.
//
// Two things must come together before something counts as grown, because each alone is common on a busy machine: the median
// of the last third lies above that of the first by more than is tolerated, and the values go up as a whole. The latter is what
// the test of Mann and Kendall says, which asks of every pair of values which one is larger and so is not moved by outliers.

import { median } from "../summary.ts";

/** What is looked at. */
export interface Gauge {
  readonly name: string;
  readonly values: readonly number[];
  /** By how much the median may grow. */
  readonly tolerance: number;
  /** How a value is shown. */
  readonly show: (value: number) => string;
}

export interface Verdict {
  readonly name: string;
  /** Medians of the first and the last third. */
  readonly first: number;
  readonly last: number;
  readonly growth: number;
  readonly tolerance: number;
  /** In standard deviations: how far the order of the values is from chance. */
  readonly trend: number;
  readonly grown: boolean;
}

/** The part of the values that is left out: caches fill and code is compiled. */
const WARM_UP = 0.25;
/** A trend this strong comes by chance once in a hundred times. */
const SIGNIFICANT_TREND = 2.33;
/** Values that are needed after those. */
const FEWEST_VALUES = 6;

/** @throws {RangeError} when there are too few values to say anything */
export function judge({ name, values, tolerance }: Gauge): Verdict {
  const settled = values.slice(Math.floor(values.length * WARM_UP));
  if (settled.length < FEWEST_VALUES) throw new RangeError(`${name}: ${values.length} values are too few to judge by`);
  const third = Math.floor(settled.length / 3);
  const first = median(settled.slice(0, third));
  const last = median(settled.slice(-third));
  const growth = last - first;
  const trend = mannKendall(settled);
  return { name, first, last, growth, tolerance, trend, grown: growth > tolerance && trend > SIGNIFICANT_TREND };
}

/** The trend of values, in standard deviations; with the usual correction for equal ones. */
export function mannKendall(values: readonly number[]): number {
  let score = 0;
  for (const [index, value] of values.entries()) {
    for (let later = index + 1; later < values.length; later++) score += Math.sign((values[later] as number) - value);
  }
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  let variance = spread(values.length);
  for (const times of ties.values()) variance -= spread(times);
  return variance === 0 || score === 0 ? 0 : (score - Math.sign(score)) / Math.sqrt(variance);
}

function spread(count: number): number {
  return (count * (count - 1) * (2 * count + 5)) / 18;
}
