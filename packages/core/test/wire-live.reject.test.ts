// Every row that is refused, sent to a running server in every way: one complete answer, the end of the connection, and
// nothing behind the fault is ever read as a request.

import { afterAll, describe, expect, test, vi } from "vitest";
import type { RejectCase } from "./wire/cases.ts";
import { cutAt } from "./wire/drive.ts";
import { CaseServers, FOLLOWER, LEADER, type Outcome } from "./wire/live.ts";
import { behindLeader, pushed, refused } from "./wire/refused.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { differing, inSmallPieces, somePositions, started } from "./wire/ways.ts";

vi.setConfig({ testTimeout: 60_000 }); // the first test of a group waits for all rows of it

const servers = new CaseServers();
afterAll(() => servers.close());

/** Sends pieces over TCP and waits for the server to close the connection of its own accord. */
async function overTcp({ limits }: RejectCase, pieces: Iterable<Uint8Array>): Promise<Outcome> {
  const server = servers.with(limits);
  return server.run(await server.tcp.connect(), pieces, Number.POSITIVE_INFINITY);
}

const rows = rejectCases.map((row) => [row.name, row] as const);

describe("over a socket, whole", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [row.bytes]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, with another request right behind it", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [Buffer.concat([row.bytes, FOLLOWER])]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, byte by byte", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, inSmallPieces(row.bytes)));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, split in two at some places", () => {
  const outcomes = started(rejectCases, async (row) =>
    differing(somePositions(row.bytes), await pushed(servers, row, [row.bytes]), (at) =>
      overTcp(row, cutAt(row.bytes, [at])),
    ),
  );

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({});
  });
});

describe("over a socket, between other requests", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [Buffer.concat([LEADER, row.bytes, FOLLOWER])]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(behindLeader(refused(row)));
  });
});
