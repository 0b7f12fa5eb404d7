// What is looked at by the clock, every second: requests that waited too long, processes that are stuck, and those that have grown.
// It says what it has found; what is done about it is the crew's business.

import { readFile } from "node:fs/promises";
import type { PythonExchange } from "./exchange.ts";
import type { ResolvedOptions } from "./options.ts";
import type { PythonWorker } from "./python-worker.ts";

const WATCH_MILLISECONDS = 1000;
const PAGE_BYTES = 4096;

/** Whom it watches, and who hears of it. */
export interface Watched {
  readonly workers: readonly PythonWorker[];
  /** Requests that were in the queue before then have waited too long. */
  onLate(before: number): void;
  /** These requests, and the post hooks of so many, take too long. */
  onStuck(worker: PythonWorker, requests: readonly PythonExchange[], hooks: number): void;
  onGrown(worker: PythonWorker, bytes: number): void;
}

export class Watch {
  readonly #watched: Watched;
  readonly #options: ResolvedOptions;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(watched: Watched, options: ResolvedOptions) {
    this.#watched = watched;
    this.#options = options;
  }

  /** Begins; it does not keep this process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), WATCH_MILLISECONDS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const { timeout, queueTimeout, maxMemory } = this.#options;
    for (const worker of this.#watched.workers) {
      if (timeout > 0) this.#lookForStuck(worker, now, now - timeout * 1000);
      if (maxMemory > 0) void this.#lookAtMemory(worker, maxMemory);
    }
    if (queueTimeout > 0) this.#watched.onLate(now - queueTimeout * 1000);
  }

  #lookForStuck(worker: PythonWorker, now: number, since: number): void {
    const stuck = worker.begun().filter((exchange) => {
      if (exchange.waitsForClient) exchange.startedAt = now; // the client's time, not the application's
      return exchange.hasBegun ? (exchange.abandonedAt ?? now) < since : (exchange.startedAt ?? now) < since;
    });
    const hooks = worker.hooksSince(since);
    if (stuck.length + hooks > 0 && worker.state === "ready") this.#watched.onStuck(worker, stuck, hooks);
  }

  /** On Linux; elsewhere there is no such file, and no limit. */
  async #lookAtMemory(worker: PythonWorker, maxMemory: number): Promise<void> {
    const text = await readFile(`/proc/${worker.pid}/statm`, "utf8").catch(() => "");
    const bytes = Number(text.split(" ")[1] ?? 0) * PAGE_BYTES;
    if (bytes > maxMemory) this.#watched.onGrown(worker, bytes);
  }
}
