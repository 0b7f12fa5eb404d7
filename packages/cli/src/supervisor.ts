// A supervisor at work: how many workers there are, which generation serves, who is replaced and why. Messages and exits of
// workers in; starts, messages and signals to workers out. It loads no code of the application and accepts no connection.
//
//   begin ─▶ workers start ─▶ all serve ─▶ (crash, stuck, recycle, reload, scale)* ─▶ drain ─▶ ended

import { availableParallelism } from "node:os";
import type { LoggerLike } from "@wsgi/core";
import { Backoff } from "./backoff.ts";
import type { BoundSocket } from "./bound-socket.ts";
import { messageOf } from "./errors.ts";
import type { Interface } from "./interfaces.ts";
import type { Invocation } from "./messages.ts";
import { recycleReason, requestLimit } from "./recycling.ts";
import type { ServingStatus } from "./serving.ts";
import type { CommandSettings } from "./settings.ts";
import type { TlsSecrets } from "./tls-secrets.ts";
import { type WorkerEvents, WorkerProcess } from "./worker-process.ts";

/** A socket that more than one process uses: workers those of the application, the supervisor that of the admin server. */
export type SharedSocket = BoundSocket & { readonly plain: boolean; readonly role: "application" | "admin" };

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

/** Seconds beyond a worker's own deadline before it is killed. */
const KILL_GRACE = 3;
/** A worker that ends sooner was not well: the next one waits longer. */
const STABLE_SECONDS = 5;
const CHECK_INTERVAL_MILLISECONDS = 500;
/** How long a worker is not recycled after the one to take its place failed. */
const RECYCLE_PAUSE_MILLISECONDS = 10_000;
/** Seconds for old requests in development, where nobody waits for them. */
const RESTART_GRACE = 2;

export class Supervisor implements WorkerEvents {
  /** Resolves with the exit code when the last worker has ended. */
  readonly ended: Promise<number>;
  #settings: CommandSettings;
  readonly #invocation: Invocation;
  readonly #sockets: readonly SharedSocket[];
  readonly #logger: Required<LoggerLike>;
  readonly #events: SupervisorEvents;
  readonly #workers = new Set<WorkerProcess>();
  readonly #backoff = new Backoff();
  #target: number;
  #generation = 1;
  #hasServed = false;
  #stopping = false;
  #failed = false;
  #check: NodeJS.Timeout | undefined;
  #lookedAt = performance.now();
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #recycling: Promise<void> | undefined;
  #recyclesFrom = 0;
  /** Who waits for a worker to serve or to end. */
  readonly #waiting = new Set<() => void>();
  #resolveEnded!: (exitCode: number) => void;

  constructor(
    settings: CommandSettings,
    invocation: Invocation,
    sockets: readonly SharedSocket[],
    logger: Required<LoggerLike>,
    events: SupervisorEvents,
  ) {
    this.#settings = settings;
    this.#invocation = invocation;
    this.#target = workerCount(settings);
    this.#sockets = sockets;
    this.#logger = logger;
    this.#events = events;
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
    return [...this.#workers].some(({ state }) => state === "serving") ? undefined : "no worker serves";
  }

  begin(): void {
    for (let i = 0; i < this.#target; i++) this.#start();
    this.#check = setInterval(() => this.#look(), CHECK_INTERVAL_MILLISECONDS);
  }

  /** What each worker told of itself, asked anew; a stuck one's last words. */
  async status(): Promise<unknown[]> {
    for (const worker of this.#workers) worker.send({ type: "tell" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    return [...this.#workers].map(({ pid, state, generation, ageSeconds, silentSeconds, status }) => ({
      pid,
      state,
      generation,
      ageSeconds: Math.round(ageSeconds),
      silentSeconds: Math.round(silentSeconds),
      ...(status as ServingStatus | undefined),
    }));
  }

  /** More or fewer workers, one at the least. */
  scale(by: number): void {
    if (!this.#stopping) this.#retarget(this.#target + by);
  }

  #retarget(target: number): void {
    this.#target = Math.max(1, target);
    this.#logger.info(`(${process.pid}) ${this.#target} workers from now on`);
    this.#level();
  }

