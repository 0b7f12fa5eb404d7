import { expect, test } from "vitest";
import { headOf } from "../drip.ts";
import { ROWS } from "../rows.ts";

test("every row has a name of its own", () => {
  const names = ROWS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(ROWS.map((row) => [row.name, row] as const))(
  "%s: targets are of its entrants, and have one bound",
  (_name, row) => {
    const names = row.entrants.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { of, over, atLeast, atMost } of row.targets) {
      expect(names).toContain(of);
      if (over !== undefined) expect(names).toContain(over);
      expect([atLeast, atMost].filter((bound) => bound !== undefined)).toHaveLength(1);
    }
  },
);

test.each(ROWS.filter(({ scaling }) => scaling).map((row) => [row.name, row] as const))(
  "%s: every entrant has a place in the chart",
  (_name, { entrants }) => {
    for (const { series, x } of entrants) expect([series, x]).not.toContain(undefined);
  },
);

test.each([256, 1024, 4096, 16_384])("a head of %d bytes is as long", (size) => {
  expect(headOf(size)).toHaveLength(size);
});
