// The Python processes of an application: as many as were asked for, replaced when they die, are stuck, have served enough or grown
// too large; and the queue of requests before them. It knows which process is free; what crosses to it is the exchange's business.

import { PythonError } from "./errors.ts";
import type { PythonExchange } from "./exchange.ts";
import type { ResolvedOptions } from "./options.ts";
import { PythonWorker, type WorkerOwner } from "./python-worker.ts";
import { Watch, type Watched } from "./watch.ts";

const FIRST_BACKOFF_MILLISECONDS = 100;
const MAX_BACKOFF_MILLISECONDS = 10_000;
/** Within this time after a signal, this process is closed if the signal was for all. */
const SIGNAL_MILLISECONDS = 1000;
/** A worker that lived so long did not die of its start. */
const HEALTHY_MILLISECONDS = 10_000;
/** Processes that may die with a request which none of them seems to have begun. */
const MAX_ATTEMPTS = 4;

/** What the crew knows of a worker besides itself. */
interface Post {
  readonly startedAt: number;
  /** Answers after which it is replaced. */
  readonly lastRequest: number;
  /** Its replacement is on its way, or it was ended on purpose. */
  isLeaving: boolean;
}

export class Crew implements WorkerOwner, Watched {
  readonly #python: string;
  readonly #options: ResolvedOptions;
  readonly #posts = new Map<PythonWorker, Post>();
  #queue: PythonExchange[] = [];
  #failures = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined = undefined;
  /** Why there is no process that could ever take a request. */
  #failure: PythonError | undefined = undefined;
  #onEmpty: (() => void) | undefined = undefined;
  readonly #watch: Watch;

  constructor(python: string, options: ResolvedOptions) {
    this.#python = python;
    this.#options = options;
    this.#watch = new Watch(this, options);
  }

