// Who is in a roster, whatever comes and goes, and that a walk through it leaves nobody out.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Member, Roster } from "../src/roster.ts";

interface Named extends Member {
  readonly name: number;
}

const named = (name: number): Named => ({ name, place: -1 });

function names(roster: Roster<Named>): number[] {
  const found: number[] = [];
  roster.each(({ name }) => void found.push(name));
  return found.sort((one, other) => one - other);
}

test("holds those that came and have not left", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (steps) => {
      const roster = new Roster<Named>();
      const there = new Map<number, Named>();
      for (const [step, choice] of steps.entries()) {
        const leaving = [...there.values()][choice];
        if (leaving === undefined) {
          const member = named(step);
          there.set(step, member);
          roster.add(member);
        } else {
          there.delete(leaving.name);
          roster.remove(leaving);
          roster.remove(leaving); // a second time changes nothing
        }
        expect(roster.size).toBe(there.size);
        expect(names(roster)).toEqual([...there.keys()]);
      }
    }),
  );
});

test("a walk ends well when those before it have left", () => {
  const roster = new Roster<Named>();
  const members = [named(0), named(1), named(2)] as const;
  for (const member of members) roster.add(member);
  const met: number[] = [];
  roster.each(({ name }) => {
    met.push(name);
    roster.remove(members[0]);
    roster.remove(members[1]);
  });
  expect(met).toEqual([2, 2]); // moved to the first place, it is met there again
  expect(names(roster)).toEqual([2]);
});

test("a walk meets everybody who stays, whoever leaves on the way", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.tuple(fc.nat(20), fc.nat(20))), (size, departures) => {
      const roster = new Roster<Named>();
      const members = Array.from({ length: size }, (_, name) => named(name));
      for (const member of members) roster.add(member);
      const left = new Set<number>();
      const met = new Set<number>();
      roster.each(({ name }) => {
        met.add(name);
        for (const [at, who] of departures) {
          const leaving = members[who];
          if (at !== name || leaving === undefined) continue;
          roster.remove(leaving);
          left.add(who);
        }
      });
      for (const { name } of members) if (!left.has(name)) expect(met).toContain(name);
    }),
  );
});
