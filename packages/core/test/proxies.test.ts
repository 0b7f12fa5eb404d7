// Ambiguous requests through nginx and HAProxy, which keep connections to the server: no request is seen behind that was not one
// in front. What must hold is told in fuzz/behind-laws.ts. `npx pnpm@10 run fuzz --only nginx --seconds 600` goes on for longer.

import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BehindLaws } from "./fuzz/behind-laws.ts";
import { mutate } from "./fuzz/mutate.ts";
import { isInstalled } from "./fuzz/proxies.ts";
import { Random } from "./fuzz/random.ts";
import { seeds } from "./fuzz/seeds.ts";

const MUTANTS = 1000;

describe.each(["nginx", "haproxy"] as const)("behind %s", (kind) => {
  const installed = isInstalled(kind);
  if (!installed)
    console.warn(`${kind} is not installed: nothing is shown of how it and the server read the same bytes`);

  test.skipIf(!installed).each([9112, randomInt(2 ** 31)])(
    "requests are those in front, with mutants from the seed %i",
    {
      timeout: 120_000,
    },
    async (seed) => {
      const random = new Random(seed);
      const rows = seeds.map((bytes) => bytes.toString("latin1"));
      const laws = new BehindLaws(kind);
      try {
        await laws.check(rows, random);
        await laws.check(
          Array.from({ length: MUTANTS }, () => mutate(random.pick(rows), random.pick(rows), random)),
          random,
        );
        await laws.compare();
        expect(laws.tally.behind).toBeGreaterThan(rows.length / 4); // or the proxy lets nothing through, and nothing is shown
      } finally {
        await laws.close();
      }
    },
  );
});
