// The hooks of one request: runs them in their order, one at a time, each guarded and bounded in time.
// The list and the exchange in; calls of the hooks, counts and log lines out. When it may run, the queue decides; it
// holds no more than one timer, and what an abandoned hook does later never touches the hooks after it.

import type { Environ, Exchange } from "@wsgi/core";
import { callHook, faultOf, isThenable, nameOf } from "./hook-entry.ts";
import type { HookLog, HookPlace } from "./hook-log.ts";
import type { PostHook, PostHookCounters, PostHookEnviron } from "./types.ts";

/** How a run of hooks came to its end. */
export const ENDED = 0;
/** A hook has to be waited for; `resume` is called when it has ended. */
export const AWAITS = 1;
/** The turn is over and there is more to do. */
export const TURN_OVER = 2;
export type Outcome = typeof ENDED | typeof AWAITS | typeof TURN_OVER;

/** What the hooks of all requests share. */
export interface HooksHost {
  /** Seconds that a hook may take; 0 = no limit. */
  readonly timeout: number;
  readonly counts: { -readonly [Name in keyof PostHookCounters]: number };
  readonly log: HookLog;
  /** `wsgi.posthooks.signal` of every environ: one accessor for all, as a closure for each would cost more than a hook. */
  readonly signalProperty: PropertyDescriptor;
  /** Why more hooks cannot wait; undefined when they can. */
  refusal(): string | undefined;
  /** The hook that was waited for has ended. */
  resume(request: RequestHooks): void;
}

/** setTimeout's own limit, 24.8 days. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

export class RequestHooks {
  /** The one behind it in the RequestList that holds it. */
  next: RequestHooks | undefined = undefined;
  /** Whether it has a place in the queue, or runs. */
  queued = false;
  /** Its index among those whose hook is waited for; -1 when it is none of them. The queue's own. */
  place = -1;
  #environ: PostHookEnviron;
  readonly #exchange: Exchange;
  readonly #hooks: PostHook[];
  readonly #host: HooksHost;
  /** How many were called. */
  #position = 0;
  /** How long the list was when it was looked at last. */
  #noted = 0;
  /** What the hook that is waited for returned: what an abandoned one brings later is not this. */
  #awaited: PromiseLike<unknown> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(exchange: Exchange, hooks: PostHook[], host: HooksHost) {
    this.#environ = exchange.environ as PostHookEnviron; // once it is furnished
    this.#exchange = exchange;
    this.#hooks = hooks;
    this.#host = host;
  }

  /** Puts the receipt, and the way to the signal, into the environ. */
  furnish(): void {
    try {
      this.#furnish();
    } catch {
      this.#environ = { ...this.#environ }; // an application may freeze its environ
      this.#furnish();
    }
  }

  #furnish(): void {
    this.#environ["wsgi.exchange"] = this.#exchange;
    Object.defineProperty(this.#environ, "wsgi.posthooks.signal", this.#host.signalProperty);
  }

  /** Whether these are the hooks of this environ. */
  isOf(environ: Environ): boolean {
    return environ === this.#environ;
  }

  /** How many wait to be called. */
  get pending(): number {
    return this.#noted - this.#position;
  }

  /** For the hook that runs; made when it is first looked at. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Takes account of hooks that were added or removed; drops new ones when no more can wait. */
  note(): void {
    const length = Math.max(this.#hooks.length, this.#position);
    if (length === this.#noted) return;
    const refusal = length > this.#noted ? this.#host.refusal() : undefined;
    if (refusal === undefined) {
      this.#host.counts.pending += length - this.#noted;
      this.#noted = length;
    } else {
      const names = this.#hooks.splice(this.#noted).map(nameOf);
      this.#host.counts.dropped += names.length;
      this.#host.log.dropped(names, refusal);
    }
  }

  /** Calls hooks until one has to be waited for, all have run, or the time has come; one is called at least. */
  run(until: number): Outcome {
    this.note();
    while (this.pending > 0) {
      const awaits = this.#callNext();
      this.note();
      if (awaits) return AWAITS;
      if (this.pending > 0 && performance.now() >= until) return TURN_OVER;
    }
    return ENDED;
  }

  /** The server's time to close is up: the hook that is waited for is not waited for any more. Its name, if there is one. */
  abandon(reason: unknown): string[] {
    if (this.#awaited === undefined) return [];
    this.#release(reason);
    return [this.#place.name];
  }

  /** Those that will not be called any more. */
  dropRest(): string[] {
    this.note();
    const names = this.#hooks.slice(this.#position, this.#noted).map(nameOf);
    this.#host.counts.pending -= this.pending;
    this.#host.counts.dropped += names.length;
    this.#position = this.#noted;
    return names;
  }

  /** Calls the next hook; true when it has to be waited for. */
  #callNext(): boolean {
    const { counts, log } = this.#host;
    const entry = this.#hooks[this.#position++] as PostHook;
    counts.pending--;
    try {
      const fault = faultOf(entry);
      if (fault !== undefined) {
        counts.failed++;
        log.malformed(this.#place, fault);
        return false;
      }
      counts.run++;
      this.#controller = undefined;
      const result = callHook(entry, this.#environ);
      if (!isThenable(result)) return false;
      this.#await(result);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #await(result: PromiseLike<unknown>): void {
    const { counts, timeout } = this.#host;
    this.#awaited = result;
    counts.running++;
    if (timeout > 0) {
      const milliseconds = Math.min(timeout * 1000, MAX_TIMER_MILLISECONDS);
      this.#timer = setTimeout(() => this.#timeOut(), milliseconds).unref();
    }
    Promise.resolve(result).then(
      () => {
        if (this.#awaited === result) this.#goOn();
      },
      (error: unknown) => {
        if (this.#awaited !== result) return; // abandoned: it was told of already
        this.#fail(error);
        this.#goOn();
      },
    );
  }

  #fail(error: unknown): void {
    this.#host.counts.failed++;
    this.#host.log.failed(this.#place, error);
  }

  #timeOut(): void {
    const { log, timeout } = this.#host;
    log.timedOut(this.#place, timeout);
    this.#release(new DOMException(`the post hook took longer than ${timeout} s`, "TimeoutError"));
    this.#host.resume(this);
  }

  #goOn(): void {
    this.#settle();
    this.#host.resume(this);
  }

  /** The hook is told that nobody waits for it any more; what becomes of it is its own business. */
  #release(reason: unknown): void {
    this.#settle();
    this.#host.counts.timedOut++;
    this.#controller?.abort(reason);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#awaited = undefined;
    this.#host.counts.running--;
  }

  /** Of the hook that was called last. */
  get #place(): HookPlace {
    const position = this.#position;
    const name = nameOf(this.#hooks[position - 1]);
    return { name, position, total: this.#hooks.length, requestLine: this.#exchange.requestLine };
  }
}
