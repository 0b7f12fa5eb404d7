// A supervisor at work: how many workers there are to be, of which generation, and what becomes of one that ends or does not
// move. Messages and exits of workers in; decisions out, which worker-pool.ts and rollover.ts carry out. It loads no code of the
// application and accepts no connection.
//
//   begin ─▶ workers start ─▶ all serve ─▶ (crash, stuck, recycle, reload, scale)* ─▶ drain ─▶ ended

import { availableParallelism } from "node:os";
import type { LoggerLike } from "@wsgi/core";
import type { SharedSocket } from "./bound-socket.ts";
import { messageOf } from "./errors.ts";
import type { Interface } from "./interfaces.ts";
import type { Invocation } from "./messages.ts";
import { recycleReason } from "./recycling.ts";
import { Rollover } from "./rollover.ts";
import type { CommandSettings } from "./settings.ts";
import type { TlsSecrets } from "./tls-secrets.ts";
import { KILL_GRACE, WorkerPool } from "./worker-pool.ts";
import type { WorkerEvents, WorkerProcess } from "./worker-process.ts";
import { CrashPolicy, mayBeTheEndOfAll, tooSilent } from "./worker-verdict.ts";

/** How many workers settings ask for. */
export function workerCount({ workers, reload }: Pick<CommandSettings, "workers" | "reload">): number {
  if (reload) return 1;
  return workers === "auto" ? availableParallelism() : Math.max(1, workers);
}

export interface SupervisorEvents {
  /** Every worker serves for the first time. */
  onServing(kind: Interface): void;
  /** Files that a worker's application was read from. */
  onImported(files: readonly string[]): void;
  /** Settings as they are now. @throws when they are not what they have to be */
  readSettings(): Promise<CommandSettings>;
  /** What workers have in common for TLS, as it is now. */
  secrets(): TlsSecrets;
}

const CHECK_INTERVAL_MILLISECONDS = 500;
/** Within this time, a signal that ended a worker comes to the supervisor too, if it was meant for all. */
const SAME_SIGNAL_MILLISECONDS = 200;
/** Seconds for old requests in development, where nobody waits for them. */
const RESTART_GRACE = 2;

export class Supervisor implements WorkerEvents {
  /** Resolves with the exit code when the last worker has ended. */
  readonly ended: Promise<number>;
  #settings: CommandSettings;
  readonly #logger: Required<LoggerLike>;
  readonly #events: SupervisorEvents;
  readonly #pool: WorkerPool;
  readonly #rollover: Rollover;
  readonly #crashes = new CrashPolicy();
  #target: number;
  #generation = 1;
  #hasServed = false;
  #stopping = false;
  #failed = false;
  #check: NodeJS.Timeout | undefined;
  #lookedAt = performance.now();
  #resolveEnded!: (exitCode: number) => void;

  constructor(
    settings: CommandSettings,
    invocation: Invocation,
    sockets: readonly SharedSocket[],
    logger: Required<LoggerLike>,
    events: SupervisorEvents,
  ) {
    this.#settings = settings;
    this.#target = workerCount(settings);
    this.#logger = logger;
    this.#events = events;
    this.#pool = new WorkerPool(sockets, invocation, () => events.secrets(), this);
    this.#rollover = this.#makeRollover();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get target(): number {
    return this.#target;
  }

