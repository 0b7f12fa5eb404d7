// Workers of a running command, as seen from outside: by its log and by the system's list of processes.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningCommand } from "./command.ts";
import { ask } from "./load.ts";

/** An application that answers with a word and its process; `/busy` keeps the process busy for some milliseconds. */
export function answeringVersion(version: string): string {
  return `export default (environ, startResponse) => {
  const until = performance.now() + (environ.PATH_INFO === "/busy" ? 5 : 0);
  while (performance.now() < until);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["${version} " + process.pid];
};
`;
}

/** The text of a module's beginning: `released()` resolves when `release` was called for the command's folder. */
export const RELEASED = `import { existsSync as isThere } from "node:fs";
const released = async () => { while (!isThere("released")) await new Promise((resolve) => setTimeout(resolve, 5)); };
`;

/** Lets go on what waits for `released()` in a folder. */
export function release({ folder }: { readonly folder: string }): void {
  writeFileSync(join(folder, "released"), "");
}

/** The workers that ever served, in the order they began to. */
export function served({ output }: RunningCommand): number[] {
  return [...output.matchAll(/worker (\d+) serves/g)].map(([, pid]) => Number(pid));
}

/** Resolves when so many workers have begun to serve since the start. */
export async function servedCount(command: RunningCommand, count: number): Promise<number[]> {
  await command.printed(new RegExp(`(?:worker \\d+ serves[\\s\\S]*?){${count}}`));
  return served(command);
}

/** Whether a process is there and runs: one that has ended and was not collected does not. */
export function isAlive(pid: number): boolean {
  return !["", "Z", "X"].includes(stateOf(pid));
}

/** The state of a process as the system calls it; empty when there is none. */
export function stateOf(pid: number): string {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** Child processes of a process that run. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      if (!isAlive(child)) return false;
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${child}/stat`, "utf8"))?.[1]) === pid;
      } catch {
        return false; // it ended meanwhile
      }
    });
}

/** Waits for a state of other processes, which nobody announces. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

/**
 * Asks until so many processes have answered. One that is busy leaves connections to the others: without that, the system
 * may wake the same one each time.
 */
export async function answeredBy(url: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  await eventually(async () => {
    const replies = await Promise.all(Array.from({ length: 16 }, () => ask(url, "/busy")));
    for (const { body } of replies) seen.add(body);
    return seen.size >= count;
  });
  return seen;
}

export async function ended(...pids: readonly number[]): Promise<void> {
  await eventually(() => !pids.some(isAlive));
}
