// The workers that there are: starts them, tells them to end, and lets others wait for a change among them. It decides nothing:
// how many there are to be and who is to go, supervisor.ts and rollover.ts know.

import type { SharedSocket } from "./bound-socket.ts";
import type { Invocation, SupervisorMessage } from "./messages.ts";
import { requestLimit } from "./recycling.ts";
import type { ServingStatus } from "./serving.ts";
import type { CommandSettings } from "./settings.ts";
import type { TlsSecrets } from "./tls-secrets.ts";
import { type WorkerEvents, WorkerProcess } from "./worker-process.ts";

/** Seconds beyond a worker's own deadline before it is killed. */
export const KILL_GRACE = 3;
/** How long one that is asked for its status is waited for. */
const ANSWER_MILLISECONDS = 1000;
/** The longest that a timer takes. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

export class WorkerPool {
  readonly #workers = new Set<WorkerProcess>();
  readonly #sockets: readonly SharedSocket[];
  readonly #invocation: Invocation;
  readonly #secrets: () => TlsSecrets;
  readonly #events: WorkerEvents;
  /** Who waits for a worker to serve, to tell something or to end. */
  readonly #waiting = new Set<() => void>();
  #questions = 0;

  /** @param secrets what workers have in common for TLS, as it is now */
  constructor(
    sockets: readonly SharedSocket[],
    invocation: Invocation,
    secrets: () => TlsSecrets,
    events: WorkerEvents,
  ) {
    this.#sockets = sockets;
    this.#invocation = invocation;
    this.#secrets = secrets;
    this.#events = events;
  }

  get all(): readonly WorkerProcess[] {
    return [...this.#workers];
  }

  get servingCount(): number {
    return this.all.filter(({ state }) => state === "serving").length;
  }

  /** Those that serve or will; not those that are to take a place which somebody still has. */
  get present(): readonly WorkerProcess[] {
    return this.all.filter(
      ({ state, isReplacement }) => (state === "serving" || state === "starting") && !isReplacement,
    );
  }

  has(worker: WorkerProcess): boolean {
    return this.#workers.has(worker);
  }

  start(settings: CommandSettings, generation: number, isReplacement = false): WorkerProcess {
    const given = { reload: settings.reload, secrets: this.#secrets() };
    const limit = requestLimit(settings);
    const worker = new WorkerProcess(generation, limit, this.#sockets, this.#invocation, given, this.#events);
    worker.isReplacement = isReplacement;
    this.#workers.add(worker);
    return worker;
  }

  tellAll(message: SupervisorMessage): void {
    for (const worker of this.#workers) worker.send(message);
  }

  /** It finishes what it has. @param timeout seconds for its requests; then it is killed */
  drain(worker: WorkerProcess, delay: number, timeout: number): void {
    if (worker.state === "draining" || worker.state === "ended") return;
    const isStarting = worker.state === "starting";
    worker.state = "draining";
    worker.endsOnPurpose = true;
    if (isStarting)
      worker.kill("SIGTERM"); // it has nothing to finish; if it began this moment, it drains all the same
    else worker.send({ type: "drain", delay });
    setTimeout(() => worker.kill("SIGKILL"), Math.min((delay + timeout) * 1000, MAX_TIMER_MILLISECONDS)).unref();
  }

  /** It ends now. */
  stop(worker: WorkerProcess): void {
    if (worker.state === "starting") worker.kill("SIGKILL"); // it does not listen yet
    worker.send({ type: "stop" });
    setTimeout(() => worker.kill("SIGKILL"), KILL_GRACE * 1000).unref();
  }

  /** What each worker told of itself, asked anew; a stuck one's last words. */
  async statuses(): Promise<unknown[]> {
    const question = ++this.#questions;
    const asked = this.all.filter(({ state }) => state === "serving" || state === "draining");
    for (const worker of asked) worker.send({ type: "tell", question });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.changed();
    }, ANSWER_MILLISECONDS);
    while (!late && asked.some((worker) => worker.state !== "ended" && worker.answered < question)) await this.change();
    clearTimeout(timer);
    return this.all.map(({ pid, state, generation, ageSeconds, silentSeconds, status }) => ({
      pid,
      state,
      generation,
      ageSeconds: Math.round(ageSeconds),
      silentSeconds: Math.round(silentSeconds),
      ...(status as ServingStatus | undefined),
    }));
  }

  /** Resolves when a worker has begun to serve, told something or ended. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Something became of a worker; one that has ended is there no more. */
  changed(): void {
    for (const worker of this.#workers) if (worker.state === "ended") this.#workers.delete(worker);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
