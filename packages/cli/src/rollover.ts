// New workers for old ones, one at a time: a new one serves before an old one ends, and a new one that fails ends it there. It
// does so for all of them (a reload) and for a single one that has had its time. It knows neither signals nor how a worker is
// started; what the new ones are to be, whoever made it says.

import type { LoggerLike } from "@wsgi/core";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface RolloverEvents {
  /** Nobody is to be replaced any more. */
  isStopping(): boolean;
  /** A new worker, which is to take another one's place. */
  start(): WorkerProcess;
  /** An old one finishes what it has. */
  drain(worker: WorkerProcess): void;
  /** Before a reload: reads what the new workers are to be. @returns false when that is not good */
  prepare(): Promise<boolean>;
  /** From here on workers are of the new kind. */
  begin(): void;
  /** All are new. */
  finish(): void;
  /** As many workers as there are to be, after some were replaced or could not be. */
  level(): void;
}

/** How long no worker is recycled after the one to take its place failed. */
const RECYCLE_PAUSE_MILLISECONDS = 10_000;

export class Rollover {
  readonly #pool: WorkerPool;
  readonly #logger: Required<LoggerLike>;
  readonly #events: RolloverEvents;
  #reloading: Promise<void> | undefined;
  #isAskedAgain = false;
  #recycling: Promise<void> | undefined;
  #recyclesFrom = 0;

  constructor(pool: WorkerPool, logger: Required<LoggerLike>, events: RolloverEvents) {
    this.#pool = pool;
    this.#logger = logger;
    this.#events = events;
  }

  /** Replaces every worker; once more, when it is asked for while that goes on. */
  reload(): void {
    if (this.#events.isStopping()) return;
    if (this.#reloading !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#reloading = this.#reload().finally(() => {
      this.#reloading = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.reload();
    });
  }

  /** Replaces one worker, unless others are being replaced: it will be looked at again. @param reason why, in words */
  recycle(worker: WorkerProcess, reason: string): void {
    if (this.#recycling !== undefined || this.#reloading !== undefined || performance.now() < this.#recyclesFrom)
      return;
    this.#logger.info(`(${process.pid}) worker ${worker.pid} ${reason}: it is replaced`);
    this.#recycling = this.#replace(worker).then((isReplaced) => {
      this.#recycling = undefined;
      if (!isReplaced) this.#recyclesFrom = performance.now() + RECYCLE_PAUSE_MILLISECONDS;
      this.#events.level();
    });
  }

  async #reload(): Promise<void> {
    if (!(await this.#events.prepare()) || this.#events.isStopping()) return;
    await this.#recycling; // or who comes of it would count as new
    this.#events.begin();
    const old = this.#pool.present;
    this.#logger.info(`(${process.pid}) replacing ${old.length} workers, one at a time`);
    for (const worker of old) {
      if (this.#events.isStopping()) return;
      if (worker.state !== "serving" && worker.state !== "starting") continue; // it went; who took its place is new
      if (await this.#replace(worker)) continue;
      if (this.#events.isStopping()) return;
      this.#logger.error(`(${process.pid}) the new version does not serve: the old one goes on`);
      this.#events.level();
      return;
    }
    this.#events.finish();
    this.#logger.info(`(${process.pid}) all workers are new`);
  }

  /** A new worker serves, then the old one ends. @returns whether the new one serves */
  async #replace(old: WorkerProcess): Promise<boolean> {
    const fresh = this.#events.start();
    while (fresh.state === "starting") await this.#pool.change();
    if (fresh.state !== "serving") return false;
    fresh.isReplacement = false;
    if (this.#pool.has(old)) this.#events.drain(old);
    return true;
  }
}
