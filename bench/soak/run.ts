// The soak's command line: mixed traffic for minutes, and whether anything grew, leaked or was miscounted.
//
//   npx pnpm@10 soak                 two minutes
//   npx pnpm@10 soak --minutes 30    the long one
//   npx pnpm@10 soak --leak          the soak's own test: a server that keeps environs must be found out
//   npx pnpm@10 soak --command       the command with two workers, recycled and reloaded all the while
//   npx pnpm@10 soak --help

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { total } from "./account.ts";
import { soakCommand } from "./command.ts";
import { gaugesOf, type SoakReport, soak } from "./soak.ts";

const HELP = `Mixed traffic at full speed for minutes; then every count must agree, and nothing may have grown.

  --minutes N   how long (2)
  --seed N      repeats the same choices of traffic; printed
  --users N     visitors at a time (24)
  --leak        the server keeps what it should not: succeeds when that is found out
  --command     the command with two workers instead, recycled by --max-requests and reloaded by HUP
  --node PATH   the Node of the server (this one)
  --json FILE   writes all samples and counts
`;

/** A fault that is small enough to be missed. */
const LEAKED_EVERY = 50;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string" },
    users: { type: "string", default: "24" },
    leak: { type: "boolean", default: false },
    command: { type: "boolean", default: false },
    node: { type: "string", default: process.execPath },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
/** Paths are those of the person's folder: pnpm changes to the workspace's. */
const pathOf = (path: string): string => resolve(process.env["INIT_CWD"] ?? "", path);

if (values.help) process.stdout.write(HELP);
else if (values.command) await runCommand();
else await runSoak();

async function runSoak(): Promise<void> {
  const seed = Number(values.seed ?? Date.now() % 2 ** 32);
  const node = values.node.includes("/") ? pathOf(values.node) : values.node;
  const [minutes, users] = [Number(values.minutes), Number(values.users)];
  console.log(`soaking for ${minutes} minutes with ${users} visitors, --seed ${seed}`);
  const report = await soak({
    ...{ minutes, seed, users, node, leakedEvery: values.leak ? LEAKED_EVERY : 0 },
    onRound: (round, rounds, { requests, heap, descriptors }) => {
      const memory = (heap / 1024 / 1024).toFixed(2);
      console.log(`${round}/${rounds}  ${requests} requests  heap ${memory} MiB  ${descriptors ?? "?"} descriptors`);
    },
  });
  print(report);
  if (values.json !== undefined) writeFileSync(pathOf(values.json), JSON.stringify({ seed, ...report }, null, 1));
  const isFound = report.findings.some((finding) => finding === "heap has grown");
  if (values.leak) console.log(isFound ? "the leak was found out" : "THE LEAK WAS NOT FOUND OUT");
  if (values.leak ? !isFound : report.findings.length > 0) process.exitCode = 1;
}

function print({ samples, verdicts, findings, server, clients }: SoakReport): void {
  const kinds = [...new Set([...Object.keys(clients.sent), ...Object.keys(server.parsed)])].sort();
  console.log("\nkind             sent    parsed responded     lines     hooks completed     whole");
  for (const kind of kinds) {
    const counts = [clients.sent, server.parsed, server.responded, server.lines, server.hooks, server.completed];
    console.log(`${kind.padEnd(11)}${[...counts, clients.whole].map((tally) => cell(tally[kind] ?? 0)).join("")}`);
  }
  const all = [
    clients.sent,
    server.parsed,
    server.responded,
    server.lines,
    server.hooks,
    server.completed,
    clients.whole,
  ];
  console.log(`${"total".padEnd(11)}${all.map((tally) => cell(total(tally))).join("")}`);
  console.log("\ngauge                      first third  last third    growth  tolerated  trend");
  const gauges = gaugesOf(samples);
  for (const [index, { name, first, last, growth, tolerance, trend, grown }] of verdicts.entries()) {
    const show = gauges[index]?.show ?? String;
    const cells = [
      show(first).padStart(13),
      show(last).padStart(12),
      show(growth).padStart(10),
      show(tolerance).padStart(11),
    ];
    console.log(`${name.padEnd(25)}${cells.join("")}${trend.toFixed(1).padStart(7)}${grown ? "  GROWN" : ""}`);
  }
  console.log(findings.length === 0 ? "\nnothing found" : `\n${findings.join("\n")}`);
}

function cell(value: number): string {
  return String(value).padStart(10);
}

async function runCommand(): Promise<void> {
  const minutes = Number(values.minutes);
  const { answered, farewells, reloads, workers, failures } = await soakCommand(minutes, console.log);
  console.log(
    `${answered} answered, ${failures.length} failed; ${workers} workers, ${reloads} reloads, ${farewells} farewells`,
  );
  for (const failure of failures.slice(0, 20)) console.log(failure);
  if (values.json !== undefined)
    writeFileSync(pathOf(values.json), JSON.stringify({ answered, reloads, workers, failures }));
  if (failures.length > 0) process.exitCode = 1;
}
