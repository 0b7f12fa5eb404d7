// Measures one case in this process: its time in units of the reference loop, and the bytes that a call allocates.
//
// Time. Many short rounds, the case and the loop in turn, and of each the shortest round: whatever else the machine does can
// only make a round longer, and most rounds are shorter than the turn that the system gives a process. So of a machine that is
// busy, hot or slow both know the same, and the ratio of the two says what the code does. Garbage is left out with the
// longer rounds; it is counted instead.
//
// Bytes. The heap before and after some calls, in a young generation so large that nothing is collected in between. Only young
// objects are collected before: a full collection throws away optimised code too, and what that allocates is another number.
// The process runs V8 on a single thread (measuring-process.ts), which makes both the same from run to run: bytes to the byte
// nearly always, times within a few per cent.

import type { Work } from "./cases.ts";
import { reference } from "./reference.ts";

/** What a call costs. */
export interface Cost {
  /** Its time, in turns of the reference loop. */
  readonly ratio: number;
  readonly bytes: number;
}

const ROUND_MILLISECONDS = 0.3;
/** With 200 one process in four had not compiled a whole request to its end, and was up to twice as slow. */
const WARM_UP_ROUNDS = 800;
const ROUNDS = 200;

const BATCHES = 7;
const MAX_BATCH_CALLS = 400;
/** A quarter of the young generation. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Takes in every result, so that no call can be left out. */
let sink = 0;

export function measure(work: Work): Cost {
  const ratio = timeRatio(work);
  const bytes = allocation(work);
  if (sink === 0) throw new Error("the case did nothing");
  return { ratio, bytes };
}

function timeRatio(work: Work): number {
  const [ours, loop] = [new Rounds(work), new Rounds(reference)];
  for (let i = 0; i < WARM_UP_ROUNDS; i++) {
    ours.warmUp();
    if (i % 4 === 0) loop.warmUp(); // it is small
  }
  for (let i = 0; i < ROUNDS; i++) {
    ours.run();
    loop.run();
  }
  return ours.least / loop.least;
}

class Rounds {
  /** Milliseconds of a call in the shortest round. */
  least = Number.POSITIVE_INFINITY;
  readonly #work: Work;
  #calls = 1;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Gets it compiled, and finds out how many calls make a round. */
  warmUp(): void {
    const wanted = ROUND_MILLISECONDS / this.#timeOfCall();
    this.#calls = Math.max(1, Math.round((this.#calls + Math.min(wanted, 2 * this.#calls)) / 2));
  }

  run(): void {
    this.least = Math.min(this.least, this.#timeOfCall());
  }

  #timeOfCall(): number {
    const begun = performance.now();
    for (let i = 0; i < this.#calls; i++) sink += this.#work();
    return (performance.now() - begun) / this.#calls;
  }
}

function allocation(work: Work): number {
  const rough = bytesOfCall(work, 20);
  const calls = Math.max(1, Math.min(MAX_BATCH_CALLS, Math.floor(MAX_BATCH_BYTES / rough)));
  const batches = Array.from({ length: BATCHES }, () => bytesOfCall(work, calls)).sort((a, b) => a - b);
  return batches[BATCHES >> 1] as number;
}

function bytesOfCall(work: Work, calls: number): number {
  globalThis.gc?.({ type: "minor" } as never);
  const before = process.memoryUsage();
  for (let i = 0; i < calls; i++) sink += work();
  const after = process.memoryUsage();
  return (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / calls;
}
