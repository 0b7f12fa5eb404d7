// The guard's verdicts, by invented clocks: who is slow, who is merely quiet.

import { describe, expect, test } from "vitest";
import { ProgressGuard, type ProgressLimits } from "../src/progress-guard.ts";

const LIMITS: ProgressLimits = { socketTimeout: 60, minimumDataRate: 100, dataRateGrace: 5 };
const NO_RATE: ProgressLimits = { ...LIMITS, minimumDataRate: 0 };
const NO_TIMEOUT: ProgressLimits = { ...LIMITS, socketTimeout: 0 };

/** One look: the time, whether the server waits, the bytes that have moved in all, those pending. */
type Look = [now: number, waiting: boolean, bytes: number, pending?: number];

/** Looks one after the other; the verdicts. */
function verdicts(limits: ProgressLimits, ...looks: Look[]): (string | undefined)[] {
  const guard = new ProgressGuard(limits);
  return looks.map((look) => guard.check(...look));
}

const last = (limits: ProgressLimits, ...looks: Look[]): string | undefined => verdicts(limits, ...looks).at(-1);

/** The same look every second, with so many more bytes each time, until a verdict or the end. */
function secondsUntilVerdict(limits: ProgressLimits, bytesPerSecond: number, pending: number, most: number): number {
  const guard = new ProgressGuard(limits);
  for (let second = 0; second <= most; second++) {
    if (guard.check(second, true, second * bytesPerSecond, pending) !== undefined) return second;
  }
  return Number.POSITIVE_INFINITY;
}

describe("without progress", () => {
  test("gives a verdict once the socket timeout has passed, and not before", () => {
    expect(verdicts(NO_RATE, [0, true, 0], [59.9, true, 0], [60, true, 0])).toEqual([
      undefined,
      undefined,
      "no progress for 60 s",
    ]);
  });

  test("counts from the last progress", () => {
    expect(verdicts(NO_RATE, [0, true, 0], [50, true, 1], [109, true, 1], [110, true, 1])).toEqual([
      undefined,
      undefined,
      undefined,
      "no progress for 60 s",
    ]);
  });

  test("counts from the moment that the server began to wait", () => {
    expect(last(NO_RATE, [0, false, 0], [100, true, 0], [159, true, 0])).toBeUndefined();
    expect(last(NO_RATE, [0, false, 0], [100, true, 0], [160, true, 0])).toBe("no progress for 60 s");
  });

  test("starts again when the server did not wait in between", () => {
    const looks: Look[] = [
      [0, true, 0],
      [50, true, 0],
      [51, false, 0],
      [52, true, 0],
      [111, true, 0],
    ];
    expect(last(NO_RATE, ...looks)).toBeUndefined();
    expect(last(NO_RATE, ...looks, [112, true, 0])).toBe("no progress for 60 s");
  });

  test("is no fault while the server does not wait", () => {
    expect(last(LIMITS, [0, false, 0], [1e6, false, 0])).toBeUndefined();
  });

  test("is no fault without limits", () => {
    expect(last({ ...NO_RATE, socketTimeout: 0 }, [0, true, 0], [1e6, true, 0], [2e6, true, 0, 5])).toBeUndefined();
  });
});

describe("slowly", () => {
  test("is judged once the grace has passed, and not before", () => {
    expect(verdicts(LIMITS, [0, true, 0], [4.9, true, 1], [5, true, 499])).toEqual([
      undefined,
      undefined,
      "100 bytes a second, fewer than 100",
    ]);
    expect(last(LIMITS, [0, true, 0], [5, true, 10])).toBe("2 bytes a second, fewer than 100");
  });

  test("is no fault at exactly the minimum rate", () => {
    expect(secondsUntilVerdict(LIMITS, 100, 0, 1000)).toBe(Number.POSITIVE_INFINITY);
    expect(secondsUntilVerdict(LIMITS, 99, 0, 1000)).toBe(5);
  });

  test("is a fault after a fast start too", () => {
    expect(last(LIMITS, [0, true, 0], [5, true, 1e9], [9, true, 1e9 + 1])).toBeUndefined();
    expect(last(LIMITS, [0, true, 0], [5, true, 1e9], [10, true, 1e9 + 1])).toMatch(/^0 bytes a second/);
  });

  test("is no fault when a new wait has just begun", () => {
    expect(last(LIMITS, [0, true, 0], [4, false, 0], [6, true, 0], [10, true, 0])).toBeUndefined();
    expect(last(LIMITS, [0, true, 0], [4, false, 0], [6, true, 0], [11, true, 0])).toMatch(/fewer than 100$/);
  });

  test("counts bytes from where the wait began", () => {
    expect(last(LIMITS, [0, false, 1e6], [1, true, 1e6], [6, true, 1e6 + 499])).toMatch(/fewer than 100$/);
    expect(last(LIMITS, [0, false, 1e6], [1, true, 1e6], [6, true, 1e6 + 500])).toBeUndefined();
  });
});

describe("with bytes pending", () => {
  test("gives them the time that their size needs beyond the grace", () => {
    expect(last(NO_TIMEOUT, [0, true, 0, 1000], [15, true, 0, 1000])).toBeUndefined();
    expect(last(NO_TIMEOUT, [0, true, 0, 1000], [15.1, true, 0, 1000])).toMatch(/^0 bytes a second/);
  });

  test("is no fault for progress in rare bursts", () => {
    const looks: Look[] = [[0, true, 0, 100_000]];
    for (let second = 1; second < 5000; second++) {
      const taken = Math.floor(second / 300) * 30_000; // 100 bytes a second, in bursts of 30,000
      looks.push([second, true, taken, 100_000]);
    }
    expect(verdicts(NO_TIMEOUT, ...looks).every((verdict) => verdict === undefined)).toBe(true);
  });

  test("is a fault when it is taken too slowly over time", () => {
    expect(secondsUntilVerdict(NO_TIMEOUT, 50, 10_000, 1000)).toBe(211);
    expect(secondsUntilVerdict(NO_TIMEOUT, 100, 10_000, 5000)).toBe(Number.POSITIVE_INFINITY);
  });
});
