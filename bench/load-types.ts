// What is asked of a server under load, and what a generator of load answers. Types only.

import type { Header } from "@wsgi/core";

/** One kind of request, over and over. */
export interface Load {
  readonly scheme: "http" | "https";
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: readonly Header[];
  readonly body?: string;
  /** What the right answer's body is: the text, or how many bytes. */
  readonly answer: string | number;
  readonly connections: number;
  /** Requests sent at once on a connection. */
  readonly pipelined: number;
  /** Whether each request has a connection of its own. */
  readonly reconnect: boolean;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadGenerator {
  readonly name: string;
  /**
   * Loads a server on this machine, from a process that ends by itself.
   *
   * @param file a path that nothing else has, for what the generator needs
   * @throws when any request failed
   */
  run(load: Load, port: number, seconds: number, file: string): Promise<LoadResult>;
}
