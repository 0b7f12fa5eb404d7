// The deadline of a shutdown: the nearest one asked for wins, and it fires once. Seconds in, an AbortSignal out.

import { ClientDisconnected } from "./errors.ts";

/** setTimeout's own limit, 24.8 days. */
export const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** Resolves when the signal fires, or has fired. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

export class ShutdownDeadline {
  readonly #controller = new AbortController();
  #at = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Fires when the time is up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Brings the deadline to that many seconds from now, unless it is nearer already. */
  bring(seconds: number): void {
    const at = performance.now() + seconds * 1000;
    if (at >= this.#at) return;
    this.#at = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), Math.min(seconds * 1000, MAX_TIMER_MILLISECONDS));
  }

  /** The shutdown is over in time: no later call sets a timer that would keep the process. */
  clear(): void {
    this.#at = Number.NEGATIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #fire(): void {
    this.#controller.abort(new ClientDisconnected("the server cut the connection: its time to close was up"));
  }
}
