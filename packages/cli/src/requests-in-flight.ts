// The requests that are being answered: an Extension that remembers them, for status pages and for telling which ones a
// stuck process holds. Nothing of a request is kept after its response.

import type { Environ, Extension } from "@wsgi/core";

export interface RequestInFlight {
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly ageMilliseconds: number;
}

/** Where the watchdog of a stuck process finds the list; it can evaluate code there, but import nothing. */
export const IN_FLIGHT_SYMBOL = Symbol.for("@wsgi/cli.requestsInFlight");

export class RequestsInFlight implements Extension {
  readonly name = "requests in flight";
  readonly #begun = new Map<Environ, number>();

  onEnviron(environ: Environ): void {
    this.#begun.set(environ, performance.now());
  }

  onResponded({ environ }: { environ: Environ }): void {
    this.#begun.delete(environ);
  }

  /** The oldest first. */
  list(): RequestInFlight[] {
    const now = performance.now();
    return [...this.#begun].map(([environ, since]) => ({
      method: environ.REQUEST_METHOD,
      path: environ.RAW_PATH_INFO,
      client: environ.REMOTE_ADDR,
      ageMilliseconds: Math.round(now - since),
    }));
  }
}
