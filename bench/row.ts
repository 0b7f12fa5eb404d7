// What a row of the suite is: entrants that are measured in turn, and what is promised of them. Types only.

import type { Bench } from "./bench.ts";
import type { ServerSpec } from "./contestants.ts";
import type { Sample, Scaling, Target } from "./results.ts";
import type { ServerProcess } from "./server-process.ts";

/** What a measurement has at hand. */
export interface Round {
  readonly bench: Bench;
  /** How long it should load a server. */
  readonly seconds: number;
}

/** The same with the server that the entrant asked for. */
export interface ServedRound extends Round {
  readonly server: ServerProcess;
}

interface Named {
  readonly name: string;
  readonly series?: string;
  readonly x?: number;
}

/** Runs against a server that lives for the whole row; entrants with equal specifications share one. */
export interface ServedEntrant extends Named {
  readonly server: ServerSpec;
  /** Throws when the server's answer is not the right one: called once before any load. */
  check?(round: ServedRound): Promise<void>;
  measure(round: ServedRound): Promise<Sample>;
}

/** Starts what it measures itself. */
export interface LoneEntrant extends Named {
  readonly server?: undefined;
  measure(round: Round): Promise<Sample>;
}

export type Entrant = ServedEntrant | LoneEntrant;

export interface Row {
  readonly name: string;
  readonly title: string;
  /** What the reader of the report has to know of the load. */
  readonly about: string;
  readonly entrants: readonly Entrant[];
  readonly targets: readonly Target[];
  readonly scaling?: Scaling;
  /** Most rounds, for what takes long or does not vary. */
  readonly maxRounds?: number;
  /** How many connections a process holds, where it is so many that the system may forbid it. */
  readonly openFiles?: number;
  /** Least seconds of a load, for what takes long to get going. */
  readonly minSeconds?: number;
}
