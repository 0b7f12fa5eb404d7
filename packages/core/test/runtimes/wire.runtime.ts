// The tables of wire cases, sent over sockets to a server on the runtime that is examined. Run by `test:matrix`.

import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { acceptCases } from "../wire/accept-cases.ts";
import { FOLLOWER, LEADER } from "../wire/live.ts";
import { behindLeader, refused } from "../wire/refused.ts";
import { rejectCases } from "../wire/reject-cases.ts";
import { expectations, pipelined, understood } from "../wire/understood.ts";
import { inSmallPieces, started } from "../wire/ways.ts";
import "./provided.ts";
import { Remote } from "./remote.ts";

vi.setConfig({ testTimeout: 120_000 }); // the first test of a group waits for all rows of it

let remote: Remote;
beforeAll(async () => {
  remote = await Remote.start(inject("runtime"));
}, 30_000);
afterAll(() => remote?.stop());

const accepted = acceptCases.map((row) => [row.name, row] as const);
const rejected = rejectCases.map((row) => [row.name, row] as const);

describe("whole", () => {
  const good = started(acceptCases, (row) => remote.run(row.limits, [row.bytes], row.messages.length));
  const bad = started(rejectCases, (row) => remote.run(row.limits, [row.bytes], Number.POSITIVE_INFINITY));

  test.each(accepted)("understands %s", async (_, row) => {
    expect(await good.of(row)).toEqual(understood(row));
  });

  test.each(rejected)("refuses %s", async (_, row) => {
    expect(await bad.of(row)).toEqual(refused(row));
  });
});

describe("byte by byte", () => {
  const good = started(acceptCases, (row) => remote.run(row.limits, inSmallPieces(row.bytes), row.messages.length));
  const bad = started(rejectCases, (row) => remote.run(row.limits, inSmallPieces(row.bytes), Number.POSITIVE_INFINITY));

  test.each(accepted)("understands %s", async (_, row) => {
    const { continues, ...outcome } = await good.of(row);
    // Bytes may come together on their way to another process: then there is nothing to wait for.
    expect(continues).toBeLessThanOrEqual(expectations(row));
    expect({ ...outcome, continues: 0 }).toEqual(understood(row));
  });

  test.each(rejected)("refuses %s", async (_, row) => {
    expect(await bad.of(row)).toEqual(refused(row));
  });
});

describe("between other requests", () => {
  const around = (bytes: Uint8Array): Uint8Array[] => [Buffer.concat([LEADER, bytes, FOLLOWER])];
  const good = started(acceptCases, (row) => remote.run(row.limits, around(row.bytes), pipelined(row).got.length));
  const bad = started(rejectCases, (row) => remote.run(row.limits, around(row.bytes), Number.POSITIVE_INFINITY));

  test.each(accepted)("understands %s", async (_, row) => {
    expect(await good.of(row)).toEqual(pipelined(row));
  });

  test.each(rejected)("refuses %s", async (_, row) => {
    expect(await bad.of(row)).toEqual(behindLeader(refused(row)));
  });
});
