// A fault as data: what goes wrong where, what its client sees, what the operator reads, what extensions are told.

import type { Application, Exchange } from "../../src/index.ts";

/** What the client may take it for. */
export type Seen =
  /** A 500, whole; the connection serves on. */
  | "page"
  /** A 200, whole; the connection serves on. */
  | "whole"
  /** A 200 that has begun and that nobody can take for whole; the connection ends. */
  | "incomplete";

export interface Fault {
  readonly name: string;
  readonly application: Application;
  readonly client: Seen;
  /** What each line of the log contains that the fault leads to; access lines are expected by themselves. */
  readonly operator: readonly RegExp[];
  /** Whether the exchange carries an error. */
  readonly hasError: boolean;
  readonly error?: unknown;
  readonly phase?: Exchange["disconnectPhase"];
  /** The request; GET when there is none. */
  readonly method?: string;
  /** The client leaves once this has come: an empty text, when the application has the request. */
  readonly leavesAfter?: string;
}

/** Answered with a page. */
export function pageFor(name: string, application: Application, ...operator: RegExp[]): Fault {
  return { name, application, client: "page", operator, hasError: true };
}

/** Broken off after the head. */
export function brokenFor(name: string, application: Application, ...operator: RegExp[]): Fault {
  return { name, application, client: "incomplete", operator, hasError: true };
}

/** Answered as if nothing were. */
export function wholeFor(name: string, application: Application, ...operator: RegExp[]): Fault {
  return { name, application, client: "whole", operator, hasError: false };
}