  /** Replaces every worker, one at a time: a new one serves before an old one ends. A new one that fails ends it there. */
  reload(): void {
    if (this.#stopping) return;
    if (this.#reloading !== undefined) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = this.#reload().finally(() => {
      this.#reloading = undefined;
      if (!this.#reloadAgain) return;
      this.#reloadAgain = false;
      this.reload();
    });
  }

  /** Development: the old code ends at once, requests wait for the new one. */
  restart(): void {
    if (this.#stopping) return;
    this.#generation++;
    const old = [...this.#workers];
    this.#start();
    for (const worker of old) this.#drain(worker, 0, RESTART_GRACE);
  }

  reopenLogs(): void {
    for (const worker of this.#workers) worker.send({ type: "reopen" });
  }

  shareSecrets(secrets: TlsSecrets): void {
    for (const worker of this.#workers) worker.send({ type: "secrets", secrets });
  }

  /** Every worker finishes what it has; those that take too long are killed. */
  drain(delay = this.#settings.drainDelay): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const worker of this.#workers) this.#drain(worker, delay);
    this.#endIfEmpty();
  }

  /** Every worker ends now. */
  stop(): void {
    this.#stopping = true;
    this.#failed = true;
    for (const worker of this.#workers) {
      if (worker.state === "starting") worker.kill("SIGKILL"); // it does not listen yet
      worker.send({ type: "stop" });
      setTimeout(() => worker.kill("SIGKILL"), KILL_GRACE * 1000).unref();
    }
    this.#endIfEmpty();
  }

  // ---- for workers ---------------------------------------------------------------------------------------------

  onServing(worker: WorkerProcess): void {
    this.#wake();
    this.#logger.info(`(${process.pid}) worker ${worker.pid} serves`);
    const isComplete = [...this.#workers].filter(({ state }) => state === "serving").length >= this.#target;
    if (this.#hasServed || !isComplete) return;
    this.#hasServed = true;
    this.#events.onServing(worker.kind);
  }

  onImported(_worker: WorkerProcess, files: readonly string[]): void {
    this.#events.onImported(files);
  }

  onStatus(worker: WorkerProcess): void {
    const reason = recycleReason(worker, this.#settings);
    if (reason === undefined || worker.state !== "serving" || this.#stopping) return;
    if (this.#recycling !== undefined || this.#reloading !== undefined || performance.now() < this.#recyclesFrom)
      return;
    this.#logger.info(`(${process.pid}) worker ${worker.pid} ${reason}: it is replaced`);
    this.#recycling = this.#replace(worker).then((isReplaced) => {
      this.#recycling = undefined;
      if (!isReplaced) this.#recyclesFrom = performance.now() + RECYCLE_PAUSE_MILLISECONDS;
      this.#level();
    });
  }

  onExit(worker: WorkerProcess): void {
    this.#workers.delete(worker);
    this.#wake();
    if (this.#stopping)
      this.#failed ||= worker.hasServed && worker.end !== "code 0"; // requests were cut
    else if (!worker.endsOnPurpose) this.#onCrash(worker);
    this.#endIfEmpty();
  }

  #onCrash(worker: WorkerProcess): void {
    const { pid, end, failure, ageSeconds, hasServed } = worker;
    if (failure !== undefined) this.#logger.error(`(${process.pid}) worker ${pid} could not begin: ${failure}`);
    else
      this.#logger.error(`(${process.pid}) worker ${pid} ended unexpectedly (${end}) after ${ageSeconds.toFixed(1)} s`);
    if (worker.isReplacement) return; // who asked for it sees that it ended
    if (!this.#hasServed && !hasServed && (failure !== undefined || !this.#backoff.mayRetry)) {
      this.#giveUp(failure);
      return;
    }
    if (hasServed && ageSeconds >= STABLE_SECONDS) this.#backoff.reset();
    const delay = this.#backoff.next();
    if (delay > 0) this.#logger.warn(`(${process.pid}) the next worker starts in ${delay.toFixed(1)} s`);
    setTimeout(() => {
      if (!this.#stopping && this.#present().length < this.#target) this.#start();
    }, delay * 1000);
  }

  /** A crash loop at start: nothing will be different the next time. */
  #giveUp(failure: string | undefined): void {
    if (this.#stopping) return;
    if (failure === undefined) this.#logger.error(`(${process.pid}) workers end before they serve: giving up`);
    this.stop();
  }

  // ---- workers -------------------------------------------------------------------------------------------------

  /** Those that serve or will; not those that are to take a place which somebody still has. */
  #present(): WorkerProcess[] {
    return [...this.#workers].filter(
      ({ state, isReplacement }) => (state === "serving" || state === "starting") && !isReplacement,
    );
  }

  /** As many workers as there are to be: the youngest go first. */
  #level(): void {
    if (this.#stopping) return;
    const present = this.#present();
    for (const worker of present.slice(this.#target)) this.#drain(worker, 0);
    for (let missing = this.#target - present.length; missing > 0; missing--) this.#start();
  }

  #start(isReplacement = false): WorkerProcess {
    const limit = requestLimit(this.#settings);
    const given = { reload: this.#settings.reload, secrets: this.#events.secrets() };
    const worker = new WorkerProcess(this.#generation, limit, this.#sockets, this.#invocation, given, this);
    worker.isReplacement = isReplacement;
    this.#workers.add(worker);
    return worker;
  }

  /** @param timeout seconds for its requests; then it is killed */
  #drain(worker: WorkerProcess, delay: number, timeout = this.#settings.gracefulTimeout + KILL_GRACE): void {
    if (worker.state === "draining" || worker.state === "ended") return;
    const isStarting = worker.state === "starting";
    worker.state = "draining";
    worker.endsOnPurpose = true;
    if (isStarting)
      worker.kill("SIGTERM"); // it has nothing to finish; if it began this moment, it drains all the same
    else worker.send({ type: "drain", delay });
    setTimeout(() => worker.kill("SIGKILL"), Math.min((delay + timeout) * 1000, 2 ** 31 - 1)).unref();
  }

  /** A new worker serves, then the old one ends. @returns whether the new one serves */
  async #replace(old: WorkerProcess): Promise<boolean> {
    const fresh = this.#start(true);
    while (fresh.state === "starting") await this.#change();
    if (fresh.state !== "serving") return false;
    fresh.isReplacement = false;
    if (this.#workers.has(old)) this.#drain(old, 0);
    return true;
  }

  async #reload(): Promise<void> {
    const fresh = await this.#readSettings();
    if (fresh === undefined || this.#stopping) return;
    await this.#recycling; // or who comes of it would count as new
    this.#generation++;
    const old = this.#present();
    this.#logger.info(`(${process.pid}) replacing ${old.length} workers, one at a time`);
    for (const worker of old) {
      if (this.#stopping) return;
      if (worker.state !== "serving" && worker.state !== "starting") continue; // it went; who took its place is new
      if (await this.#replace(worker)) continue;
      if (this.#stopping) return;
      this.#logger.error(`(${process.pid}) the new version does not serve: the old one goes on`);
      this.#level();
      return;
    }
    const hasOtherCount = workerCount(fresh) !== workerCount(this.#settings);
    this.#settings = fresh;
    if (hasOtherCount) this.#retarget(workerCount(fresh));
    else this.#level();
    this.#logger.info(`(${process.pid}) all workers are new`);
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
    const { workerTimeout, bootTimeout } = this.#settings;
    const sinceLook = performance.now() - this.#lookedAt;
    this.#lookedAt = performance.now();
    // We were stopped ourselves (Ctrl-Z, a paused machine): what the workers said meanwhile is still to be read.
    if (sinceLook > 4 * CHECK_INTERVAL_MILLISECONDS) for (const worker of this.#workers) worker.excuse();
    for (const worker of this.#workers) {
      const { state, silentSeconds, pid } = worker;
      const limit = state === "starting" ? bootTimeout : workerTimeout + KILL_GRACE;
      if (limit === 0 || (state !== "starting" && workerTimeout === 0) || silentSeconds <= limit) continue;
      if (state === "starting") worker.failure = `it did not serve within the boot timeout of ${bootTimeout} s`;
      else
        this.#logger.error(
          `(${process.pid}) worker ${pid} has been silent for ${Math.round(silentSeconds)} s (${state}): killed`,
        );
      worker.kill("SIGKILL");
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #endIfEmpty(): void {
    if (!this.#stopping || this.#workers.size > 0) return;
    clearInterval(this.#check);
    this.#resolveEnded(this.#failed ? 1 : 0);
  }
}
