// Where the time of a row's servers goes: each that runs on Node is loaded while V8 samples its stacks. A row in, tables of shares
// out. What a sample says of the kernel is that no JavaScript ran.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Bench } from "./bench.ts";
import type { Row, ServedEntrant } from "./row.ts";
import type { Launch } from "./server-process.ts";

/** The parts of V8's `.cpuprofile` that are used. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Identifiers of nodes. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Of the time in which the process was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  /** What the time went to, in a few words each; the largest first. */
  readonly groups: readonly Share[];
  /** Functions, without what they called; the largest first. */
  readonly functions: readonly Share[];
}

export interface EntrantProfile extends ProfileSummary {
  readonly name: string;
  /** Processor time of a request in microseconds, without a profiler; undefined where the row does not count requests. */
  readonly cpu: number | undefined;
}

const IDLE = "(idle)";

/** Sums up samples. */
export function summarize({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  let whole = 0;
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    const time = timeDeltas[i] ?? 0;
    if (frame === undefined || frame.functionName === IDLE) continue;
    whole += time;
    const group = groupOf(frame.functionName, frame.url);
    const name = frame.functionName || `line ${frame.lineNumber + 1}`;
    groups.set(group, (groups.get(group) ?? 0) + time);
    const place = name.startsWith("(") ? name : `${name}, ${group}`;
    functions.set(place, (functions.get(place) ?? 0) + time);
  }
  const shares = (times: ReadonlyMap<string, number>): Share[] =>
    [...times]
      .map(([name, time]) => ({ name, share: time / whole }))
      .sort((one, other) => other.share - one.share || (one.name < other.name ? -1 : 1));
  return { groups: shares(groups), functions: shares(functions) };
}

/** Whose code it is. */
function groupOf(name: string, url: string): string {
  if (name === "(program)") return "kernel, and what is not JavaScript";
  if (name === "(garbage collector)") return "garbage collection";
  if (url.startsWith("node:")) return "Node's JavaScript";
  const own = /packages\/(\w+)\/(?:dist|src)\//.exec(url)?.[1];
  if (own !== undefined) return `@wsgi/${own}`;
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (installed !== undefined) return installed;
  return url === "" ? "native functions" : "the application";
}

/** Profiles those servers of a row that run on Node, one after the other. */
export async function profileRow(row: Row, bench: Bench, seconds: number): Promise<EntrantProfile[]> {
  const profiles: EntrantProfile[] = [];
  const done = new Set<string>();
  for (const entrant of row.entrants) {
    const { server } = entrant;
    if (server === undefined || server.needs !== undefined || server.wholeMachine || done.has(server.key)) continue;
    done.add(server.key);
    profiles.push(await profileEntrant(entrant, bench, seconds));
  }
  return profiles;
}

async function profileEntrant(entrant: ServedEntrant, bench: Bench, seconds: number): Promise<EntrantProfile> {
  const file = bench.newFile("cpuprofile");
  const server = await bench.start((port) => withProfiler(entrant.server.launch(bench, port), bench, file));
  try {
    await server.listening();
    const round = { bench, seconds, server };
    await entrant.check?.(round);
    await entrant.measure(round); // warm up
    const { cpu } = await entrant.measure(round);
    server.signal("SIGUSR2");
    await entrant.measure(round);
    server.signal("SIGUSR2");
    for (const end = Date.now() + 20_000; !existsSync(file); await wait(10)) {
      if (Date.now() > end) throw new Error(`${entrant.name}: no profile came: ${server.printed.trim().slice(-300)}`);
    }
    return { name: entrant.name, cpu, ...summarize(JSON.parse(readFileSync(file, "utf8")) as CpuProfile) };
  } finally {
    await bench.stop(server);
  }
}

function withProfiler(launch: Launch, bench: Bench, file: string): Launch {
  const program = launch.args.indexOf("tsx") + 1; // after the loader of TypeScript
  const url = `${pathToFileURL(join(bench.home, "servers", "profiler.ts"))}?${encodeURIComponent(file)}`;
  return { ...launch, args: [...launch.args.slice(0, program), "--import", url, ...launch.args.slice(program)] };
}
