// The options of websocket(): one table of defaults, checks and reasons, and the resolver that goes by it. Options as given in,
// every value present and checked out. The README's table is compared with this one by a test.

import type { Environ } from "@wsgi/core";
import type { PerMessageDeflateOptions } from "ws";
import { show, WebSocketUsageError } from "./errors.ts";

/** Chooses a subprotocol; undefined for none. */
export type ChooseProtocol = (offered: readonly string[], environ: Environ) => string | undefined;

/** Whether a page of this origin may connect; undefined where the client sent none, as programs do. */
export type CheckOrigin = (origin: string | undefined, environ: Environ) => boolean;

/** What a caller may give. `undefined` means "not given". */
export interface WebSocketOptions {
  /** Subprotocols that are spoken, the best first, or a function that chooses. Default: none. */
  protocols?: readonly string[] | ChooseProtocol | undefined;
  /** Origins whose pages may connect, or a function that decides. Default: every one. */
  origin?: readonly string[] | CheckOrigin | undefined;
  /** Bytes of the largest message. Default 8 MiB. */
  maxPayload?: number | undefined;
  /** Whether messages may be compressed; an object is handed on to ws. Default false. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** Seconds between pings; a client that has sent nothing since the last one is cut; 0 = none. Default 30. */
  pingInterval?: number | undefined;
  /** Seconds that a client has to answer a close. Default 10. */
  closeTimeout?: number | undefined;
}

/** Every value present. */
export interface ResolvedOptions {
  readonly protocols: readonly string[] | ChooseProtocol | undefined;
  readonly origin: readonly string[] | CheckOrigin | undefined;
  readonly maxPayload: number;
  readonly perMessageDeflate: boolean | PerMessageDeflateOptions;
  readonly pingInterval: number;
  readonly closeTimeout: number;
}

/** One row of the table. */
export interface WebSocketOptionRow {
  readonly default: unknown;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  readonly summary: string;
  /** Why the default is what it is, and what others have. */
  readonly precedent: string;
}

const isListOrFunction = (value: unknown): boolean =>
  typeof value === "function" || (Array.isArray(value) && value.every((one) => typeof one === "string" && one !== ""));
const isSeconds = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 2_000_000;

const row = (
  value: unknown,
  expected: string,
  accepts: (value: unknown) => boolean,
  summary: string,
  precedent: string,
): WebSocketOptionRow => Object.freeze({ default: value, expected, accepts, summary, precedent });

/** Every option, in the order of the documentation. */
export const WEBSOCKET_OPTION_TABLE: Readonly<Record<keyof WebSocketOptions, WebSocketOptionRow>> = Object.freeze({
  protocols: row(
    undefined,
    "a list of names, or a function",
    isListOrFunction,
    "subprotocols that are spoken, the best first, or a function `(offered, environ)` that returns one of them",
    "eventlet: none; ws takes the first that the client offers",
  ),
  origin: row(
    undefined,
    "a list of origins, or a function",
    isListOrFunction,
    "origins whose pages may connect, or a function `(origin, environ)` that says so; others get 403",
    "eventlet, ws: every one",
  ),
  maxPayload: row(
    8 * 1024 * 1024,
    "a whole number of bytes above 0",
    (value) => Number.isSafeInteger(value) && (value as number) > 0,
    "bytes of the largest message; a larger one closes the connection with 1009",
    "eventlet: 8 MiB; ws 100 MiB",
  ),
  perMessageDeflate: row(
    false,
    "true, false or an object of options of ws",
    (value) => typeof value === "boolean" || (typeof value === "object" && value !== null),
    "whether messages may be compressed; an object goes to ws as it is",
    "ws: off, for it takes memory; eventlet: on for clients that ask",
  ),
  pingInterval: row(
    30,
    "a number of seconds, 0 or more",
    isSeconds,
    "seconds between pings; a client that sent nothing since the last one is cut; 0 = none",
    "eventlet, ws: none; uvicorn 20, shorter than the 60 s of common load balancers",
  ),
  closeTimeout: row(
    10,
    "a number of seconds, 0 or more",
    isSeconds,
    "seconds that a client has to answer a close; then it is cut",
    "ws 30; Python's websockets 10",
  ),
});

/** Every default, frozen. */
export const DEFAULT_WEBSOCKET_OPTIONS: Readonly<ResolvedOptions> = Object.freeze(
  Object.fromEntries(Object.entries(WEBSOCKET_OPTION_TABLE).map(([name, { default: value }]) => [name, value])),
) as unknown as Readonly<ResolvedOptions>;

/** @throws {WebSocketUsageError} BAD_OPTION naming the option, what was expected and what came */
export function resolveOptions(options: WebSocketOptions = {}): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new WebSocketUsageError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  }
  const resolved: Record<string, unknown> = { ...DEFAULT_WEBSOCKET_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(WEBSOCKET_OPTION_TABLE, name)) {
      const names = Object.keys(WEBSOCKET_OPTION_TABLE).join(", ");
      throw new WebSocketUsageError("BAD_OPTION", `there is no option ${show(name)}; there are ${names}`);
    }
    if (value === undefined) continue;
    const { accepts, expected } = WEBSOCKET_OPTION_TABLE[name as keyof WebSocketOptions];
    if (!accepts(value)) {
      throw new WebSocketUsageError("BAD_OPTION", `${name}: expected ${expected}, got ${show(value)}`);
    }
    resolved[name] = value;
  }
  return resolved as unknown as ResolvedOptions;
}
