// Servers against one another: paired in alternating rounds of load over 64 connections at a time, the client in a process
// of its own, server and client pinned to different cores where that can be done. Files of bench/servers in; ratios, never
// a verdict, out: the numbers of a busy machine are no test.

import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { join } from "node:path";
import type { ServerMessage } from "./cpu-time.ts";
import { findLoadGenerator, isInstalled, type LoadTarget } from "./load.ts";
import { summary } from "./summary.ts";

const CONNECTIONS = 64;

const load = findLoadGenerator();
const canPin = isInstalled("taskset") && cpus().length > 1;

/** A server that takes part: how it is called, its file, and what that is given as arguments. */
export type Contestant = readonly [name: string, file: string, ...args: readonly string[]];

interface Running {
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

/** Runs all contestants; rounds and their seconds are the program's arguments. Then compares these pairs of names. */
export async function runPaired(
  contestants: readonly Contestant[],
  pairs: readonly (readonly [one: string, other: string])[],
  target: LoadTarget = { scheme: "http", reconnect: false },
): Promise<void> {
  const rounds = Number(process.argv[2] ?? 7);
  const seconds = Number(process.argv[3] ?? 2);
  const running: Running[] = [];
  for (const contestant of contestants) running.push(await start(contestant));
  console.log(`Node ${process.version}, ${load.name}, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
  for (const one of running) await measure(one, target, 1); // warm up

  const results: Map<string, Round>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const measured = new Map<string, Round>();
    for (let i = 0; i < running.length; i++) {
      const one = running[(round + i) % running.length] as Running; // another one begins each time
      measured.set(one.name, await measure(one, target, seconds));
    }
    results.push(measured);
    const show = ({ name }: Running): string => {
      const { rate, cpu } = measured.get(name) as Round;
      return `${name} ${Math.round(rate)}/s ${cpu.toFixed(1)} µs`;
    };
    console.log(`round ${round}: ${running.map(show).join(", ")}`);
  }
  for (const [one, other] of pairs) console.log(compare(results, one, other));
  for (const { child } of running) child.disconnect();
}

async function start([name, file, ...args]: Contestant): Promise<Running> {
  const child = fork(join(import.meta.dirname, "servers", file), args, { execArgv: ["--import", "tsx"] });
  const [{ port }] = (await once(child, "message")) as [ServerMessage];
  if (canPin) execFileSync("taskset", ["-apc", "0", `${child.pid}`], { stdio: "ignore" });
  return { name, child, port: port as number };
}

async function cpuTime({ child }: Running): Promise<number> {
  child.send("cpu");
  const [{ cpu }] = (await once(child, "message")) as [ServerMessage];
  return cpu as number;
}

async function measure(one: Running, target: LoadTarget, duration: number): Promise<Round> {
  const before = await cpuTime(one);
  const result = await load.run(target, one.port, duration, CONNECTIONS, canPin ? ["taskset", "-c", "1"] : []);
  const after = await cpuTime(one);
  return { rate: result.requests / result.seconds, cpu: (after - before) / result.requests };
}

/** How many times faster, and with how many times less processor time a request. */
function compare(results: readonly Map<string, Round>[], one: string, other: string): string {
  const pairs = results.map((measured) => [measured.get(one) as Round, measured.get(other) as Round] as const);
  const rate = summary(pairs.map(([a, b]) => a.rate / b.rate));
  const cpu = summary(pairs.map(([a, b]) => b.cpu / a.cpu));
  return `${one} over ${other}: requests a second × ${rate}, processor time a request ÷ ${cpu}`;
}
