// How long to wait before a process that failed is started again. Failures in, seconds out. Pure.

const FIRST_SECONDS = 0.1;
const MAX_SECONDS = 10;
/** Failures in a row after which a start that never succeeded is given up. */
const MAX_FAILURES = 4;

export class Backoff {
  #failures = 0;

  /** Whether it is worth another try when nothing ever worked. */
  get mayRetry(): boolean {
    return this.#failures < MAX_FAILURES;
  }

  /** Seconds to wait now: none the first time, then twice as long each time. */
  next(): number {
    const failures = this.#failures++;
    return failures === 0 ? 0 : Math.min(MAX_SECONDS, FIRST_SECONDS * 2 ** (failures - 1));
  }

  /** All is well again. */
  reset(): void {
    this.#failures = 0;
  }
}
