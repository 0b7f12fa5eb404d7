// What post hooks tell the operator: which one failed and where, which was abandoned, how many were dropped. Facts in, log
// lines out, each with the process. A line of its own for every fault; drops are summed up, one line a second at most.
// It must never throw: an error that cannot be shown is still told of.

import { inspect } from "node:util";
import type { Logger } from "@wsgi/core";

/** Where a hook stands. */
export interface HookPlace {
  readonly name: string;
  /** From 1. */
  readonly position: number;
  /** How many hooks the request has. */
  readonly total: number;
  readonly requestLine: string;
}

/** How long drops are gathered for one line. */
const SUMMARY_MILLISECONDS = 1000;
const MAX_NAMES = 5;
const MAX_LINE_LENGTH = 200;

export class HookLog {
  readonly #logger: Logger;
  #dropped = new Tally();
  #dropReason = "";
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  failed(place: HookPlace, error: unknown): void {
    this.#error(`${describePlace(place)} failed: ${describeError(error)}`);
  }

  malformed(place: HookPlace, fault: string): void {
    this.#error(`${describePlace(place)} is malformed: ${fault}`);
  }

  timedOut(place: HookPlace, seconds: number): void {
    this.#error(`${describePlace(place)} took longer than ${seconds} s and was abandoned`);
  }

  /** The environ has something else in place of the list. */
  noList(key: string, requestLine: string, fault: string): void {
    this.#error(`environ["${key}"] of ${quoteLine(requestLine)} was replaced: ${fault}`);
  }

  /** Hooks were refused a place in the queue; said within a second, with all that share their fate by then. */
  dropped(names: readonly string[], reason: string): void {
    if (reason !== this.#dropReason) this.flush();
    this.#dropReason = reason;
    this.#dropped.add(names);
    this.#timer ??= setTimeout(() => this.flush(), SUMMARY_MILLISECONDS).unref();
  }

  /** Says now what was dropped. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dropped.count === 0) return;
    this.#error(`dropped ${this.#dropped.count} post hooks, as ${this.#dropReason}: ${this.#dropped.show()}`);
    this.#dropped = new Tally();
  }

  /** The server closes and its time is up. */
  gaveUp(abandoned: readonly string[], dropped: readonly string[]): void {
    const parts = [
      abandoned.length > 0 ? `abandoned ${abandoned.length} post hooks: ${tally(abandoned)}` : "",
      dropped.length > 0 ? `dropped ${dropped.length} post hooks: ${tally(dropped)}` : "",
    ];
    this.#error(`the time to close was up, ${parts.filter((part) => part !== "").join("; ")}`);
  }

  #error(text: string): void {
    this.#logger.error(`(${process.pid}) ${text}`);
  }
}

/** Names and how often each came, the first few of them. */
class Tally {
  count = 0;
  readonly #names = new Map<string, number>();

  add(names: readonly string[]): void {
    this.count += names.length;
    for (const name of names) {
      const before = this.#names.get(name);
      if (before !== undefined || this.#names.size < MAX_NAMES) this.#names.set(name, (before ?? 0) + 1);
    }
  }

  show(): string {
    let others = this.count;
    const shown = [...this.#names].map(([name, count]) => {
      others -= count;
      return count === 1 ? name : `${name} (${count})`;
    });
    if (others > 0) shown.push(`${others} others`);
    return shown.join(", ");
  }
}

function tally(names: readonly string[]): string {
  const all = new Tally();
  all.add(names);
  return all.show();
}

function describePlace({ name, position, total, requestLine }: HookPlace): string {
  return `post hook ${position} of ${total}, ${name}, of ${quoteLine(requestLine)}`;
}

/** A client must not write log lines: quotes, backslashes, controls and characters beyond ASCII are escaped. */
function quoteLine(requestLine: string): string {
  const shown = requestLine.length > MAX_LINE_LENGTH ? `${requestLine.slice(0, MAX_LINE_LENGTH)}...` : requestLine;
  return JSON.stringify(shown).replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function describeError(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error.message) : inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}