  /** Undefined when requests are welcome. */
  get notReadyBecause(): string | undefined {
    if (this.#stopping) return "draining";
    return this.#pool.servingCount > 0 ? undefined : "no worker serves";
  }

  begin(): void {
    this.#level();
    this.#check = setInterval(() => this.#look(), CHECK_INTERVAL_MILLISECONDS);
  }

  /** What each worker told of itself, asked anew. */
  status(): Promise<unknown[]> {
    return this.#pool.statuses();
  }

  /** More or fewer workers, one at the least. */
  scale(by: number): void {
    if (!this.#stopping) this.#retarget(this.#target + by);
  }

  /** Replaces every worker, one at a time: a new one serves before an old one ends. A new one that fails ends it there. */
  reload(): void {
    this.#rollover.reload();
  }

  /** Development: the old code ends at once, requests wait for the new one. */
  restart(): void {
    if (this.#stopping) return;
    this.#generation++;
    const old = this.#pool.all;
    this.#pool.start(this.#settings, this.#generation);
    for (const worker of old) this.#pool.drain(worker, 0, RESTART_GRACE);
  }

  reopenLogs(): void {
    this.#pool.tellAll({ type: "reopen" });
  }

  shareSecrets(secrets: TlsSecrets): void {
    this.#pool.tellAll({ type: "secrets", secrets });
  }

  /** Every worker finishes what it has; those that take too long are killed. */
  drain(delay = this.#settings.drainDelay): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const worker of this.#pool.all) this.#drain(worker, delay);
    this.#endIfEmpty();
  }

  /** Every worker ends now. */
  stop(): void {
    this.#stopping = true;
    this.#failed = true;
    for (const worker of this.#pool.all) this.#pool.stop(worker);
    this.#endIfEmpty();
  }

  // ---- for workers ---------------------------------------------------------------------------------------------

  onServing(worker: WorkerProcess): void {
    this.#pool.changed();
    this.#logger.info(`(${process.pid}) worker ${worker.pid} serves`);
    if (this.#hasServed || this.#pool.servingCount < this.#target) return;
    this.#hasServed = true;
    this.#events.onServing(worker.kind);
  }

  onImported(_worker: WorkerProcess, files: readonly string[]): void {
    this.#events.onImported(files);
  }

  onStatus(worker: WorkerProcess): void {
    this.#pool.changed();
    if (worker.state !== "serving" || this.#stopping) return;
    const reason = recycleReason(worker, this.#settings);
    if (reason !== undefined) this.#rollover.recycle(worker, reason);
  }

  onExit(worker: WorkerProcess): void {
    this.#pool.changed();
    if (this.#stopping)
      this.#failed ||= worker.hasServed && worker.end !== "code 0"; // requests were cut
    else if (!worker.endsOnPurpose && mayBeTheEndOfAll(worker))
      setTimeout(() => this.#onCrash(worker), SAME_SIGNAL_MILLISECONDS);
    else if (!worker.endsOnPurpose) this.#onCrash(worker);
    this.#endIfEmpty();
  }

  #onCrash(worker: WorkerProcess): void {
    if (this.#stopping) return; // what ended it was meant for all
    const { pid, end, failure, ageSeconds } = worker;
    if (failure !== undefined) this.#logger.error(`(${process.pid}) worker ${pid} could not begin: ${failure}`);
    else
      this.#logger.error(`(${process.pid}) worker ${pid} ended unexpectedly (${end}) after ${ageSeconds.toFixed(1)} s`);
    const verdict = this.#crashes.judge(worker, this.#hasServed);
    if (verdict.what === "give up") this.#giveUp(failure);
    if (verdict.what !== "start") return;
    const { delaySeconds } = verdict;
    if (delaySeconds > 0) this.#logger.warn(`(${process.pid}) the next worker starts in ${delaySeconds.toFixed(1)} s`);
    setTimeout(() => {
      if (!this.#stopping && this.#pool.present.length < this.#target) this.#start();
    }, delaySeconds * 1000);
  }

  /** A crash loop at start: nothing will be different the next time. */
  #giveUp(failure: string | undefined): void {
    if (failure === undefined) this.#logger.error(`(${process.pid}) workers end before they serve: giving up`);
    this.stop();
  }

  // ---- workers -------------------------------------------------------------------------------------------------

  #start(isReplacement = false): WorkerProcess {
    return this.#pool.start(this.#settings, this.#generation, isReplacement);
  }

  #drain(worker: WorkerProcess, delay = 0): void {
    this.#pool.drain(worker, delay, this.#settings.gracefulTimeout + KILL_GRACE);
  }

  /** As many workers as there are to be: the youngest go first. */
  #level(): void {
    if (this.#stopping) return;
    const { present } = this.#pool;
    for (const worker of present.slice(this.#target)) this.#drain(worker);
    for (let missing = this.#target - present.length; missing > 0; missing--) this.#start();
  }

  #retarget(target: number): void {
    this.#target = Math.max(1, target);
    this.#logger.info(`(${process.pid}) ${this.#target} workers from now on`);
    this.#level();
  }

  #makeRollover(): Rollover {
    let fresh: CommandSettings;
    return new Rollover(this.#pool, this.#logger, {
      isStopping: () => this.#stopping,
      start: () => this.#start(true),
      drain: (worker) => this.#drain(worker),
      prepare: async () => {
        const read = await this.#readSettings();
        if (read !== undefined) fresh = read;
        return read !== undefined;
      },
      begin: () => this.#generation++,
      finish: () => this.#adopt(fresh),
      level: () => this.#level(),
    });
  }

  #adopt(fresh: CommandSettings): void {
    const hasOtherCount = workerCount(fresh) !== workerCount(this.#settings);
    this.#settings = fresh;
    if (hasOtherCount) this.#retarget(workerCount(fresh));
    else this.#level();
  }

  /** Workers read their settings themselves; these are the supervisor's own. Addresses stay as they were bound. */
  async #readSettings(): Promise<CommandSettings | undefined> {
    try {
      return await this.#events.readSettings();
    } catch (error) {
      this.#logger.error(`(${process.pid}) the new settings are not good, the old ones stay: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Kills those that do not move: the watchdog in them should have, and said more. */
  #look(): void {
    const sinceLook = performance.now() - this.#lookedAt;
    this.#lookedAt = performance.now();
    // We were stopped ourselves (Ctrl-Z, a paused machine): what the workers said meanwhile is still to be read.
    if (sinceLook > 4 * CHECK_INTERVAL_MILLISECONDS) for (const worker of this.#pool.all) worker.excuse();
    for (const worker of this.#pool.all) {
      const limit = tooSilent(worker, this.#settings, KILL_GRACE);
      if (limit === undefined) continue;
      const { pid, state, silentSeconds } = worker;
      if (limit === "boot timeout")
        worker.failure = `it did not serve within the boot timeout of ${this.#settings.bootTimeout} s`;
      else
        this.#logger.error(
          `(${process.pid}) worker ${pid} has been silent for ${Math.round(silentSeconds)} s (${state}): killed`,
        );
      worker.kill("SIGKILL");
    }
  }

  #endIfEmpty(): void {
    if (!this.#stopping || this.#pool.all.length > 0) return;
    clearInterval(this.#check);
    this.#resolveEnded(this.#failed ? 1 : 0);
  }
}
