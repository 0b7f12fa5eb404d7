// The judge of the soak: what it calls grown, and what it takes for noise.

import { describe, expect, test } from "vitest";
import { Random } from "../soak/random.ts";
import { judge, mannKendall } from "../soak/verdict.ts";

const gauge = (values: readonly number[], tolerance: number) => ({ name: "heap", values, tolerance, show: String });

/** So many values around a level, which goes up by a step each time. */
function noisy(count: number, level: number, noise: number, step: number): number[] {
  const random = new Random(7);
  return Array.from({ length: count }, (_, index) => level + index * step + (random.next() - 0.5) * noise);
}

describe("a number has grown", () => {
  test("when it goes up slowly, and less from one look to the next than it wavers", () => {
    const verdict = judge(gauge(noisy(120, 1000, 20, 1), 10));
    expect(verdict.grown).toBe(true);
    expect(verdict.growth).toBeGreaterThan(50);
    expect(verdict.growth).toBeLessThan(70);
  });

  test("when it is a count that went up once and stays", () => {
    const values = Array.from({ length: 24 }, (_, index) => (index < 15 ? 30 : 31));
    expect(judge(gauge(values, 0))).toMatchObject({ first: 30, last: 31, growth: 1, grown: true });
  });
});

describe("a number has not grown", () => {
  test.each<[string, readonly number[], number]>([
    ["when it wavers", noisy(120, 1000, 400, 0), 10],
    ["when it is always the same", Array(24).fill(30), 0],
    ["when it goes down", noisy(120, 1000, 20, -1), 10],
    ["when it goes up by no more than is tolerated", noisy(120, 1000, 1, 0.1), 10],
    ["when it went up while it was warming up only", [1, 20, 60, 90, 99, 100, ...Array(18).fill(100)], 0],
    ["when it shot up once at the end", [...Array(23).fill(100), 100_000], 0],
    ["when it stays high for a while in the middle", [...Array(14).fill(30), 40, 40, 40, ...Array(7).fill(30)], 0],
  ])("%s", (_title, values, tolerance) => {
    expect(judge(gauge(values, tolerance)).grown).toBe(false);
  });
});

test("says that too few values say nothing", () => {
  expect(() => judge(gauge([1, 2, 3, 4, 5, 6], 0))).toThrow("heap: 6 values are too few to judge by");
});

test("the trend is the score of Mann and Kendall over its deviation, corrected for equal values", () => {
  expect(mannKendall([1, 2, 3, 4, 5])).toBeCloseTo(9 / Math.sqrt(50 / 3), 10);
  expect(mannKendall([5, 4, 3, 2, 1])).toBeCloseTo(-9 / Math.sqrt(50 / 3), 10);
  expect(mannKendall([1, 1, 2, 2])).toBeCloseTo(3 / Math.sqrt(26 / 3 - 2), 10);
});

test("random numbers come again with the seed, and spread over what was asked for", () => {
  const numbers = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 2000 }, () => random.between(0, 9));
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  expect(new Set(numbers(1))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});
