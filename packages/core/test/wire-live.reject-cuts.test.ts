// Every row that is refused, sent to a running server in two pieces, cut at every place: the outcome is that of the whole.

import { afterAll, describe, expect, test, vi } from "vitest";
import { cutAt } from "./wire/drive.ts";
import { CaseServers } from "./wire/live.ts";
import { pushed, refused } from "./wire/refused.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { differing, manyPositions, started } from "./wire/ways.ts";

vi.setConfig({ testTimeout: 60_000 }); // the first test of a group waits for all rows of it

const servers = new CaseServers();
afterAll(() => servers.close());

const rows = rejectCases.map((row) => [row.name, row] as const);

describe("over a pushed connection, split in two at every place", () => {
  const outcomes = started(rejectCases, async (row) => {
    const whole = await pushed(servers, row, [row.bytes]);
    return {
      whole,
      others: await differing(manyPositions(row.bytes), whole, (at) => pushed(servers, row, cutAt(row.bytes, [at]))),
    };
  });

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({ whole: refused(row), others: {} });
  });
});
