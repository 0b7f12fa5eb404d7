// What `server()` returns, as types.

import type { BoundAddress } from "./listener.ts";

/** What is alive in a server, and what it has seen. */
export interface ServerCounters {
  /** Connections that are served. */
  readonly connections: number;
  /** Of these, how many are between requests. */
  readonly idle: number;
  /** Of these, how many answer a request or are in an application's hands. */
  readonly active: number;
  /** Connections that wait, unread, for their turn. */
  readonly waiting: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Requests whose response is over since the start. */
  readonly requests: number;
}

export interface CloseOptions {
  /** Seconds that active requests are given; default `shutdownTimeout`. Infinity waits for ever. */
  timeout?: number;
  /**
   * Seconds for which connections between requests stay, so that a request that is on its way is answered, with
   * `Connection: close`, and not lost. Default 0: they are closed at once.
   */
  idleGrace?: number;
}

/** How a server ended. */
export interface CloseReport {
  /** Connections that were cut because the deadline had passed. */
  readonly cut: number;
}

/** A running server. */
export interface Server extends AsyncDisposable {
  /** Resolves when every listener is bound; rejects with ListenError. If nobody listens for that, the process ends with it. */
  readonly ready: Promise<void>;
  /** Resolves when the server has ended, however that came. */
  readonly closed: Promise<CloseReport>;
  /** Where it listens; empty before `ready`. */
  readonly addresses: readonly BoundAddress[];
  readonly counters: ServerCounters;
  /**
   * Stops accepting, closes idle connections, lets active ones finish with `Connection: close`, and cuts what is left
   * at the deadline. A later call may shorten the deadline.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}
