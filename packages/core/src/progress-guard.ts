// Tells a slow peer from a quiet one: watches one direction of a connection while the server waits for the peer.
// Time and byte counts in, a verdict out. Pure: the clock is the caller's. RFC 9110 has no word on it; the measure is
// Kestrel's: a minimum rate after a grace, judged only while bytes are wanted or waiting to be taken.

export interface ProgressLimits {
  /** Seconds without progress; 0 = no limit. */
  readonly socketTimeout: number;
  /** Bytes a second; 0 = no limit. */
  readonly minimumDataRate: number;
  /** Seconds before the rate is judged. */
  readonly dataRateGrace: number;
}

export class ProgressGuard {
  readonly #limits: ProgressLimits;
  #waiting = false;
  /** Where the period that is judged began. */
  #startTime = 0;
  #startBytes = 0;
  #lastProgress = 0;
  #lastBytes = 0;

  constructor(limits: ProgressLimits) {
    this.#limits = limits;
  }

  /**
   * Looks once; call it every so often.
   *
   * @param now seconds of any steady clock
   * @param waiting whether the server waits for the peer just now
   * @param bytes how many bytes have moved in all
   * @param pending bytes handed to the system's care that the peer must take: they get the time their size needs,
   *   because the system reports progress in bursts as large as its own buffer
   * @returns what is wrong, or undefined
   */
  check(now: number, waiting: boolean, bytes: number, pending = 0): string | undefined {
    if (!waiting || !this.#waiting) {
      this.#waiting = waiting;
      this.#restart(now, bytes);
      this.#lastProgress = now;
      return undefined;
    }
    if (bytes !== this.#lastBytes) {
      this.#lastBytes = bytes;
      this.#lastProgress = now;
    }
    const { socketTimeout, minimumDataRate, dataRateGrace } = this.#limits;
    if (socketTimeout > 0 && now - this.#lastProgress >= socketTimeout) return `no progress for ${socketTimeout} s`;
    const elapsed = now - this.#startTime;
    if (minimumDataRate === 0 || elapsed < dataRateGrace) return undefined;
    const moved = bytes - this.#startBytes;
    const slow =
      pending === 0 ? moved < elapsed * minimumDataRate : elapsed > dataRateGrace + (moved + pending) / minimumDataRate;
    if (slow) return `${Math.round(moved / elapsed)} bytes a second, fewer than ${minimumDataRate}`;
    if (pending === 0) this.#restart(now, bytes); // a fast start is no credit for a trickle
    return undefined;
  }

  #restart(now: number, bytes: number): void {
    this.#startTime = now;
    this.#startBytes = bytes;
    this.#lastBytes = bytes;
  }
}
