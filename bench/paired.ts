// Runs a row: its servers start, each answer is checked once, each server warms up, and then all of them are measured in turn,
// round by round, another one first each time. So what the machine does meanwhile hits all of them alike. Ratios are later made
// of numbers of the same round. Knows no entrant by name.

import type { Bench } from "./bench.ts";
import type { EntrantResult, RowResult, Sample } from "./results.ts";
import type { Entrant, Row } from "./row.ts";
import type { ServerProcess } from "./server-process.ts";

export interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  /** Told what happens, line by line. */
  readonly tell: (line: string) => void;
}

/** An entrant that can be measured. */
interface Ready {
  readonly entrant: Entrant;
  readonly samples: Sample[];
  measure(): Promise<Sample>;
}

export async function runRow(row: Row, bench: Bench, settings: Settings): Promise<RowResult> {
  const rounds = Math.min(settings.rounds, row.maxRounds ?? Infinity);
  const seconds = Math.max(settings.seconds, row.minSeconds ?? 0);
  const servers = new Map<string, ServerProcess>();
  const absent = new Map<Entrant, string>();
  const ready: Ready[] = [];
  let failed: string | undefined;
  bench.pinClient(!row.entrants.some(({ server }) => server?.wholeMachine));
  try {
    for (const entrant of row.entrants) {
      const why = whyAbsent(entrant, row, bench);
      if (why !== undefined) absent.set(entrant, why);
      else ready.push(await prepare(entrant, servers, bench, seconds));
    }
    for (const one of firstOfEachServer(ready)) await one.measure(); // warm up
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < ready.length; i++) {
        const { samples, measure } = ready[(round + i) % ready.length] as Ready;
        samples.push(await measure());
      }
      settings.tell(`  round ${round + 1} of ${rounds}`);
    }
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
  } finally {
    for (const server of servers.values()) await bench.stop(server);
    bench.pinClient(true);
  }
  const result = (entrant: Entrant): EntrantResult => ({
    ...placeOf(entrant),
    ...(absent.has(entrant) && { absent: absent.get(entrant) as string }),
    samples: failed !== undefined ? [] : (ready.find((one) => one.entrant === entrant)?.samples ?? []),
  });
  return {
    ...{ name: row.name, title: row.title, about: row.about, at: new Date().toISOString(), rounds, seconds },
    entrants: row.entrants.map(result),
    targets: row.targets,
    ...(row.scaling !== undefined && { scaling: row.scaling }),
    ...(failed !== undefined && { failed }),
  };
}

/** Entrants of one server run the same code, so that one of them warms it up. */
function firstOfEachServer(ready: readonly Ready[]): Ready[] {
  const keys = ready.map(({ entrant }) => entrant.server?.key ?? entrant.name);
  return ready.filter((_, index) => keys.indexOf(keys[index] as string) === index);
}

function placeOf({ name, series, x }: Entrant): Omit<EntrantResult, "samples"> {
  return { name, ...(series !== undefined && { series }), ...(x !== undefined && { x }) };
}

function whyAbsent({ server }: Entrant, { openFiles = 0 }: Row, bench: Bench): string | undefined {
  if (openFiles > bench.maxOpenFiles) return `needs ${openFiles} open files, ulimit -n is ${bench.maxOpenFiles}`;
  const found = server?.needs === undefined ? undefined : bench.peers[server.needs];
  return found !== undefined && "absent" in found ? found.absent : undefined;
}

async function prepare(
  entrant: Entrant,
  servers: Map<string, ServerProcess>,
  bench: Bench,
  seconds: number,
): Promise<Ready> {
  const spec = entrant.server;
  if (spec === undefined) return { entrant, samples: [], measure: () => entrant.measure({ bench, seconds }) };
  let server = servers.get(spec.key);
  if (server === undefined) {
    server = await bench.start((port) => spec.launch(bench, port), spec.wholeMachine);
    servers.set(spec.key, server);
  }
  const round = { bench, seconds, server };
  try {
    await server.listening();
    await entrant.check?.(round);
  } catch (error) {
    throw new Error(`${entrant.name}: ${error instanceof Error ? error.message : error}`);
  }
  return { entrant, samples: [], measure: () => entrant.measure(round) };
}
