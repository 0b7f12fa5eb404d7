// docs/performance.md and its charts, made of results and nothing else: the same results give the same files. Knows neither the
// rows' table nor the machine that it runs on.

import { barChart, lineChart } from "./chart.ts";
import {
  type EntrantResult,
  judge,
  METRICS,
  type Metric,
  type Results,
  type RowResult,
  type Run,
  summaryOf,
  type Target,
} from "./results.ts";
import { describeBound, describeSubject, metricsToShow, showMeasured, showNumber } from "./words.ts";

/** The content of each file, by its path below docs/. */
export type ReportFiles = ReadonlyMap<string, string>;

/** A row of so many entrants gets a chart of bars. */
const ENTRANTS_FOR_CHART = 4;

const HEADER = `# Performance

<!-- Generated from bench/results/latest.json by \`npx pnpm@10 bench --report\`; do not edit. -->

What \`@wsgi/core\`, \`@wsgi/tls\`, \`@wsgi/posthooks\` and the command \`wsgi\` do on one machine, beside other servers on the same
one; what was promised, and what of it is kept.

Every comparison is paired: its servers are all up and are loaded in turn, round by round, another one first each time, so that
whatever else the machine does hits all of them alike. A ratio is made of two numbers of the same round; the table gives the
median of the rounds with the least and the greatest in brackets. Before any load, each server is asked once and its answer is
compared with the right one. Processor time is that of the server's processes, user and system.
`;

export function reportFiles({ runs }: Results): ReportFiles {
  const files = new Map<string, string>();
  const parts = [HEADER];
  for (const run of runs) parts.push(describeRun(run));
  parts.push("## Targets\n", promises(runs));
  for (const run of runs) parts.push(chartOf(files, `targets-node${majorOf(run)}`, targetsChart(run), "what is kept"));
  for (const name of new Set(runs.flatMap(({ rows }) => rows.map((row) => row.name)))) {
    parts.push(section(files, name, runs));
  }
  return files.set("performance.md", `${parts.join("\n").trimEnd()}\n`);
}

function majorOf({ node }: Run): number {
  return Number.parseInt(node.slice(1), 10);
}

/** Puts a chart into the files, if there is one, and gives the line that shows it. */
function chartOf(files: Map<string, string>, name: string, svg: string | undefined, alternative: string): string {
  if (svg === undefined) return "";
  files.set(`performance/${name}.svg`, svg);
  return `![${alternative}](performance/${name}.svg)\n`;
}

function describeRun(run: Run): string {
  const { cpu, cores, memoryGiB, system, kernel } = run.machine;
  const peers = Object.entries(run.peers).map(([name, version]) => `${name} ${version}`);
  return [
    `## The machine, with Node ${run.node}\n`,
    "| | |\n|---|---|",
    `| processor | ${cpu}, ${cores} cores |`,
    `| memory | ${memoryGiB} GiB |`,
    `| system | ${system}, kernel ${kernel} |`,
    `| Node | ${run.node}, for all servers that run on it |`,
    `| load | ${run.loadGenerator}${run.pinned ? ", on a core of its own; the server has another one" : ""} |`,
    `| peers | ${peers.join(", ")} |`,
    `| measured | ${run.at.slice(0, 10)} |\n`,
  ].join("\n");
}

interface Promised {
  readonly row: RowResult;
  readonly target: Target;
}

function promisesOf({ rows }: Run): Promised[] {
  return rows.flatMap((row) => row.targets.map((target) => ({ row, target })));
}

/** How many are kept, and the table of all. */
function promises(runs: readonly Run[]): string {
  const tallies = runs.map((run) => {
    const all = promisesOf(run).map(({ row, target }) => judge(row, target).met);
    const count = (met: boolean | undefined): number => all.filter((one) => one === met).length;
    const unknown = count(undefined) === 0 ? "" : `, ${count(undefined)} were not measured`;
    return `On Node ${run.node}, ${count(true)} of ${all.length} targets are met and ${count(false)} are not${unknown}.`;
  });
  const head = ["row", "what", "target", ...runs.map(({ node }) => `Node ${node}`)];
  const seen = new Map<string, string[]>();
  for (const [index, run] of runs.entries()) {
    for (const { row, target } of promisesOf(run)) {
      const first = [`[${row.name}](#${anchor(row.title)})`, describeSubject(target), describeBound(target)];
      const key = first.join("|");
      const cells = seen.get(key) ?? [...first, ...runs.map(() => "–")];
      cells[first.length + index] = verdict(row, target);
      seen.set(key, cells);
    }
  }
  return `${tallies.join(" ")}\n\n${table(head, [...seen.values()])}\n`;
}

function verdict(row: RowResult, target: Target): string {
  const { measured, met } = judge(row, target);
  if (measured === undefined) return "not measured";
  return met ? `${showMeasured(target, measured)}, met` : `${showMeasured(target, measured)}, **not met**`;
}

