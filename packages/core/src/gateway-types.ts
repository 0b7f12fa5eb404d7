// The two ends of a gateway: a request that another server has read, and the way out for its response. Types only; whoever
// brings an application to another server implements them.

import type { Duplex } from "node:stream";
import type { ConnectionInfo } from "./connection-info.ts";
import type { Endpoints, Header } from "./environ.ts";
import type { ConnectionFacts } from "./listener.ts";
import type { Item } from "./types.ts";

/** A request that another server has read. */
export interface GatewayRequest {
  readonly method: string;
  /** What the application is mounted at, as it came, not decoded. Default: the root, "". */
  readonly scriptName?: string;
  /** The rest of the path, as it came, without the query. */
  readonly path: string;
  /** What follows the `?`; undefined without one. */
  readonly query: string | undefined;
  readonly minorVersion: 0 | 1;
  /** The authority that was asked for; it becomes HTTP_HOST. */
  readonly host: string | undefined;
  readonly fields: readonly Header[];
  readonly endpoints: Endpoints;
  /** Further keys for the environ. */
  readonly facts?: ConnectionFacts;
  /** What `wsgi.input.connection` is. */
  readonly connection?: ConnectionInfo;
  /** The next piece of the body; undefined at its end. Called when the last one was read, one call at a time. */
  pull(): Promise<Uint8Array | undefined>;
  /** The trailer fields, once the body has ended. */
  trailers?(): readonly Header[];
  /** Sends 100 Continue, or throws; without it that is a UsageError. */
  sendContinue?(headers: readonly Header[]): void;
  /** Sends 103 Early Hints; without it `wsgi.early_hints` is absent. */
  sendEarlyHints?(headers: readonly Header[]): void;
  /**
   * Gives the connection away.
   *
   * @param start what `startResponse` was called with: a 101, which has to be sent first; undefined when it was not called
   */
  takeSocket?(start: { statusLine: string; headers: readonly Header[] } | undefined): Duplex;
}

/** The way out. Calls come in this order: `start`, `write` any number of times, then `end` or `breakOff`. */
export interface GatewayResponse {
  /**
   * The head: checked, without what belongs to a connection. `Connection: close` is left in.
   *
   * @param length the bytes of the body, where they are known; it is among the headers when the application declared it
   */
  start(status: number, reason: string, headers: readonly Header[], length: number | undefined): void;
  /** Takes a piece of the body; false when the client should take some before there is more. */
  write(item: Item): boolean;
  /** Calls back, once, when more may be written, or the client is gone. */
  onceWritable(callback: () => void): void;
  /** The response is complete. */
  end(): void;
  /** It began and cannot be completed: the client must not take it for the whole. */
  breakOff(error: unknown): void;
}
