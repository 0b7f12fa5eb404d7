// Fetch handlers: what counts as one, and how it is called. A handler in; one function of three arguments out.
// Knows nothing of WSGI but the environ as a type.

import type { Application, Environ } from "@wsgi/core";
import { FetchError, show } from "./errors.ts";

/** What a handler gets beside the request: its second argument and, under the name that Workers have for it, its third. */
export interface HandlerContext {
  /** The environ of the request: early hints, the input with its trailers, the connection, keys of middleware. */
  readonly environ: Environ;
  /** Keeps work going after the response; see the README. Need not be called on the context. */
  readonly waitUntil: (work: unknown) => void;
  /**
   * Has a WSGI application answer in the handler's place: one that upgrades the connection, as websocket() of @wsgi/websocket. To be
   * returned; headers that are put on what it returns go out with the answer. Need not be called on the context.
   *
   * @throws {FetchError} BAD_APPLICATION
   */
  readonly answerWith: (application: Application) => Response;
  /** What Workers have. Nothing stands behind this server that could answer instead: it does nothing. */
  readonly passThroughOnException: () => void;
  /** Empty, for what expects it of Workers. */
  readonly props: Readonly<Record<string, unknown>>;
}

/** A function that answers a Request. */
export type FetchHandler = (
  request: Request,
  context: HandlerContext,
  executionContext: HandlerContext,
) => Response | Promise<Response>;

/** Hono's and H3's applications, `export default { fetch }`. The function is called as a method, so it has its `this`. */
export interface FetchObject {
  // biome-ignore lint/suspicious/noExplicitAny: frameworks type the arguments after the request each in its own way
  fetch(request: Request, ...rest: any[]): Response | Promise<Response>;
}

/** The handler as it is called. */
export type CallHandler = (request: Request, context: HandlerContext) => unknown;

/**
 * Whether a value is one that can only be a Fetch handler: an object, or a function with properties, that has a function at
 * `fetch`. A bare function is not told from a WSGI application by looking at it, so it is none here; `fromFetch` takes it.
 */
export function isFetchHandler(value: unknown): value is FetchObject {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { fetch?: unknown }).fetch === "function";
}

/** @throws {FetchError} BAD_HANDLER */
export function resolveHandler(handler: FetchHandler | FetchObject): CallHandler {
  if (isFetchHandler(handler)) return (request, context) => handler.fetch(request, context, context);
  if (typeof handler === "function") return (request, context) => handler(request, context, context);
  throw new FetchError("BAD_HANDLER", `got ${show(handler)}`);
}
