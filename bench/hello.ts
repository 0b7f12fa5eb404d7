// Hello world over 64 keep-alive connections, against node:http and the floor of a bare socket: paired in alternating
// rounds, the client in a process of its own, server and client pinned to different cores where that can be done. Prints
// ratios, never a verdict: the numbers of a busy machine are no test.
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
const floor = await start("bare socket", "bare-socket.ts");
const contestants = [ours, theirs, floor];
console.log(`Node ${process.version}, ${load.name}, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
for (const contestant of contestants) await measure(contestant, 1); // warm up

const results: Map<Contestant, Round>[] = [];
for (let round = 1; round <= rounds; round++) {
  const measured = new Map<Contestant, Round>();
  for (let i = 0; i < contestants.length; i++) {
    const contestant = contestants[(round + i) % contestants.length] as Contestant; // another one begins each time
    measured.set(contestant, await measure(contestant, seconds));
  }
  results.push(measured);
  const show = (contestant: Contestant): string => {
    const { rate, cpu } = measured.get(contestant) as Round;
    return `${contestant.name} ${Math.round(rate)}/s ${cpu.toFixed(1)} µs`;
  };
  console.log(`round ${round}: ${contestants.map(show).join(", ")}`);
}

/** How many times faster, and with how many times less processor time a request. */
function compare(one: Contestant, other: Contestant): void {
  const pairs = results.map((measured) => [measured.get(one) as Round, measured.get(other) as Round] as const);
  const rate = summary(pairs.map(([a, b]) => a.rate / b.rate));
  const cpu = summary(pairs.map(([a, b]) => b.cpu / a.cpu));
  console.log(`${one.name} over ${other.name}: requests a second × ${rate}, processor time a request ÷ ${cpu}`);
}

compare(ours, theirs);
compare(ours, floor);
compare(floor, theirs);
for (const { child } of contestants) child.disconnect();
