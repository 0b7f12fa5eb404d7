// The requests that are being answered: an Extension that remembers them, for status pages and for telling which ones a
// stuck process holds. Nothing of a request is kept after its response.

import type { ConnectionInfo, Environ, Extension } from "@wsgi/core";

export interface RequestInFlight {
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly ageMilliseconds: number;
  /** What is waited for: the request's body, the application, or the client to take the response. */
  readonly phase: NonNullable<ConnectionInfo["phase"]>;
}

/** Where the watchdog of a stuck process finds the list; it can evaluate code there, but import nothing. */
export const IN_FLIGHT_SYMBOL = Symbol.for("@wsgi/cli.requestsInFlight");

export class RequestsInFlight implements Extension {
  readonly name = "requests in flight";
  readonly #begun = new Map<Environ, { readonly since: number; readonly connection: ConnectionInfo }>();

  onEnviron(environ: Environ, connection: ConnectionInfo): void {
    this.#begun.set(environ, { since: performance.now(), connection });
  }

  onResponded({ environ }: { environ: Environ }): void {
    this.#begun.delete(environ);
  }

  /** The oldest first. */
  list(): RequestInFlight[] {
    const now = performance.now();
    return [...this.#begun].map(([environ, { since, connection }]) => ({
      method: environ.REQUEST_METHOD,
      path: environ.RAW_PATH_INFO,
      client: environ.REMOTE_ADDR,
      ageMilliseconds: Math.round(now - since),
      phase: connection.phase ?? "response-body", // it is over, and not yet taken by the client
    }));
  }
}
