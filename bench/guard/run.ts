// The guard's command line: measures every case and compares it with its baseline, or records a new one.
//
//   npx pnpm@10 bench:guard            what each case costs, and what it cost
//   npx pnpm@10 bench:guard --record   these costs from now on
//   npx pnpm@10 bench:guard --help

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Baseline, readBaseline, regressions, usual, writeBaseline } from "./baseline.ts";
import { CASES } from "./cases.ts";
import { MeasuringProcess } from "./measuring-process.ts";
import type { Cost } from "./rounds.ts";

const HELP = `Measures the parts of a request in units of a reference loop, and counts what they allocate.

  --record      writes what it measures into bench/guard-baseline.json, for the major version of Node
  --rounds N    processes for each case, of which the median counts (3; 9 to record)
  --node PATH   the Node to measure on (this one)
`;

const { values } = parseArgs({
  options: {
    record: { type: "boolean", default: false },
    rounds: { type: "string" },
    node: { type: "string", default: process.execPath },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  // The path is that of the person's folder: pnpm changes to the workspace's.
  const node = values.node.includes("/") ? resolve(process.env["INIT_CWD"] ?? "", values.node) : values.node;
  const measuring = await MeasuringProcess.prepare(node);
  const platform = await measuring.platform();
  const recorded = readBaseline(platform) ?? {};
  const rounds = Number(values.rounds ?? (values.record ? 9 : 3));
  const measured: Record<string, Cost> = {};
  console.log(`${platform}\n${" ".repeat(38)}   ratio (recorded)    bytes (recorded)`);
  for (const name of Object.keys(CASES)) {
    const costs: Cost[] = [];
    while (costs.length < rounds) costs.push(await measuring.measure(name));
    const cost = usual(costs);
    measured[name] = cost;
    console.log(lineOf(name, cost, recorded));
  }
  if (values.record) writeBaseline(platform, measured);
}

function lineOf(name: string, cost: Cost, baseline: Baseline): string {
  const before = baseline[name];
  const [ratio, bytes] = [cost.ratio.toFixed(3).padStart(8), String(cost.bytes).padStart(8)];
  const [ratioBefore, bytesBefore] = [before?.ratio.toFixed(3) ?? "-", String(before?.bytes ?? "-")];
  const line = `${name.padEnd(38)}${ratio} ${`(${ratioBefore})`.padEnd(10)} ${bytes} ${`(${bytesBefore})`}`;
  if (values.record) return line;
  const worse = regressions(cost, before);
  if (worse.length > 0) process.exitCode = 1;
  return [line, ...worse.map((finding) => `  ${finding}`)].join("\n");
}
