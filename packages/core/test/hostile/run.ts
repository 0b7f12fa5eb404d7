// Attacks a server and tells what a normal client noticed: npx pnpm@10 run attacks [--only NAME] [--seconds 2] [--pairs 3] [--json]
// Server, attacker and client are processes. Slices of calm and attack take turns, so that what the machine does meanwhile hits
// both; the ratio is the median of those of the pairs. It is a measurement and judges nothing: hostile*.test.ts does.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ATTACKS, type Attack } from "./attacks.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    seconds: { type: "string", default: "2" },
    pairs: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const [seconds, pairs] = [Number(values.seconds), Number(values.pairs)];

interface Facts {
  readonly living: number;
  readonly rss: number;
  readonly handles: number;
  readonly cpu: number;
  readonly connections: number;
}

interface Slice {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
  readonly failures: readonly string[];
}

function start(file: string, ...args: string[]): ChildProcess {
  const execArgv = ["--expose-gc", "--import", "tsx"];
  return fork(join(import.meta.dirname, file), args, { execArgv, stdio: ["ignore", "inherit", "ignore", "ipc"] });
}

async function ask<T>(child: ChildProcess): Promise<T> {
  const answer = once(child, "message");
  child.send("tell");
  return (await answer)[0] as T;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** What the client notices for some seconds. */
async function slice(client: ChildProcess): Promise<Slice> {
  await ask(client);
  await wait(seconds * 1000);
  const { latencies, failures } = await ask<{ latencies: number[]; failures: string[] }>(client);
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length, failures };
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;

async function measure(attack: Attack): Promise<Record<string, unknown>> {
  const victim = start("victim.ts");
  const [{ port }] = (await once(victim, "message")) as [{ port: number }];
  const client = start("normal-client.ts", String(port));
  await wait(1500); // to warm up
  const before = await ask<Facts>(victim);
  const slices: { calm: Slice; attack: Slice }[] = [];
  let during = before;
  for (let i = 0; i < pairs; i++) {
    const calm = await slice(client);
    const attacker = start("attacker.ts", attack.name, String(port));
    setPriority(attacker.pid as number, constants.priority.PRIORITY_LOW); // it has machines of its own in life
    await wait(1500); // until it has opened its connections
    slices.push({ calm, attack: await slice(client) });
    const facts = await ask<Facts>(victim);
    if (facts.living >= during.living) during = facts;
    await end(attacker);
    for (let facts = await ask<Facts>(victim); facts.connections > 8; facts = await ask(victim)) await wait(100);
  }
  const after = await ask<Facts>(victim);
  await Promise.all([end(client), end(victim)]);
  const all = (key: "p50" | "p99", of: "calm" | "attack"): number => median(slices.map((pair) => pair[of][key]));
  return {
    name: attack.name,
    ...{
      calmP50: all("p50", "calm"),
      attackP50: all("p50", "attack"),
      calmP99: all("p99", "calm"),
      attackP99: all("p99", "attack"),
    },
    ratio: median(slices.map((pair) => pair.attack.p99 / pair.calm.p99)),
    failures: slices.reduce((sum, pair) => sum + pair.attack.failures.length, 0),
    served: slices.reduce((sum, pair) => sum + pair.attack.count, 0),
    connections: during.connections,
    grownMiB: (during.living - before.living) / 2 ** 20,
    keptMiB: (after.living - before.living) / 2 ** 20,
    handlesKept: after.handles - before.handles,
    failed: [...new Set(slices.flatMap(({ attack }) => attack.failures))].join("; ") || "none",
  };
}

const results: Record<string, unknown>[] = [];
const shown = (value: unknown): string =>
  typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : String(value);
for (const attack of ATTACKS.filter(({ name }) => values.only === undefined || values.only.includes(name))) {
  const result = await measure(attack);
  results.push(result);
  if (!values.json)
    console.log(
      Object.entries(result)
        .map(([key, value]) => `${key} ${shown(value)}`)
        .join("  "),
    );
}
if (values.json) console.log(JSON.stringify({ node: process.version, seconds, pairs, results }, null, 1));
