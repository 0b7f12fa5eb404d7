// Processor time and memory of all processes of a group, from /proc. Where there is no /proc, both are unknown.

import { readdirSync, readFileSync } from "node:fs";

/** The ids of a group's processes; none where there is no /proc. */
function members(group: number): number[] {
  return list("/proc").filter((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    return stat !== "" && Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === group;
  });
}

/** Microseconds of processor time that the threads of a group, as far as they live, have had. */
export function cpuTimeOf(group: number): number | undefined {
  const times = members(group).flatMap((pid) =>
    list(`/proc/${pid}/task`).map((task) => Number(read(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0]) / 1000),
  );
  return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time);
}

/** Bytes of resident memory: now, and at most so far. */
export function memoryOf(group: number): { now: number; peak: number } | undefined {
  const all = members(group).map((pid) => read(`/proc/${pid}/status`));
  const sum = (field: RegExp): number =>
    all.reduce((bytes, status) => bytes + Number(field.exec(status)?.[1] ?? 0) * 1024, 0);
  return all.length === 0 ? undefined : { now: sum(/^VmRSS:\s+(\d+)/m), peak: sum(/^VmHWM:\s+(\d+)/m) };
}

function list(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // it has ended, or there is no /proc
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
