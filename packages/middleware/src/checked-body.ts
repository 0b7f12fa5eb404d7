// A body, checked item by item while the server iterates it. PEP 3333 "Specification Details", "Handling the Content-Length Header".
// The application's body in; one that gives the same items, and throws where a rule is broken, out.

import { show } from "./errors.ts";
import { ValidationError } from "./validation-error.ts";

type AnyIterator = Partial<Iterator<unknown> & AsyncIterator<unknown>>;

/** What the body is told of the response, and tells it. */
export interface BodyObserver {
  /** An item comes. @throws {ValidationError} */
  onItem(item: unknown): void;
  /** There are no more. @throws {ValidationError} */
  onEnd(): void;
}

/** The bytes of an item. @throws {ValidationError} */
export function itemLength(item: unknown): number {
  if (typeof item === "string") return new TextEncoder().encode(item).length;
  if (item instanceof Uint8Array) return item.length;
  throw new ValidationError("ITEM", show(item));
}

/** @throws {ValidationError} BODY */
export function checkedBody(body: unknown, observer: BodyObserver): unknown {
  const items = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
  if (Array.isArray(items) && !("close" in items)) {
    for (const item of items) observer.onItem(item);
    observer.onEnd();
    return body;
  }
  if (typeof items !== "object" || items === null) throw new ValidationError("BODY", show(body));
  if (Symbol.asyncIterator in items) return new CheckedBody(items, Symbol.asyncIterator, observer).async();
  if (Symbol.iterator in items) return new CheckedBody(items, Symbol.iterator, observer).sync();
  throw new ValidationError("BODY", show(body));
}

class CheckedBody {
  readonly #body: object;
  readonly #way: symbol;
  readonly #observer: BodyObserver;
  #iterator: AnyIterator | undefined = undefined;
  #isClosed = false;
  #hasEnded = false;

  constructor(body: object, way: symbol, observer: BodyObserver) {
    this.#body = body;
    this.#way = way;
    this.#observer = observer;
  }

  sync(): Iterable<unknown> & { close(): unknown } {
    const next = (): IteratorResult<unknown> => this.#take(this.#next() as IteratorResult<unknown>);
    return {
      [Symbol.iterator]: () => ({ next, return: (value) => this.#return(value) as IteratorResult<unknown> }),
      close: () => this.#close(),
    };
  }

  async(): AsyncIterable<unknown> & { close(): unknown } {
    const next = async (): Promise<IteratorResult<unknown>> =>
      this.#take(await (this.#next() as Promise<IteratorResult<unknown>>));
    return {
      [Symbol.asyncIterator]: () => ({
        next,
        return: async (value) => (await this.#return(value)) as IteratorResult<unknown>,
      }),
      close: () => this.#close(),
    };
  }

  #next(): unknown {
    if (this.#isClosed) throw new ValidationError("BODY_AFTER_CLOSE", "next() was called");
    this.#iterator ??= (this.#body as Record<symbol, () => AnyIterator>)[this.#way]?.() as AnyIterator;
    return this.#iterator.next?.();
  }

  #take(step: IteratorResult<unknown>): IteratorResult<unknown> {
    this.#hasEnded = step.done === true;
    if (step.done === true) this.#observer.onEnd();
    else this.#observer.onItem(step.value);
    return step;
  }

  #return(value: unknown): unknown {
    return this.#iterator?.return?.(value) ?? { done: true, value };
  }

  /** The body's own close(); one that is a stream and was not read to its end is cancelled. */
  #close(): unknown {
    if (this.#isClosed) throw new ValidationError("BODY_CLOSED_TWICE", "close() was called again");
    this.#isClosed = true;
    const { close, destroy, cancel } = this.#body as Partial<Record<"close" | "destroy" | "cancel", () => unknown>>;
    if (typeof close === "function") return close.call(this.#body);
    if (this.#hasEnded) return undefined;
    if (typeof destroy === "function") return destroy.call(this.#body);
    if (this.#iterator === undefined && typeof cancel === "function") return cancel.call(this.#body);
    return undefined;
  }
}
