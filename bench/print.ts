// A row's numbers as lines for a terminal: medians with their spread, and each target with what became of it.

import type { EntrantProfile, Share } from "./profile.ts";
import { type EntrantResult, judge, METRICS, type RowResult, summaryOf } from "./results.ts";
import { describeTarget, metricsToShow, showMeasured, showNumber } from "./words.ts";

/** Functions with less than so much of the time are not shown. */
const LEAST_SHARE = 0.01;

/** Shares of the time, with what they are of a request. */
export function linesOfProfile({ name, cpu, groups, functions }: EntrantProfile): string[] {
  const line = ({ name, share }: Share): string => {
    const percent = `${(share * 100).toFixed(1)} %`.padStart(8);
    const time = cpu === undefined ? "" : `${(share * cpu).toFixed(2)} µs`.padStart(10);
    return `    ${percent}${time}  ${name}`;
  };
  return [
    `  ${name}${cpu === undefined ? "" : `, ${showNumber("cpu", cpu)} µs a request`}`,
    ...groups.map(line),
    "    of which are in one function",
    ...functions.filter(({ share }) => share >= LEAST_SHARE).map(line),
  ];
}

export function linesOf(row: RowResult): string[] {
  if (row.failed !== undefined) return [`  failed: ${row.failed}`];
  const width = Math.max(...row.entrants.map(({ name }) => name.length));
  return [
    ...row.entrants.map((entrant) => `  ${entrant.name.padEnd(width)}  ${numbersOf(row, entrant)}`),
    ...row.targets.map((target) => {
      const { measured, met } = judge(row, target);
      const verdict = met === undefined ? "not measured" : met ? "met" : "NOT met";
      const number = measured === undefined ? "" : `${showMeasured(target, measured)}, `;
      return `  ${describeTarget(target)}: ${number}${verdict}`;
    }),
  ];
}

function numbersOf(row: RowResult, entrant: EntrantResult): string {
  if (entrant.absent !== undefined) return `absent: ${entrant.absent}`;
  return metricsToShow(row)
    .flatMap((metric) => {
      const summary = summaryOf(entrant, metric);
      return summary === undefined ? [] : [`${metric} ${showNumber(metric, summary.median)} ${METRICS[metric].unit}`];
    })
    .join(", ");
}
