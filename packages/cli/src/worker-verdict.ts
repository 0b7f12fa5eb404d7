// What is made of a worker that ended or fell silent: whether another one starts and when, or whether all is given up. Facts of
// the worker in, a verdict out. Pure: it knows no processes, no timers and no log.

import { Backoff } from "./backoff.ts";
import type { CommandSettings } from "./settings.ts";

/** A worker that ended and was not told to. */
export interface EndedWorker {
  /** An exit code or a signal, in words. */
  readonly end: string;
  /** Why it could not begin, in its own words. */
  readonly failure: string | undefined;
  readonly hasServed: boolean;
  readonly ageSeconds: number;
  /** It was to take another one's place. */
  readonly isReplacement: boolean;
}

export type CrashVerdict =
  /** Who asked for it sees that it ended. */
  | { readonly what: "nothing" }
  /** Nothing will be different the next time. */
  | { readonly what: "give up" }
  | { readonly what: "start"; readonly delaySeconds: number };

/** A worker that ends sooner was not well: the next one waits longer. */
const STABLE_SECONDS = 5;

/** Signals that a terminal or an init system sends to all processes of a group: whoever sent it means the supervisor too. */
const TO_ALL: readonly string[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"];

/** Whether it may have ended because all are to end, of which the supervisor may not have heard yet. */
export function mayBeTheEndOfAll({ end }: Pick<EndedWorker, "end">): boolean {
  return TO_ALL.includes(end);
}

export class CrashPolicy {
  readonly #backoff = new Backoff();

  /** @param anyServed whether any worker ever served: before that, what cannot begin is given up */
  judge({ failure, hasServed, ageSeconds, isReplacement }: EndedWorker, anyServed: boolean): CrashVerdict {
    if (isReplacement) return { what: "nothing" };
    if (!anyServed && !hasServed && (failure !== undefined || !this.#backoff.mayRetry)) return { what: "give up" };
    if (hasServed && ageSeconds >= STABLE_SECONDS) this.#backoff.reset();
    return { what: "start", delaySeconds: this.#backoff.next() };
  }
}

/** @returns which limit a worker has gone beyond by its silence; undefined when it may go on */
export function tooSilent(
  { state, silentSeconds }: { readonly state: string; readonly silentSeconds: number },
  { workerTimeout, bootTimeout }: Pick<CommandSettings, "workerTimeout" | "bootTimeout">,
  graceSeconds: number,
): "boot timeout" | "worker timeout" | undefined {
  if (state === "starting") return bootTimeout > 0 && silentSeconds > bootTimeout ? "boot timeout" : undefined;
  return workerTimeout > 0 && silentSeconds > workerTimeout + graceSeconds ? "worker timeout" : undefined;
}
