// What is due on a connection: the timeouts of each state, and peers that are too slow. RFC 9112 §9.5.
// Facts and the time in, at most one verdict out. Pure: the connection acts on it.

import { DISCARDING, IDLE, READING_HEAD, RUNNING, TAKEN } from "./connection-state.ts";
import { ClientDisconnected, ProtocolError } from "./errors.ts";
import type { ServerOptions } from "./options.ts";
import { ProgressGuard } from "./progress-guard.ts";

/** A connection as the clock sees it. */
export interface ConnectionFacts {
  readonly state: number;
  /** Seconds since the state was entered. */
  readonly age: number;
  readonly requestsServed: number;
  /** Whether bytes are being read from the peer. */
  readonly reading: boolean;
  /** Whether the application waits for bytes of the body. */
  readonly inputWaiting: boolean;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Bytes that the peer has still to take. */
  readonly bytesUnsent: number;
}

export type Verdict =
  /** Close quietly, after what is queued. */
  | { readonly action: "close" }
  /** Answer with the error, then close. */
  | { readonly action: "refuse"; readonly error: ProtocolError }
  /** The body cannot be read to its end. */
  | { readonly action: "fail-body"; readonly error: ProtocolError }
  /** Break it off: the peer takes nothing any more. */
  | { readonly action: "cut"; readonly error: ClientDisconnected };

const CLOSE: Verdict = Object.freeze({ action: "close" });

/** `keepalive: true`: longer than the 60 s that common load balancers keep a connection. */
const DEFAULT_KEEPALIVE_SECONDS = 75;

export class Deadlines {
  readonly #options: ServerOptions;
  /** Made when the peer is waited for: an idle connection has none. */
  #readGuard: ProgressGuard | undefined = undefined;
  #writeGuard: ProgressGuard | undefined = undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /**
   * Looks at a connection that is not CLOSED.
   *
   * @param now seconds of a steady clock
   */
  check(now: number, facts: ConnectionFacts): Verdict | undefined {
    if (facts.state === TAKEN) return undefined;
    const { bytesUnsent } = facts;
    if (bytesUnsent > 0) this.#writeGuard ??= new ProgressGuard(this.#options);
    const tooSlow = this.#writeGuard?.check(now, bytesUnsent > 0, facts.bytesSent, bytesUnsent);
    if (tooSlow !== undefined) {
      return { action: "cut", error: new ClientDisconnected(`the client took its response too slowly: ${tooSlow}`) };
    }
    switch (facts.state) {
      case IDLE:
        return facts.age >= this.#idleLimit(facts.requestsServed) && bytesUnsent === 0 ? CLOSE : undefined;
      case READING_HEAD:
        return facts.reading ? this.#checkHead(facts.age) : undefined;
      case RUNNING:
        return this.#checkBody(now, facts.inputWaiting, facts.bytesReceived);
      case DISCARDING:
        return this.#checkBody(now, true, facts.bytesReceived);
      default: // CLOSING
        if (bytesUnsent > 0 || facts.age < this.#options.lingerTimeout) return undefined;
        return { action: "cut", error: new ClientDisconnected("the client did not close in time") };
    }
  }

  /** A connection that has asked for nothing yet has the time of a head, another one the keep-alive time. */
  #idleLimit(requestsServed: number): number {
    const { headTimeout, keepalive } = this.#options;
    if (requestsServed === 0) return headTimeout === 0 ? Number.POSITIVE_INFINITY : headTimeout;
    return typeof keepalive === "number" ? keepalive : DEFAULT_KEEPALIVE_SECONDS;
  }

  #checkHead(age: number): Verdict | undefined {
    const { headTimeout } = this.#options;
    if (headTimeout === 0 || age < headTimeout) return undefined;
    return { action: "refuse", error: new ProtocolError("HEAD_TIMEOUT", `more than ${headTimeout} s`) };
  }

  #checkBody(now: number, waiting: boolean, bytesReceived: number): Verdict | undefined {
    this.#readGuard ??= new ProgressGuard(this.#options);
    const fault = this.#readGuard.check(now, waiting, bytesReceived);
    return fault === undefined ? undefined : { action: "fail-body", error: new ProtocolError("BODY_TIMEOUT", fault) };
  }
}
