// Who gives way to those that wait for a place, in which order and when.

import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Occupant, Room } from "../src/room.ts";
import { Roster } from "../src/roster.ts";

const LINGERING = Number.NEGATIVE_INFINITY;
const CROWD = 16;

/** A room in which connections have done what they are said to have, and the names of those that gave way. */
function roomOf({ waiting }: { waiting: number }) {
  const occupants = new Roster<Occupant>();
  const left: string[] = [];
  const room = new Room(occupants, () => waiting);
  const admit = (name: string, idleSince: number | undefined, requestsServed = 0): void => {
    const giveWay = (): void => {
      left.push(name);
      occupants.remove(occupant);
    };
    const occupant: Occupant = { place: -1, arrival: -1, idleSince, requestsServed, giveWay };
    occupants.add(occupant);
    room.onAdmitted(occupant);
  };
  return { room, admit, left };
}

async function twoTurns(): Promise<void> {
  await turn();
  await turn();
}

test("who has done nothing for a second gives way, to as many as wait", () => {
  const { room, admit, left } = roomOf({ waiting: 2 });
  admit("at work", undefined);
  admit("lately", 9.5);
  admit("served", 1, 7);
  admit("first", 8);
  admit("second", 8);
  admit("lingers", LINGERING, 1);
  room.check(10);
  expect(left).toEqual(["lingers", "first"]);
  room.check(10);
  expect(left).toEqual(["lingers", "first", "second", "served"]);
  room.check(10);
  expect(left).toHaveLength(4);
});

test("nobody gives way when nobody waits", async () => {
  const { room, admit, left } = roomOf({ waiting: 0 });
  admit("silent", 0);
  admit("lingers", LINGERING);
  room.check(100);
  await twoTurns();
  expect(left).toEqual([]);
});

test("a few that wait leave everybody a second", async () => {
  const { room, admit, left } = roomOf({ waiting: CROWD - 1 });
  admit("silent", 10);
  room.onWaiting(10);
  room.check(10.5);
  await twoTurns();
  expect(left).toEqual([]);
});

test("in a crowd the silent give way at once, in the order in which they came", async () => {
  const { room, admit, left } = roomOf({ waiting: CROWD });
  for (const name of ["a", "b", "c"]) admit(name, 10);
  room.onWaiting(10);
  expect(left).toEqual([]); // what they have sent may be seen in the next turn
  await twoTurns();
  expect(left).toEqual(["a", "b", "c"]);
});

test("in a crowd who got a place a moment ago keeps it until its first bytes can have been seen", async () => {
  const { room, admit, left } = roomOf({ waiting: CROWD });
  admit("old", 10);
  room.onWaiting(10);
  admit("new", 10);
  await twoTurns();
  expect(left).toEqual(["old"]);
  room.check(10.5);
  expect(left).toEqual(["old"]);
  await twoTurns();
  expect(left).toEqual(["old", "new"]);
});

test("in a crowd who has been served keeps its place for a second", async () => {
  const { room, admit, left } = roomOf({ waiting: CROWD });
  admit("asks again soon", 9.5, 1);
  admit("silent", 9.5);
  room.onWaiting(10);
  await twoTurns();
  expect(left).toEqual(["silent"]);
  room.check(10.5);
  await twoTurns();
  expect(left).toEqual(["silent", "asks again soon"]);
});

test("a crowd is one for five seconds after it was seen", async () => {
  const { room, admit, left } = roomOf({ waiting: CROWD });
  room.onWaiting(10);
  await twoTurns();
  admit("within", 14.9);
  room.check(15);
  await twoTurns();
  expect(left).toEqual(["within"]);
  admit("after", 15.4);
  room.check(15.5);
  await twoTurns();
  expect(left).toEqual(["within"]);
});
