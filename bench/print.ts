// A row's numbers as lines for a terminal: medians with their spread, and each target with what became of it.

import { type EntrantResult, judge, METRICS, type RowResult, summaryOf } from "./results.ts";
import { describeTarget, metricsToShow, showMeasured, showNumber } from "./words.ts";

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
