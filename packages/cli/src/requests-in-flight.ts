// The requests that are being answered: an Extension that remembers them, for status pages and for telling which ones a
// stuck process holds. Nothing of a request is kept after its response.

import type { ConnectionInfo, Environ, Extension } from "@wsgi/core";
import type { InFlightTable } from "./in-flight-table.ts";

export interface RequestInFlight {
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly ageMilliseconds: number;
  /** What is waited for: the request's body, the application, or the client to take the response. */
  readonly phase: NonNullable<ConnectionInfo["phase"]>;
}

interface Begun {
  readonly environ: Environ;
  readonly since: number;
  readonly connection: ConnectionInfo;
  /** In the table, if there is one. */
  readonly slot: number;
  /** Its index among those that have begun. */
  place: number;
}

/** Where an environ carries its entry. */
const BEGUN = Symbol("request in flight");
type Carrier = Environ & { [BEGUN]?: Begun };

export class RequestsInFlight implements Extension {
  readonly name = "requests in flight";
  /** No Map: with an application that waits, what it has held survived the young generation to 90 %; see roster.ts of core. */
  readonly #begun: Begun[] = [];
  #table: InFlightTable | undefined;

  /** From the first request on, another thread can read of them there. */
  publish(table: InFlightTable): void {
    this.#table = table;
  }

  onEnviron(environ: Carrier, connection: ConnectionInfo): void {
    const since = performance.now();
    const { REQUEST_METHOD: method, RAW_PATH_INFO: path, REMOTE_ADDR: client } = environ;
    const slot = this.#table?.add(method, path, client, since) ?? 0;
    environ[BEGUN] = { environ, since, connection, slot, place: this.#begun.length };
    this.#begun.push(environ[BEGUN]);
  }

  onResponded({ environ }: { environ: Carrier }): void {
    const begun = environ[BEGUN];
    if (begun === undefined) return;
    const last = this.#begun.pop() as Begun; // takes its place
    last.place = begun.place;
    if (last !== begun) this.#begun[last.place] = last;
    this.#table?.remove(begun.slot);
  }

  /** The oldest first. */
  list(): RequestInFlight[] {
    const now = performance.now();
    const begun = this.#begun.toSorted((one, other) => one.since - other.since);
    return begun.map(({ environ, since, connection }) => ({
      method: environ.REQUEST_METHOD,
      path: environ.RAW_PATH_INFO,
      client: environ.REMOTE_ADDR,
      ageMilliseconds: Math.round(now - since),
      phase: connection.phase ?? "response-body", // it is over, and not yet taken by the client
    }));
  }
}
