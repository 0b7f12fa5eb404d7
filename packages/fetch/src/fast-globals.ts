// useFastGlobals(): puts light classes in the place of the runtime's Request and Response, as @hono/node-server does unasked.
// It changes globals, and nothing else in this package does.

import { FastResponse } from "./fast-response.ts";
import { LightRequest, NativeRequest } from "./wsgi-request.ts";

/** Where a mark is left, so that all copies of this package in a process see that it was done. */
const MARK = Symbol.for("@wsgi/fetch fast globals");

/** Whether light requests can be copied by the global Request and fetch. */
export function hasFastGlobals(): boolean {
  return MARK in globalThis;
}

/**
 * From now on `Request`, `Response` and `fetch` of this process are ones that know the light classes of this package. They do
 * what the runtime's own do, and theirs are subclasses or wrappers of it. Call it once, at the start; later calls do nothing.
 */
export function useFastGlobals(): void {
  if (hasFastGlobals()) return;
  const { fetch } = globalThis;
  const define = (name: string | symbol, value: unknown): void => {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };
  define(MARK, true);
  define("Response", FastResponse);
  define("Request", KnowingRequest);
  define("fetch", (input: unknown, init?: RequestInit) => fetch(...native(input, init)));
}

type Arguments = [input: Parameters<typeof fetch>[0], init: RequestInit | undefined];

/** A light request as the runtime knows it, with its signal. */
function native(input: unknown, init?: RequestInit): Arguments {
  if (!(input instanceof LightRequest)) return [input, init] as Arguments;
  return [LightRequest.unwrap(input), { signal: input.signal, ...init }];
}

class KnowingRequest extends NativeRequest {
  constructor(input: unknown, init?: RequestInit) {
    super(...native(input, init));
  }

  /** Those of this package, and of the runtime itself, are Requests as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass asks
    if (this === KnowingRequest) return value instanceof NativeRequest;
    // biome-ignore lint/complexity/noThisInStatic: a subclass asks
    return Reflect.apply(Function.prototype[Symbol.hasInstance], this, [value]);
  }
}
Object.defineProperty(KnowingRequest, "name", { value: "Request" });
