// Our server and node:http on the same bytes: what they accept and what their applications see. Where they part, a table
// says why; a disagreement that no row of it explains is a bug, ours or node's.

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { compare, type Disagreement } from "./differential/comparison.ts";
import { explain, explanations } from "./differential/explanations.ts";
import { factsOf } from "./differential/facts.ts";
import { requests } from "./differential/requests.ts";
import { nodeServer, ourServer } from "./differential/views.ts";
import { acceptCases } from "./wire/accept-cases.ts";
import { rejectCases } from "./wire/reject-cases.ts";

const ours = ourServer();
const node = nodeServer();
afterAll(() => ours.close());

async function disagreement(bytes: Buffer): Promise<Disagreement | undefined> {
  return compare(bytes, await ours.view(bytes), await node.view(bytes));
}

/** @throws when the servers disagree and no row of the table says why */
async function expectExplained(bytes: Buffer): Promise<void> {
  const found = await disagreement(bytes);
  if (found === undefined || explain(factsOf(found)) !== undefined) return;
  throw new Error(`no row explains ${JSON.stringify(bytes.toString("latin1"))}\n${JSON.stringify(found, null, 2)}`);
}

/** Compares two versions, `major.minor` of them. */
function isSince(version: string, since: string): boolean {
  return version.localeCompare(since, "en", { numeric: true }) >= 0;
}

describe("the table of explanations", () => {
  test.each(explanations.map((row) => [row.name, row] as const))("explains its own example: %s", async (name, row) => {
    const found = await disagreement(row.example);
    const agrees = row.agreesSince !== undefined && isSince(process.versions["llhttp"] ?? "", row.agreesSince);
    expect(found && explain(factsOf(found))?.name).toBe(agrees ? undefined : name);
  });

  test("says who takes less of its example", async () => {
    const wrong: string[] = [];
    for (const { name, stricter, example } of explanations) {
      const found = await disagreement(example);
      if (found === undefined) continue;
      const { ours, node, ourFault, nodeFault, weClosed } = factsOf(found);
      const wasDropped = (ours?.trailers.length ?? 0) < (node?.trailers.length ?? 0);
      const weTakeLess = ourFault !== undefined || weClosed || wasDropped;
      if (weTakeLess !== (stricter === "we") && nodeFault === undefined) wrong.push(name);
      if ((nodeFault !== undefined) !== (stricter === "node") && !weTakeLess) wrong.push(name);
    }
    expect(wrong).toEqual([]);
  });

  test("explains no example with a row that is not its own, whatever the order of the rows", async () => {
    const shared: string[] = [];
    for (const { name, example } of explanations) {
      const found = await disagreement(example);
      if (found === undefined) continue;
      const names = explanations.filter(({ recognises }) => recognises(factsOf(found))).map((row) => row.name);
      if (names.length !== 1) shared.push(`${name}: ${names.join(", ")}`);
    }
    expect(shared).toEqual([]);
  });
});

test.each([...acceptCases, ...rejectCases].map(({ name, bytes }) => [name, bytes] as const))(
  "agrees with node:http, or is explained: %s",
  async (_, bytes) => {
    await expectExplained(bytes);
  },
);

describe("changed requests", () => {
  test("are explained that chance has found before", async () => {
    await expectExplained(Buffer.from("CONNECT HTTP/0.9\r\nHost: a\r\n\r\n"));
  });

  test("are understood as by node:http, or explained", { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(requests, expectExplained), { seed: 9112, numRuns: 6000 });
  });

  test.each([1, 2, 3, 4])(
    "are understood as by node:http, or explained, from the seed %i",
    { timeout: 60_000 },
    async (seed) => {
      await fc.assert(fc.asyncProperty(requests, expectExplained), { seed, numRuns: 1000 });
    },
  );
});
