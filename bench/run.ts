// The suite's command line: which rows, how long, on which Node; runs them, tells what came out, and keeps it.
//
//   npx pnpm@10 bench                  every row, then results/latest.json and docs/performance.md
//   npx pnpm@10 bench --only hello     one row, printed
//   npx pnpm@10 bench --help

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Bench } from "./bench.ts";
import { findLoadGenerator } from "./load.ts";
import { describeMachine, findPeers, installedVersion, type Peers, versionOf } from "./machine.ts";
import { runRow } from "./paired.ts";
import { linesOf, linesOfProfile } from "./print.ts";
import { profileRow } from "./profile.ts";
import { readResults, writeReport, writeResults } from "./report-files.ts";
import { type RowResult, type Run, withRun } from "./results.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows.ts";

const HELP = `Measures @wsgi/core and its peers, row by row.

  --only NAME      only this row; may be given again
  --list           names the rows and ends
  --rounds N       rounds of each row (4)
  --seconds N      seconds of load in each round (1)
  --node PATH      the Node that the servers run on (this one)
  --bun PATH       where Bun is (on the path)
  --deno PATH      where Deno is (on the path)
  --python PATH    the Python that has eventlet, gunicorn and waitress
  --save           keeps rows chosen with --only in results/latest.json too
  --profile        tells where the time of the rows' servers on Node goes, by V8's samples
  --report         measures nothing, writes docs/performance.md from results/latest.json
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    rounds: { type: "string", default: "4" },
    seconds: { type: "string", default: "1" },
    node: { type: "string", default: process.execPath },
    bun: { type: "string" },
    deno: { type: "string" },
    python: { type: "string" },
    save: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

try {
  if (values.help) process.stdout.write(HELP);
  else if (values.list) for (const { name, title } of ROWS) console.log(`${name.padEnd(12)} ${title}`);
  else if (values.report) writeReport(readResults());
  else await run();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const rows = chosen(values.only);
  const begun = Date.now();
  // The paths are those of the person's folder: pnpm changes to the workspace's.
  const at = (path: string): string => (path.includes("/") ? resolve(process.env["INIT_CWD"] ?? "", path) : path);
  const node = at(values.node);
  const peers = findPeers({
    bun: values.bun && at(values.bun),
    deno: values.deno && at(values.deno),
    python: values.python && at(values.python),
  });
  const bench = await Bench.create(node, peers, findLoadGenerator());
  process.on("exit", () => bench.dispose());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

  const one = describeRun(bench, peers);
  console.log(`${one.machine.cpu}, ${one.machine.cores} cores; Node ${one.node}, ${one.loadGenerator}`);
  console.log(
    Object.entries(one.peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
  if (values.profile) return profile(rows, bench);
  const results: RowResult[] = [];
  for (const row of rows) results.push(await measure(row, bench));

  if (values.only.length === 0 || values.save) {
    const all = withRun(readResults(), { ...one, rows: results }, values.only.length === 0);
    writeResults(all);
    writeReport(all);
  }
  console.log(`\n${rows.length} ${rows.length === 1 ? "row" : "rows"} in ${Math.round((Date.now() - begun) / 1000)} s`);
  if (results.some(({ failed }) => failed !== undefined)) process.exitCode = 1;
}

async function profile(rows: readonly Row[], bench: Bench): Promise<void> {
  for (const row of rows) {
    console.log(`\n${row.name}: ${row.title}`);
    for (const one of await profileRow(row, bench, count("seconds"))) {
      console.log(linesOfProfile(one).join("\n"));
    }
  }
}

async function measure(row: Row, bench: Bench): Promise<RowResult> {
  console.log(`\n${row.name}: ${row.title}`);
  const tell = (line: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`${line}\r`);
  };
  const result = await runRow(row, bench, { rounds: count("rounds"), seconds: count("seconds"), tell });
  for (const line of linesOf(result)) console.log(line);
  return result;
}

function count(name: "rounds" | "seconds"): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name}: expected a whole number, got ${values[name]}`);
  return number;
}

function chosen(names: readonly string[]): readonly Row[] {
  if (names.length === 0) return ROWS;
  return names.map((name) => {
    const row = ROWS.find((one) => one.name === name);
    if (row === undefined) throw new Error(`--only ${name}: expected one of ${ROWS.map((one) => one.name).join(", ")}`);
    return row;
  });
}

function describeRun(bench: Bench, peers: Peers): Omit<Run, "rows"> {
  const node = versionOf(bench.node);
  if (node === undefined) throw new Error(`--node ${bench.node}: it does not run`);
  const found = Object.entries(peers).map(([name, peer]) => [name, "absent" in peer ? peer.absent : peer.version]);
  const installed = ["fastify", "hono", "@hono/node-server"].map((name) => [name, installedVersion(name)]);
  return {
    node: `v${node}`,
    at: new Date().toISOString(),
    machine: describeMachine(),
    pinned: bench.pinned,
    loadGenerator: bench.load.name === "autocannon" ? `autocannon ${installedVersion("autocannon")}` : bench.load.name,
    peers: Object.fromEntries([...installed, ...found]) as Record<string, string>,
  };
}