/** Each promise as a bar: how much of it is kept, in percent. */
function targetsChart(run: Run): string | undefined {
  const bars = promisesOf(run).flatMap(({ row, target }) => {
    const { measured, met } = judge(row, target);
    if (measured === undefined) return [];
    const kept = (value: number): number =>
      100 * (target.atLeast ? value / target.atLeast : (target.atMost ?? 0) / value);
    const isAlone = row.targets.filter(({ over }) => over === target.over).length === 1;
    const what = target.over === undefined ? METRICS[target.metric].label : `over ${target.over}`;
    const label = `${row.name}: ${isAlone ? what : `${target.of}, ${what}`}`;
    const value = kept(measured.median);
    const bar = { label, value, text: `${Math.round(value)} %`, kind: met ? "good" : "bad" } as const;
    return [bar];
  });
  if (bars.length === 0) return undefined;
  return barChart({
    title: `Targets on Node ${run.node}: how much of each is kept`,
    axis: "percent of the target; what should be small is turned over; cut at 200 %",
    bars,
    mark: { value: 100, text: "target" },
    most: 200,
  });
}

function section(files: Map<string, string>, name: string, runs: readonly Run[]): string {
  const found = runs.flatMap((run) => run.rows.filter((row) => row.name === name).map((row) => ({ run, row })));
  const { row: first } = found[0] as { row: RowResult };
  const parts = [`## ${first.title}\n`, `${first.about}\n`];
  for (const { run, row } of found) {
    const chart = row.scaling !== undefined ? scalingChart(row, run) : entrantsChart(row, run);
    parts.push(chartOf(files, `${name}-node${majorOf(run)}`, chart, `${row.title}, Node ${run.node}`));
    parts.push(`Node ${run.node}, ${rounds(row)} of ${row.seconds} s:\n`, numbers(row));
    const lines: string[] = [];
    for (const target of row.targets) {
      lines.push(`- ${describeSubject(target)}: ${verdict(row, target)}; the target is ${describeBound(target)}`);
    }
    if (lines.length > 0) parts.push(`${lines.join("\n")}\n`);
  }
  return parts.filter((part) => part !== "").join("\n");
}

function rounds({ rounds: count }: RowResult): string {
  return count === 1 ? "1 round" : `${count} rounds`;
}

/** All entrants with the medians of what was measured. */
function numbers(row: RowResult): string {
  if (row.failed !== undefined) return `This row failed: ${row.failed.split("\n")[0]}\n`;
  const shown = metricsToShow(row);
  const head = ["", ...shown.map((metric) => headingOf(metric))];
  const rows = row.entrants.map((entrant) => [
    entrant.name,
    ...shown.map((metric) => {
      const summary = summaryOf(entrant, metric);
      return summary === undefined ? (entrant.absent ?? "–") : showNumber(metric, summary.median);
    }),
  ]);
  return `${table(head, rows)}\n`;
}

function headingOf(metric: Metric): string {
  const { label, unit } = METRICS[metric];
  return metric === "rate" ? label : `${label}, ${unit}`;
}

/** Requests a second of many entrants, the fastest first. */
function entrantsChart(row: RowResult, run: Run): string | undefined {
  const bars = row.entrants.flatMap((entrant) => {
    const rate = summaryOf(entrant, "rate");
    return rate === undefined ? [] : [{ entrant, rate }];
  });
  if (bars.length < ENTRANTS_FOR_CHART) return undefined;
  bars.sort((a, b) => b.rate.median - a.rate.median);
  const ours = row.entrants[0] as EntrantResult;
  return barChart({
    title: `${row.title}, Node ${run.node}`,
    axis: `${METRICS.rate.label}: median, least and greatest of ${rounds(row)}`,
    bars: bars.map(({ entrant, rate }) => ({
      label: entrant.name,
      value: rate.median,
      spread: [rate.least, rate.greatest],
      text: showNumber("rate", rate.median),
      kind: entrant === ours ? "ours" : "bar",
    })),
  });
}

function scalingChart(row: RowResult, run: Run): string | undefined {
  const scaling = row.scaling as NonNullable<RowResult["scaling"]>;
  const series = new Map<string, [number, number][]>();
  for (const entrant of row.entrants) {
    const summary = summaryOf(entrant, scaling.metric);
    if (summary === undefined || entrant.x === undefined || entrant.series === undefined) continue;
    series.set(entrant.series, [...(series.get(entrant.series) ?? []), [entrant.x, summary.median]]);
  }
  if (series.size === 0) return undefined;
  return lineChart({
    title: `${row.title}, Node ${run.node}`,
    x: scaling.x,
    y: `${scaling.y === undefined ? headingOf(scaling.metric) : `${scaling.y}, ${METRICS[scaling.metric].unit}`}`,
    series: [...series].map(([name, points]) => ({ name, points })),
  });
}

/** The place of a heading, as GitHub names it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const isNumber = (column: number): boolean => rows.every((cells) => /^([\d–]|not )/.test(cells[column] ?? ""));
  const rule = `|${head.map((_, column) => (isNumber(column) ? "---:|" : "---|")).join("")}`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
