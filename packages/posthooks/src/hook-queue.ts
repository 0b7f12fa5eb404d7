// The queue of requests whose hooks are to run: bounded in how many wait, in how many run at one time, and in how long
// it holds the event loop. Requests in; turns for them, and in the end a report of what was left, out.
// Hooks run in its turns only: never in the call that brought them, never in the async context of a request. How the
// hooks of a request run is request-hooks.ts's business.

import { AsyncResource } from "node:async_hooks";
import type { Environ } from "@wsgi/core";
import type { HookLog } from "./hook-log.ts";
import type { ResolvedOptions } from "./options.ts";
import { AWAITS, ENDED, type HooksHost, type RequestHooks } from "./request-hooks.ts";
import { RequestList } from "./request-list.ts";

/** How long hooks hold the event loop before sockets have their turn. */
const TURN_MILLISECONDS = 5;
/** The same while the queue threatens to overflow: then hooks come before further requests. */
const RELIEF_MILLISECONDS = 25;

export class HookQueue implements HooksHost {
  readonly timeout: number;
  readonly counts: HooksHost["counts"];
  readonly log: HookLog;
  readonly signalProperty: PropertyDescriptor;
  readonly #concurrency: number;
  readonly #maxPending: number;
  readonly #waiting = new RequestList();
  /** Those whose hook has ended, with a next one to call. They go before those that wait. */
  readonly #resumed = new RequestList();
  /** Those with a hook that is waited for, and the resumed ones. */
  #active: RequestHooks[] = []; // no Set, whose old tables would keep those that have left; see roster.ts of core
  /** When the turn ends that was begun last. */
  #until = 0;
  /** The one whose hook is on the stack. */
  #current: RequestHooks | undefined = undefined;
  #turnComes = false;
  #reliefComes = false;
  #ended = false;
  #onIdle: (() => void) | undefined = undefined;

  constructor({ concurrency, timeout, maxPending }: ResolvedOptions, counts: HooksHost["counts"], log: HookLog) {
    this.#concurrency = concurrency;
    this.#maxPending = maxPending;
    this.timeout = timeout;
    this.counts = counts;
    this.log = log;
    const signalOf = (environ: Environ): AbortSignal => this.#signalOf(environ);
    this.signalProperty = {
      enumerable: true,
      configurable: true,
      get(this: Environ) {
        return signalOf(this);
      },
    };
  }

  /** A request has hooks, or more of them than before. */
  add(request: RequestHooks): void {
    request.note();
    if (request.queued || request.pending === 0) return;
    request.queued = true;
    this.#waiting.push(request);
    this.#schedule();
    if (this.counts.pending * 2 > this.#maxPending) this.#relieve();
  }

  resume(request: RequestHooks): void {
    this.#resumed.push(request);
    if (performance.now() < this.#until)
      this.#goOn(); // what needs a microtask only needs no other turn
    else this.#schedule();
  }

  refusal(): string | undefined {
    if (this.#ended) return "the server has closed";
    return this.counts.pending < this.#maxPending ? undefined : `${this.#maxPending} were waiting (maxPending)`;
  }

  /** Resolves when all hooks have run, or the signal has fired and what was left is reported. */
  async close(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#giveUp(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    await new Promise((resolve) => setImmediate(resolve)); // what an application that was cut adds last is on its way
    if (!this.#idle) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    signal.removeEventListener("abort", giveUp);
    this.#ended = true;
    this.log.flush();
  }

  // ---- turns -----------------------------------------------------------------------------------------------------

  /** After the responses of what has arrived by now, and after the log: it writes its lines in a turn of its own. */
  #schedule(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    queueMicrotask(() => setImmediate(this.#onTurn));
  }

  /**
   * A client that pipelines thousands of requests would fill the queue before the turn comes: when half of it is full,
   * there is a turn before the next read of a socket.
   */
  #relieve(): void {
    if (this.#reliefComes) return;
    this.#reliefComes = true;
    process.nextTick(this.#onRelief);
  }

  // Bound to where the queue was made: the turn that one request asks for must not run the hooks of another in its
  // AsyncLocalStorage.
  readonly #onTurn = AsyncResource.bind(() => {
    this.#turnComes = false;
    this.#takeTurn(TURN_MILLISECONDS);
  });

  readonly #onRelief = AsyncResource.bind(() => {
    this.#reliefComes = false;
    this.#takeTurn(RELIEF_MILLISECONDS);
  });

  #takeTurn(milliseconds: number): void {
    this.#until = performance.now() + milliseconds;
    this.#goOn();
  }

  #goOn(): void {
    do {
      const request = this.#next();
      if (request === undefined) break;
      this.#current = request;
      const outcome = request.run(this.#until);
      this.#current = undefined;
      if (outcome === AWAITS) {
        this.#activate(request);
        continue;
      }
      this.#deactivate(request);
      request.queued = outcome !== ENDED;
      if (request.queued) this.#waiting.push(request); // behind the others: it may go on for ever
    } while (performance.now() < this.#until);
    if (this.#canGoOn) this.#schedule();
    else if (this.#idle) this.#onIdle?.();
  }

  #activate(request: RequestHooks): void {
    if (request.place < 0) request.place = this.#active.push(request) - 1;
  }

  /** The last one takes its place. */
  #deactivate(request: RequestHooks): void {
    if (request.place < 0) return;
    const last = this.#active.pop() as RequestHooks;
    last.place = request.place;
    if (last !== request) this.#active[last.place] = last;
    request.place = -1;
  }

  #next(): RequestHooks | undefined {
    const resumed = this.#resumed.shift();
    return resumed ?? (this.#active.length < this.#concurrency ? this.#waiting.shift() : undefined);
  }

  /** Of the hook that looks at its environ: at its start as a rule, or after an `await`. */
  #signalOf(environ: Environ): AbortSignal {
    if (this.#current?.isOf(environ) === true) return this.#current.signal;
    for (const request of this.#active) if (request.isOf(environ)) return request.signal;
    return new AbortController().signal; // nobody waits for this hook, and nobody ever will
  }

  get #canGoOn(): boolean {
    return !this.#resumed.empty || (!this.#waiting.empty && this.#active.length < this.#concurrency);
  }

  get #idle(): boolean {
    return this.#waiting.empty && this.#active.length === 0;
  }

  // ---- the end ---------------------------------------------------------------------------------------------------

  /** Nothing is called or waited for any more. */
  #giveUp(reason: unknown): void {
    const active = this.#active;
    this.#active = [];
    const abandoned = active.flatMap((request) => request.abandon(reason));
    const dropped = active.flatMap((request) => request.dropRest());
    while (this.#resumed.shift() !== undefined);
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      dropped.push(...request.dropRest());
    }
    this.#ended = true;
    this.log.flush();
    if (abandoned.length + dropped.length > 0) this.log.gaveUp(abandoned, dropped);
    this.#onIdle?.();
  }
}
