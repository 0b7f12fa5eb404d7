// The bodies that applications return: which kind one is, how to iterate it, how to close it. PEP 3333 §"Specification Details".
// Knows values only. Closing never throws into the server: what a close throws or rejects with goes to `report`.

import { UsageError } from "./errors.ts";
import type { Item } from "./types.ts";

export type BodyIterator = Iterator<Item> | AsyncIterator<Item>;

/** Whether a value is a promise of a body. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** The items of a body that is complete, else undefined. A bare string is one item, never its characters. */
export function completeItems(body: unknown): readonly Item[] | undefined {
  if (Array.isArray(body)) return body;
  return typeof body === "string" || body instanceof Uint8Array ? [body] : undefined;
}

/**
 * Begins to iterate a body; async when it offers that.
 *
 * @throws {UsageError} BAD_BODY
 */
export function iterate(body: unknown): { iterator: BodyIterator; isAsync: boolean } {
  if (typeof body === "object" && body !== null) {
    const { [Symbol.asyncIterator]: asyncIterator, [Symbol.iterator]: iterator } = body as Partial<
      AsyncIterable<Item> & Iterable<Item>
    >;
    if (asyncIterator !== undefined) return { iterator: asyncIterator.call(body), isAsync: true };
    if (iterator !== undefined) return { iterator: iterator.call(body), isAsync: false };
  }
  throw new UsageError("BAD_BODY", `got ${body === null ? "null" : typeof body}`);
}

/**
 * Closes a body: its `close()` as PEP 3333 has it; and the iterator's `return()`, or `destroy()` or `cancel()` of a
 * stream nobody iterated, so that generators and streams clean up too.
 *
 * @param iterator the iterator that was begun and has not ended; undefined when there is none
 * @param begun whether the body was iterated at all
 */
export function closeBody(
  body: unknown,
  iterator: BodyIterator | undefined,
  begun: boolean,
  report: (error: unknown) => void,
): void {
  if (iterator !== undefined) attempt(() => iterator.return?.(), report);
  if (typeof body !== "object" || body === null) return;
  const closable = body as Partial<Record<"close" | "destroy" | "cancel" | "return", () => unknown>>;
  if (typeof closable.close === "function") attempt(() => closable.close?.(), report);
  if (begun) return;
  const abandon = closable.destroy ?? closable.cancel ?? closable.return;
  if (typeof abandon === "function") attempt(() => abandon.call(body), report);
}

function attempt(action: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = action();
    if (isPromise(result)) result.then(undefined, report);
  } catch (error) {
    report(error);
  }
}