  get workers(): readonly PythonWorker[] {
    return [...this.#posts.keys()];
  }

  /**
   * Starts the processes; resolves when the application is loaded in all of them.
   *
   * @throws {PythonError} when one cannot load it; the others are ended
   */
  async start(): Promise<void> {
    try {
      await this.#startAll();
    } catch (error) {
      this.#failure = error as PythonError;
      this.#failQueue(this.#failure);
      throw error;
    }
    this.#dispatch();
  }

  /**
   * Starts processes with the code as it is now; those before end when these are ready, after their requests.
   *
   * @throws {PythonError} when the application cannot be loaded: the processes before stay
   */
  async reload(): Promise<void> {
    if (this.#isClosing) throw new PythonError("CLOSED");
    const before = this.workers;
    try {
      await this.#startAll();
    } finally {
      for (let count = this.#staying; count < this.#options.workers; count++) void this.#restart(); // died meanwhile
    }
    this.#failure = undefined;
    for (const worker of before) this.#dismiss(worker);
    this.#dispatch();
  }

  /** Puts a request in the queue. */
  submit(exchange: PythonExchange): void {
    if (this.#isClosing) return exchange.fail(new PythonError("CLOSED"), UNAVAILABLE);
    if (this.#failure !== undefined) return exchange.fail(this.#failure, UNAVAILABLE);
    this.#queue.push(exchange);
    this.#dispatch();
  }

  /** Takes no more requests, answers those that there are, and ends the processes. */
  close(seconds: number): Promise<void> {
    this.#closed ??= this.#close(seconds);
    return this.#closed;
  }

  async #close(seconds: number): Promise<void> {
    this.#isClosing = true;
    this.#watch.stop();
    const ended = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const timer = setTimeout(() => this.#giveUp(), seconds * 1000);
    this.#drainWhenQueueIsEmpty();
    if (this.#posts.size > 0) await ended;
    clearTimeout(timer);
    this.#failQueue(new PythonError("CLOSED"));
  }

  // ---- requests ------------------------------------------------------------------------------------------------

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#choose();
      if (worker === undefined) return;
      const exchange = this.#queue.shift() as PythonExchange;
      if (isAbandoned(exchange)) exchange.reject(exchange.environ["wsgi.signal"].reason);
      else worker.give(exchange);
    }
    if (this.#isClosing) this.#drainWhenQueueIsEmpty();
  }

  /** The least busy one; requests are given ahead only while all are busy, since they would wait here all the same. */
  #choose(): PythonWorker | undefined {
    return this.#leastBusy(false) ?? this.#leastBusy(true);
  }

  #leastBusy(isAheadAllowed: boolean): PythonWorker | undefined {
    let best: PythonWorker | undefined;
    for (const worker of this.#posts.keys()) {
      if (worker.canTake(isAheadAllowed) && (best === undefined || worker.load < best.load)) best = worker;
    }
    return best;
  }

  onFree(worker: PythonWorker): void {
    const post = this.#posts.get(worker);
    if (post !== undefined && worker.served >= post.lastRequest) void this.#replace(worker, "has served its requests");
    if (this.#queue.length > 0) this.#dispatch();
  }

  onAskedToEnd(worker: PythonWorker): void {
    if (worker.state === "starting") return worker.kill();
    // Service managers and terminals signal every process: if all is about to end, no other one is started for nothing.
    setTimeout(() => void this.#replace(worker, "was sent SIGTERM"), SIGNAL_MILLISECONDS).unref();
  }

  #failQueue(error: PythonError): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const exchange of queue) exchange.fail(error, UNAVAILABLE);
  }

  // ---- processes -----------------------------------------------------------------------------------------------

  async #startAll(): Promise<void> {
    const workers: PythonWorker[] = [];
    const begun = Array.from({ length: this.#options.workers }, async () => {
      const worker = this.#hire();
      workers.push(worker);
      await worker.ready;
    });
    const failed = (await Promise.allSettled(begun)).find((result) => result.status === "rejected");
    for (const worker of workers) {
      if (failed === undefined) worker.unref();
      else this.#dismiss(worker, 0);
    }
    if (this.#isClosing) throw new PythonError("CLOSED");
    if (failed !== undefined) throw failed.reason;
    this.#watch.start();
  }

  /** Processes that there are, or that are being started, and that are to stay. */
  get #staying(): number {
    return [...this.#posts.values()].filter(({ isLeaving }) => !isLeaving).length;
  }

  #hire(): PythonWorker {
    const { maxRequests, maxRequestsJitter } = this.#options;
    const jitter = Math.floor(Math.random() * (maxRequestsJitter + 1));
    const lastRequest = maxRequests === 0 ? Number.POSITIVE_INFINITY : maxRequests + jitter;
    const worker = new PythonWorker(this.#python, this.#options, this);
    this.#posts.set(worker, { startedAt: performance.now(), lastRequest, isLeaving: false });
    return worker;
  }

  #dismiss(worker: PythonWorker, seconds = this.#options.gracefulTimeout): void {
    const post = this.#posts.get(worker);
    if (post !== undefined) post.isLeaving = true;
    if (seconds === 0 && worker.load === 0) worker.kill();
    else worker.drain(seconds);
  }

  /** Starts another in its place, and ends it when that is ready. */
  async #replace(worker: PythonWorker, why: string): Promise<void> {
    const post = this.#posts.get(worker);
    if (post === undefined || post.isLeaving || this.#isClosing) return;
    post.isLeaving = true;
    this.#say(`process ${worker.pid} ${why}: it is replaced`);
    await this.#restart();
    worker.drain(this.#options.gracefulTimeout);
  }

  /** Starts a process where one is missing, again and again with growing pauses, until the application is loaded. */
  async #restart(): Promise<void> {
    while (!this.#isClosing && this.#staying < this.#options.workers) {
      let worker: PythonWorker | undefined;
      try {
        worker = this.#hire();
        await worker.ready;
        worker.unref();
        this.#dispatch();
        return;
      } catch (error) {
        if (worker !== undefined) this.#dismiss(worker, 0);
        if (this.#isClosing) return;
        this.#say(`${(error as Error).stack}\nit is tried again`);
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    const milliseconds = Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** this.#failures, MAX_BACKOFF_MILLISECONDS);
    this.#failures++;
    return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
  }

  onEnded(worker: PythonWorker, how: string): void {
    const post = this.#posts.get(worker);
    if (post === undefined) return;
    this.#posts.delete(worker);
    this.#rescue(worker, how);
    if (this.#posts.size === 0) this.#onEmpty?.();
    if (post.isLeaving || this.#isClosing) return;
    if (!worker.hasBeenReady) return; // whoever started it hears of it
    this.#say(`process ${worker.pid} ${how}: it is replaced`);
    if (performance.now() - post.startedAt >= HEALTHY_MILLISECONDS) this.#failures = 0;
    void this.#pause().then(() => this.#restart());
  }

  /** What becomes of the requests of a process that is gone: those it cannot have begun, and safe ones once, go to another. */
  #rescue(worker: PythonWorker, how: string): void {
    const begun = new Set(worker.begun());
    const moved: PythonExchange[] = [];
    for (const exchange of worker.exchanges) {
      const attempt = ++exchange.attempts;
      const mayMove = begun.has(exchange) ? exchange.isSafe && attempt === 1 : attempt < MAX_ATTEMPTS;
      if (exchange.canMove && mayMove && !this.#isClosing) {
        exchange.startedAt = undefined;
        moved.push(exchange);
      } else {
        const { REQUEST_METHOD: method, RAW_PATH_INFO: path } = exchange.environ;
        if (!exchange.hasBegun) this.#say(`process ${worker.pid} ${how} in ${method} ${path}: answered 502`);
        exchange.fail(new PythonError("WORKER_DIED", how), "502 Bad Gateway");
      }
    }
    worker.exchanges.length = 0;
    this.#queue = [...moved, ...this.#queue];
    this.#dispatch();
  }

  // ---- what the clock tells ------------------------------------------------------------------------------------

  onLate(before: number): void {
    const late = this.#queue.filter(({ queuedAt }) => queuedAt < before);
    if (late.length === 0) return;
    this.#queue = this.#queue.filter(({ queuedAt }) => queuedAt >= before);
    this.#say(`${late.length} requests waited ${this.#options.queueTimeout} s for a free process: answered 503`);
    for (const exchange of late) exchange.fail(new PythonError("NO_WORKER"), UNAVAILABLE);
  }

  onGrown(worker: PythonWorker, bytes: number): void {
    void this.#replace(worker, `has grown to ${Math.round(bytes / 1024 / 1024)} MiB`);
  }

  onStuck(worker: PythonWorker, requests: readonly PythonExchange[], hooks: number): void {
    void this.#endStuck(worker, requests, hooks);
  }

  /** Says where it is stuck, answers the requests, and replaces it; others of its requests have their time. */
  async #endStuck(worker: PythonWorker, stuck: readonly PythonExchange[], hooks: number): Promise<void> {
    const post = this.#posts.get(worker) as Post;
    if (post.isLeaving) return;
    post.isLeaving = true;
    const places = stuck.map(({ environ, startedAt = 0 }) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      return `${environ.REQUEST_METHOD} ${environ.RAW_PATH_INFO} for ${seconds} s`;
    });
    if (hooks > 0) places.push(`post hooks of ${hooks} requests`);
    this.#say(`process ${worker.pid} is stuck in ${places.join(", ")}; its stacks:\n${await worker.stacks()}`);
    for (const exchange of stuck) {
      if (!exchange.hasBegun) exchange.fail(new PythonError("WORKER_STUCK"), "504 Gateway Timeout");
    }
    const isAlone = worker.begun().every((exchange) => stuck.includes(exchange));
    if (isAlone) worker.kill();
    else worker.drain(this.#options.gracefulTimeout);
    await this.#restart();
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  #drainWhenQueueIsEmpty(): void {
    if (this.#queue.length > 0 && this.#posts.size > 0) return;
    for (const worker of this.workers) {
      if (worker.state === "starting") worker.kill();
      else worker.drain(this.#options.gracefulTimeout);
    }
  }

  #giveUp(): void {
    this.#failQueue(new PythonError("CLOSED"));
    for (const worker of this.workers) worker.kill();
  }

  #say(text: string): void {
    this.#options.log.write(`wsgi: Python: ${text}\n`);
  }
}

const UNAVAILABLE = "503 Service Unavailable";
/** To look whether a client is still there costs a signal: only for those that waited. */
const LONG_MILLISECONDS = 1000;

function isAbandoned({ queuedAt, environ }: PythonExchange): boolean {
  return performance.now() - queuedAt > LONG_MILLISECONDS && environ["wsgi.signal"].aborted;
}
