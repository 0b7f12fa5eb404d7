// Room for those that wait: when all places are taken, connections that do nothing end for others. It knows when and which;
// what a connection does, and how it ends, the connection knows. It never sees a socket.

import type { Member, Roster } from "./roster.ts";

/** A connection, as one that holds a place. */
export interface Occupant extends Member {
  /** Its number, in the order in which they got their places; the room's own. */
  arrival: number;
  readonly requestsServed: number;
  /** Since when it does nothing, in seconds of the server's clock, or for ever; undefined when it is at work. */
  readonly idleSince: number | undefined;
  /** Ends it; called only when it does nothing. */
  giveWay(): void;
}

/** Who does nothing for so long gives way to those that wait for room. */
const GIVE_WAY_SECONDS = 1;
/** So many that wait are a crowd; then, and for so long after, who has asked for nothing yet gives way at once. */
const CROWD = 16;
const CROWDED_SECONDS = 5;

/** Who gives way first: who only waits for the peer's closing, who has asked for nothing yet, who may ask again. */
const LINGERS = 0;
const IS_NEW = 1;
const WAS_SERVED = 2;

export class Room<T extends Occupant> {
  readonly #occupants: Roster<T>;
  readonly #countWaiting: () => number;
  #crowdedUntil = Number.NEGATIVE_INFINITY;
  #isScheduled = false;
  #arrivals = 0;

  /** @param countWaiting how many wait for a place now */
  constructor(occupants: Roster<T>, countWaiting: () => number) {
    this.#occupants = occupants;
    this.#countWaiting = countWaiting;
  }

  /** One got a place. */
  onAdmitted(occupant: T): void {
    occupant.arrival = this.#arrivals++;
  }

  /** One more has begun to wait. */
  onWaiting(now: number): void {
    if (this.#countWaiting() >= CROWD) this.#crowdedUntil = now + CROWDED_SECONDS;
    if (now <= this.#crowdedUntil) this.#makeSoon(now);
  }

  /** The clock was looked at. */
  check(now: number): void {
    if (this.#countWaiting() === 0) return;
    if (now <= this.#crowdedUntil) this.#makeSoon(now);
    else this.#make(now, 0);
  }

  /** After two turns: in the second one the first bytes of all that have places now are seen. */
  #makeSoon(now: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const seen = this.#arrivals;
    setImmediate(() =>
      setImmediate(() => {
        this.#isScheduled = false;
        this.#make(now, seen);
      }),
    );
  }

  /**
   * Ends as many as wait, the first that came or has done nothing for the longest.
   *
   * @param seen those that came before that one, and have asked for nothing yet, are given no second
   */
  #make(now: number, seen: number): void {
    const latest = now - GIVE_WAY_SECONDS;
    const found: { occupant: T; rank: number; since: number }[] = [];
    this.#occupants.each((occupant) => {
      const since = occupant.idleSince;
      if (since === undefined) return;
      const rank = since === Number.NEGATIVE_INFINITY ? LINGERS : occupant.requestsServed === 0 ? IS_NEW : WAS_SERVED;
      if (since <= latest || (rank === IS_NEW && occupant.arrival < seen)) found.push({ occupant, rank, since });
    });
    found.sort(
      (one, other) => one.rank - other.rank || one.since - other.since || one.occupant.arrival - other.occupant.arrival,
    );
    for (const { occupant } of found.slice(0, this.#countWaiting())) occupant.giveWay();
  }
}
