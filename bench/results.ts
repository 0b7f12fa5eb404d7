// What a run of the suite leaves behind, as JSON: raw samples, and all that a reader needs to make sense of them. The report is
// made of this alone, so it holds titles and targets too. Knows nothing of servers or loads; judges targets by medians.

import { type Summary, summarize } from "./summary.ts";

/** What can be measured: how it is called, its unit, and how many digits after the point make sense. */
export const METRICS = {
  rate: { label: "requests a second", unit: "/s", digits: 0 },
  cpu: { label: "processor time a request", unit: "µs", digits: 1 },
  p50: { label: "median latency", unit: "ms", digits: 2 },
  p99: { label: "99th percentile of latency", unit: "ms", digits: 2 },
  throughput: { label: "bytes of bodies a second", unit: "MB/s", digits: 0 },
  peak: { label: "growth of the server's memory", unit: "MiB", digits: 1 },
  memory: { label: "resident memory a connection", unit: "KB", digits: 1 },
  heap: { label: "heap and buffers a connection", unit: "KB", digits: 1 },
  time: { label: "time", unit: "ms", digits: 1 },
  cpuTime: { label: "processor time", unit: "ms", digits: 1 },
  size: { label: "size", unit: "KiB", digits: 1 },
  unitCost: { label: "processor time a unit", unit: "ns", digits: 1 },
} as const satisfies Record<string, { label: string; unit: string; digits: number }>;

export type Metric = keyof typeof METRICS;

/** What one round measured of one entrant. */
export type Sample = Readonly<Partial<Record<Metric, number>>>;

/** A promise: a metric of an entrant, itself or as a multiple of another's. One of the two bounds is given. */
export interface Target {
  readonly metric: Metric;
  readonly of: string;
  readonly over?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A chart of lines: one for each series, a point for each entrant that has an `x`. */
export interface Scaling {
  readonly x: string;
  readonly metric: Metric;
  /** What the metric counts here, when its own label is too general. */
  readonly y?: string;
}

export interface EntrantResult {
  readonly name: string;
  /** The line of a chart that it belongs to, and where on it. */
  readonly series?: string;
  readonly x?: number;
  /** Why it did not take part. */
  readonly absent?: string;
  readonly samples: readonly Sample[];
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly at: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly entrants: readonly EntrantResult[];
  readonly targets: readonly Target[];
  readonly scaling?: Scaling;
  /** What went wrong; the row has no numbers then. */
  readonly failed?: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly kernel: string;
}

/** One run of the suite with the servers on one version of Node. */
export interface Run {
  readonly node: string;
  readonly at: string;
  readonly machine: Machine;
  /** Whether server and client had a core each. */
  readonly pinned: boolean;
  readonly loadGenerator: string;
  /** The version of every peer, or why it is absent. */
  readonly peers: Readonly<Record<string, string>>;
  readonly rows: readonly RowResult[];
}

/** Runs by major version of Node, the oldest first. */
export interface Results {
  readonly runs: readonly Run[];
}

export interface Judgement {
  /** Undefined when it was not measured. */
  readonly measured: Summary | undefined;
  readonly met: boolean | undefined;
}

/** A metric of one entrant over all rounds. */
export function summaryOf(entrant: EntrantResult, metric: Metric): Summary | undefined {
  return summarize(entrant.samples.map((sample) => sample[metric]).filter((value) => value !== undefined));
}

/** What one entrant's metric is as a multiple of another's, round by round. */
export function ratioOf(row: RowResult, metric: Metric, of: string, over: string): Summary | undefined {
  const [one, other] = [of, over].map((name) => row.entrants.find((entrant) => entrant.name === name));
  const ratios: number[] = [];
  for (const [round, sample] of (one?.samples ?? []).entries()) {
    const [value, base] = [sample[metric], other?.samples[round]?.[metric]];
    if (value !== undefined && base !== undefined && base > 0) ratios.push(value / base);
  }
  return summarize(ratios);
}

/** Whether the median keeps the promise. */
export function judge(row: RowResult, { metric, of, over, atLeast, atMost }: Target): Judgement {
  const entrant = row.entrants.find(({ name }) => name === of);
  const measured = over !== undefined ? ratioOf(row, metric, of, over) : entrant && summaryOf(entrant, metric);
  if (measured === undefined) return { measured, met: undefined };
  return { measured, met: measured.median >= (atLeast ?? -Infinity) && measured.median <= (atMost ?? Infinity) };
}

/** Takes a run in: instead of the one on the same major version of Node, or, when only some rows were run, into it. */
export function withRun({ runs }: Results, run: Run, isWhole: boolean): Results {
  const major = (node: string): number => Number.parseInt(node.replace("v", ""), 10);
  const old = runs.find(({ node }) => major(node) === major(run.node));
  const kept = isWhole || old === undefined ? run : { ...run, rows: mergeRows(old.rows, run.rows) };
  return { runs: [...runs.filter((one) => one !== old), kept].sort((a, b) => major(a.node) - major(b.node)) };
}

function mergeRows(old: readonly RowResult[], fresh: readonly RowResult[]): RowResult[] {
  const byName = new Map(fresh.map((row) => [row.name, row]));
  const merged = old.map((row) => byName.get(row.name) ?? row);
  return [...merged, ...fresh.filter(({ name }) => !old.some((row) => row.name === name))];
}
