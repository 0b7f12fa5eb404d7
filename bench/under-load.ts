// Entrants whose server is put under a load by the generator: requests a second, processor time a request, latencies.

import type { ServerSpec } from "./contestants.ts";
import type { Load } from "./load-types.ts";
import type { Sample } from "./results.ts";
import type { ServedEntrant, ServedRound } from "./row.ts";
import { HELLO } from "./servers/workload.ts";
import { verify } from "./verify.ts";

export const PLAIN: Load = {
  scheme: "http",
  method: "GET",
  path: "/",
  headers: [],
  answer: HELLO,
  connections: 64,
  pipelined: 1,
  reconnect: false,
};

/** Where in a chart it stands; and whether what a unit of `x` costs is of interest. */
export interface Place {
  readonly series?: string;
  readonly x?: number;
  readonly perUnit?: boolean;
}

/** @param change what differs from hello world over 64 connections that are kept */
export function underLoad(
  name: string,
  server: ServerSpec,
  change: Partial<Load> = {},
  { perUnit = false, ...place }: Place = {},
): ServedEntrant {
  const load = { ...PLAIN, ...change };
  return {
    name,
    server,
    ...place,
    check: (round) => verify(load, round.server.port),
    measure: (round) => measure(load, round, perUnit ? place.x : undefined),
  };
}

async function measure(
  load: Load,
  { bench, server, seconds }: ServedRound,
  units: number | undefined,
): Promise<Sample> {
  const before = server.cpuTime;
  const { requests, seconds: taken, p50, p99 } = await bench.load.run(load, server.port, seconds, bench.newFile("txt"));
  const after = server.cpuTime;
  const cpu = before === undefined || after === undefined ? undefined : (after - before) / requests;
  const bytes = (load.body?.length ?? 0) + (typeof load.answer === "number" ? load.answer : load.answer.length);
  return {
    ...{ rate: requests / taken, throughput: (bytes * requests) / taken / 1e6 },
    ...(load.pipelined === 1 && { p50, p99 }), // else they are those of some of a batch
    ...(cpu !== undefined && { cpu }),
    ...(cpu !== undefined && units !== undefined && { unitCost: (cpu * 1000) / units }),
  };
}
