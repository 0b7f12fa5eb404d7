// How many connections are served at a time: eventlet's `max_size`, as the ConnectionPool a server uses by default.
// Tasks in; each runs when there is room. Knows neither sockets nor HTTP. Shared by several servers it is one budget.

import { show, UsageError } from "./errors.ts";
import type { ConnectionPool } from "./options.ts";

export class Pool implements ConnectionPool {
  readonly #size: number;
  #running = 0;
  readonly #waiting: (() => Promise<void>)[] = [];
  #idle: (() => void)[] = [];

  /**
   * @param size most tasks that run at a time; Infinity for any number
   * @throws {UsageError} BAD_OPTION when it is no whole number above 0
   */
  constructor(size: number) {
    if (size !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(size) && size > 0)) {
      throw new UsageError("BAD_OPTION", `Pool: size: expected a whole number above 0, or Infinity, got ${show(size)}`);
    }
    this.#size = size;
  }

  /** Tasks that run. */
  get running(): number {
    return this.#running;
  }

  /** Tasks that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  spawn(task: () => Promise<void>): void {
    if (this.#running < this.#size) this.#run(task);
    else this.#waiting.push(task);
  }

  waitall(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #run(task: () => Promise<void>): void {
    this.#running++;
    let ended: Promise<void>;
    try {
      ended = task();
    } catch {
      ended = Promise.resolve(); // one that throws at once gives its room back like one that rejects
    }
    ended.then(this.#ended, this.#ended);
  }

  readonly #ended = (): void => {
    this.#running--;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#run(next);
      return;
    }
    if (this.#running > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  };
}
