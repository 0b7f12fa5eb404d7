// The loop of a fuzzer that learns: takes an input of its corpus, changes it, has the laws tried, and keeps what was answered in
// a new way. From seeds and a seed of chance the same run comes again.
//
// Own code of a screen, because what there is does not fit: Jazzer.js is libFuzzer as a native add-on that instruments code while
// it is loaded; it needs a build for each platform, and its feedback, new blocks, has nothing to say here, where the seeds cover
// every block already. fast-check makes values by rules and shrinks well, so it drives everything here that has rules (response,
// log, input), but it keeps no corpus.

import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

/** Tries all laws on an input; returns in which way it was answered. */
export type Laws = (bytes: Buffer, random: Random) => string | Promise<string>;

/** Most inputs of a corpus; then new ones take the places of others. */
const MAX_CORPUS = 20_000;

export class FuzzLoop {
  executions = 0;
  readonly #laws: Laws;
  readonly #random: Random;
  readonly #corpus: string[] = [];
  readonly #answers = new Set<string>();
  readonly #seeds: readonly Buffer[];

  constructor(laws: Laws, seeds: readonly Buffer[], random: Random) {
    this.#laws = laws;
    this.#seeds = seeds;
    this.#random = random;
  }

  /** Ways in which inputs were answered. */
  get answers(): number {
    return this.#answers.size;
  }

  get corpusSize(): number {
    return this.#corpus.length;
  }

  /** Tries the seeds as they are. */
  async begin(): Promise<void> {
    for (const seed of this.#seeds) await this.#try(seed.toString("latin1"), true);
  }

  /** Tries so many mutants. */
  async run(count: number): Promise<void> {
    const random = this.#random;
    for (let i = 0; i < count; i++) {
      // What came lately is looked at more: it leads to where few were before.
      const latest = this.#corpus.length - 1 - random.below(Math.min(200, this.#corpus.length));
      const parent = this.#corpus[random.oneIn(2) ? latest : random.below(this.#corpus.length)] as string;
      await this.#try(mutate(parent, random.pick(this.#corpus), random), false);
    }
  }

  async #try(text: string, isKept: boolean): Promise<void> {
    const answer = this.#laws(Buffer.from(text, "latin1"), this.#random);
    const known = typeof answer === "string" ? answer : await answer;
    this.executions++;
    if (this.#answers.has(known) && !isKept) return;
    this.#answers.add(known);
    if (this.#corpus.length < MAX_CORPUS) this.#corpus.push(text);
    else this.#corpus[this.#random.below(MAX_CORPUS)] = text;
  }
}
