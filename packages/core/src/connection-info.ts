// The facts of a connection, as extensions and applications see them. Types only; who keeps them is connection.ts's business.

import type { Duplex } from "node:stream";
import type { Endpoints } from "./environ.ts";

/**
 * How far a request had come when its client left: `"request-body"` while the application still read the body,
 * `"before-head"` while the application worked, `"response-body"` when part of the response had gone out.
 */
export type DisconnectPhase = "request-body" | "before-head" | "response-body";

/** The connection of a request: `onEnviron` is given it, `wsgi.input` has it as `connection`. */
export interface ConnectionInfo {
  /** Scheme, addresses and ports, as the environ has them. */
  readonly endpoints: Endpoints;
  /** How many requests this connection carried before this one. */
  readonly requestsServed: number;
  /** How far its present request is, at the moment of asking; undefined between requests. */
  readonly phase: DisconnectPhase | undefined;
  /** The socket beneath, for reading facts off it (TLS, addresses). Its bytes belong to the server. */
  readonly socket: Duplex;
}
