// What /proc tells of processes. Linux only, as the tests that use it.

import { readdirSync, readFileSync } from "node:fs";

/** Whether it is there and no zombie. */
export function isAlive(pid: number): boolean {
  return state(pid) !== undefined && state(pid) !== "Z";
}

/** Processes whose parent is `pid`, zombies too. */
export function childrenOf(pid: number): { pid: number; state: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const [one, parent] = facts(Number(name)) ?? [];
    return one !== undefined && parent === pid ? [{ pid: Number(name), state: one }] : [];
  });
}

/** Bytes of memory that it has had at most. */
export function peakMemory(pid: number | "self"): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

function state(pid: number): string | undefined {
  return facts(pid)?.[0];
}

function facts(pid: number): [state: string, parent: number] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return [state as string, Number(parent)];
  } catch {
    return undefined;
  }
}
