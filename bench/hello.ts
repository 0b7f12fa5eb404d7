// Hello world over 64 keep-alive connections, against node:http: paired in alternating rounds, the client in a process of
// its own, server and client pinned to different cores where that can be done. Prints the ratio, never a verdict: the
// numbers of a busy machine are no test.
//
//   npx pnpm@10 bench [rounds] [seconds]

import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { join } from "node:path";
import type { ServerMessage } from "./cpu-time.ts";
import { findLoadGenerator, isInstalled } from "./load.ts";

const CONNECTIONS = 64;
const rounds = Number(process.argv[2] ?? 7);
const seconds = Number(process.argv[3] ?? 2);

const load = findLoadGenerator();
const canPin = isInstalled("taskset") && cpus().length > 1;

interface Contestant {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
}

interface Round {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds of the server's processor time a request. */
  readonly cpu: number;
}

async function start(name: string, file: string): Promise<Contestant> {
  const child = fork(join(import.meta.dirname, "servers", file), { execArgv: ["--import", "tsx"] });
  const [{ port }] = (await once(child, "message")) as [ServerMessage];
  if (canPin) execFileSync("taskset", ["-apc", "0", `${child.pid}`], { stdio: "ignore" });
  return { name, child, port: port as number };
}

async function cpuTime({ child }: Contestant): Promise<number> {
  child.send("cpu");
  const [{ cpu }] = (await once(child, "message")) as [ServerMessage];
  return cpu as number;
}

async function measure(contestant: Contestant, duration: number): Promise<Round> {
  const before = await cpuTime(contestant);
  const result = await load.run(contestant.port, duration, CONNECTIONS, canPin ? ["taskset", "-c", "1"] : []);
  const after = await cpuTime(contestant);
  return { rate: result.requests / result.seconds, cpu: (after - before) / result.requests };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function summary(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}

const ours = await start("@wsgi/core", "wsgi.ts");
const theirs = await start("node:http", "node-http.ts");
console.log(`Node ${process.version}, ${load.name}, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
for (const contestant of [ours, theirs]) await measure(contestant, 1); // warm up

const rateRatios: number[] = [];
const cpuRatios: number[] = [];
for (let round = 1; round <= rounds; round++) {
  const first = round % 2 === 1 ? ours : theirs;
  const second = first === ours ? theirs : ours;
  const results = new Map([[first, await measure(first, seconds)]]);
  results.set(second, await measure(second, seconds));
  const [a, b] = [results.get(ours) as Round, results.get(theirs) as Round];
  rateRatios.push(a.rate / b.rate);
  cpuRatios.push(b.cpu / a.cpu);
  const show = ({ rate, cpu }: Round): string => `${Math.round(rate)}/s ${cpu.toFixed(1)} µs`;
  console.log(`round ${round}: @wsgi/core ${show(a)}, node:http ${show(b)}, ratio ${(a.rate / b.rate).toFixed(2)}`);
}
console.log(`requests a second, @wsgi/core over node:http: ${summary(rateRatios)}`);
console.log(`processor time a request, node:http over @wsgi/core: ${summary(cpuRatios)}`);
ours.child.disconnect();
theirs.child.disconnect();
