// The bodies that applications return: which kind one is, how to iterate it, how to close it. PEP 3333 §"Specification Details".
// Knows values only. Closing never throws into the server: what a close throws or rejects with goes to `report`.

import type { ReadableStream, ReadableStreamDefaultReader } from "node:stream/web";
import { asReason, show, UsageError } from "./errors.ts";
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
 * The bytes of an item.
 *
 * @throws {UsageError} BAD_BODY
 */
export function itemLength(item: unknown): number {
  if (typeof item === "string") return Buffer.byteLength(item);
  if (item instanceof Uint8Array) return item.length;
  throw badItem(item);
}

/**
 * The bytes of all items.
 *
 * @throws {UsageError} BAD_BODY
 */
export function totalLength(items: readonly unknown[]): number {
  let length = 0;
  try {
    for (let i = 0; i < items.length; i++) length += itemLength(items[i]);
  } catch (error) {
    items.forEach(abandon);
    throw error;
  }
  return length;
}

function badItem(item: unknown): UsageError {
  const what = abandon(item) ? "a promise: await it, or yield it from an async generator" : show(item);
  return new UsageError("BAD_BODY", `got an item that is ${what}`);
}

/** What is wrong with a step of a synchronous iterator that has no item. */
export function badStep(step: unknown): UsageError {
  if (!abandon(step)) return badItem(undefined);
  return new UsageError("BAD_BODY", "got a promise from next() of [Symbol.iterator]: name it [Symbol.asyncIterator]");
}

/** A promise in the place of an item is told of as that; nobody waits for it, so its rejection would end the process. */
function abandon(item: unknown): boolean {
  if (!(item instanceof Promise)) return false;
  item.catch(() => {});
  return true;
}

/**
 * Begins to iterate a body; async when it offers that.
 *
 * @throws {UsageError} BAD_BODY
 */
export function iterate(body: unknown): { iterator: BodyIterator; isAsync: boolean } {
  if (typeof body === "object" && body !== null) {
    const known = body as Partial<AsyncIterable<Item> & Iterable<Item> & ReadableStream<Uint8Array>>;
    if (known.getReader !== undefined) return { iterator: readWebStream(known.getReader()), isAsync: true };
    const { [Symbol.asyncIterator]: asyncIterator, [Symbol.iterator]: iterator } = known;
    if (asyncIterator !== undefined) return { iterator: asyncIterator.call(body), isAsync: true };
    if (iterator !== undefined) return { iterator: iterator.call(body), isAsync: false };
  }
  throw new UsageError("BAD_BODY", `got ${body === null ? "null" : typeof body}`);
}

/** A web stream through its reader: `return()` of the stream's own iterator would wait for an item that may never come. */
function readWebStream(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncIterator<Item> {
  let hasFailed = false;
  reader.closed.catch(() => {
    hasFailed = true;
  });
  return {
    next: () => reader.read() as Promise<IteratorResult<Item>>,
    return: async () => {
      if (!hasFailed) await reader.cancel(); // it would reject with what next() rejected with
      return { done: true, value: undefined };
    },
  };
}

/**
 * Closes a body: its `close()` as PEP 3333 has it; and unless it was iterated to its end, the iterator's `return()`,
 * `destroy()` of a Node stream, or `cancel()` of a web stream nobody read, so that generators and streams clean up too.
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
  const method = (name: "close" | "destroy" | "cancel" | "return"): (() => unknown) | undefined => {
    let found: unknown;
    attempt(() => {
      found = (body as Record<string, unknown>)[name]; // a getter, or a Proxy, may throw
    }, report);
    return typeof found === "function" ? found.bind(body) : undefined;
  };
  const close = method("close");
  if (close !== undefined) attempt(close, report);
  const isEnded = begun && iterator === undefined;
  const destroy = method("destroy");
  // A Node stream's iterator returns only after the item it waits for, which a quiet stream never gives.
  if (!isEnded && destroy !== undefined) {
    hearErrors(body, report);
    attempt(destroy, report);
  }
  if (begun || destroy !== undefined) return;
  const abandon = method("cancel") ?? method("return");
  if (abandon !== undefined) attempt(abandon, report);
}

/** Whether closing it would do nothing, as is so for nearly every body. */
export function needsNoClosing(body: unknown): boolean {
  try {
    return typeof body !== "object" || body === null || (Array.isArray(body) && !("close" in body));
  } catch {
    return false; // a Proxy that throws: closing it tells
  }
}

/** A Node stream that fails while it is destroyed says so by an event; one that nobody hears ends the process. */
function hearErrors(body: unknown, report: (error: unknown) => void): void {
  const { on } = body as { on?: (event: string, listener: (error: unknown) => void) => unknown };
  const hear = (error: unknown): void => {
    if ((error as { code?: unknown } | null)?.code !== "ABORT_ERR") report(asReason(error)); // that it was destroyed
  };
  if (typeof on === "function") attempt(() => on.call(body, "error", hear), report);
}

function attempt(action: () => unknown, report: (error: unknown) => void): void {
  const fail = (thrown: unknown): void => report(asReason(thrown));
  try {
    const result = action();
    if (isPromise(result)) result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}
