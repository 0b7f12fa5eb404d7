// How numbers and targets are written, on a terminal and in the report. Numbers in, text out.

import { METRICS, type Metric, type RowResult, summaryOf, type Target } from "./results.ts";
import type { Summary } from "./summary.ts";

/** What is shown wherever it was measured; other metrics only where a row is about them. */
const ALWAYS_SHOWN: readonly Metric[] = [
  ...(["rate", "cpu", "p50", "p99", "peak", "memory", "heap", "time", "cpuTime", "size"] as const),
];

/** The metrics of a row that a reader wants to see. */
export function metricsToShow(row: RowResult): Metric[] {
  const about = new Set([...row.targets.map(({ metric }) => metric), ...(row.scaling ? [row.scaling.metric] : [])]);
  return (Object.keys(METRICS) as Metric[])
    .filter((metric) => ALWAYS_SHOWN.includes(metric) || about.has(metric))
    .filter((metric) => row.entrants.some((entrant) => summaryOf(entrant, metric)));
}

/** With the digits of its metric, and commas between thousands. */
export function showNumber(metric: Metric, value: number): string {
  const { digits } = METRICS[metric];
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A ratio as a factor, another number with its unit; the spread of the rounds in brackets. */
export function showMeasured({ metric, over }: Target, { median, least, greatest }: Summary): string {
  const show = (value: number): string => (over === undefined ? showNumber(metric, value) : value.toFixed(2));
  const spread = least === greatest ? "" : ` (${show(least)} to ${show(greatest)})`;
  return over === undefined ? `${show(median)} ${METRICS[metric].unit}${spread}` : `${show(median)}×${spread}`;
}

/** For a table: `requests a second, @wsgi/core over node:http`. */
export function describeSubject({ metric, of, over }: Target): string {
  return `${METRICS[metric].label}, ${of}${over === undefined ? "" : ` over ${over}`}`;
}

/** `≥ 3.0×` or `≤ 15 ms`. */
export function describeBound({ metric, over, atLeast, atMost }: Target): string {
  const bound = atLeast ?? atMost;
  if (bound === undefined) return "none";
  const number = over === undefined ? `${bound} ${METRICS[metric].unit}` : `${bound.toFixed(2)}×`;
  return `${atLeast === undefined ? "≤" : "≥"} ${number}`;
}

export function describeTarget(target: Target): string {
  return `${describeSubject(target)} ${describeBound(target)}`;
}
