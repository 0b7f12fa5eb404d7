// Chance that can be had again: numbers from a seed. What was found with a seed is found with it again.
// fast-check drives what is made by rules (response, log, input); what grows by mutation from a corpus needs only this.

export class Random {
  #state: number;

  /** @param seed any number; its lowest 32 bits count */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `below - 1`. Mulberry32. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}
