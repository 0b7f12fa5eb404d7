// The guard of the server's speed: no part of a request costs a third more time than was recorded, or allocates a tenth more,
// and nothing costs more than in proportion to its size. It does not depend on the machine's mood: time is compared with a loop
// in the same process, and work is counted (bench/guard says how, file by file).
//
// A case that exceeds is measured again, in new processes, and the best counts: a disturbance passes, a regression is there
// every time. Whoever accepts one, or makes something faster, records it: `npx pnpm@10 bench:guard --record`.

import { beforeAll, describe, expect, test } from "vitest";
import {
  better,
  HOW_TO_RECORD,
  MAX_COUNTED_GROWTH,
  MAX_TIMED_GROWTH,
  readBaseline,
  regressions,
  usual,
} from "./guard/baseline.ts";
import { CASES } from "./guard/cases.ts";
import { COUNTED, type Grown, TIMED } from "./guard/growth.ts";
import { MeasuringProcess } from "./guard/measuring-process.ts";
import { countWork, metered } from "./guard/work.ts";

const ATTEMPTS = 3;
/** Two or three seconds are usual; it lasts longer where a fault has to be made sure of. */
const GROWTH_TIMEOUT = 60_000;

const measuring = await MeasuringProcess.prepare(process.execPath);
const platform = await measuring.platform();
const baseline = readBaseline(platform);

describe("costs no more than it did", () => {
  test.for(Object.keys(CASES))("to %s", async (name, { skip }) => {
    if (baseline === undefined) return skip(`nothing is recorded for ${platform}: ${HOW_TO_RECORD}`);
    let cost = await measuring.measure(name);
    for (let attempt = 1; attempt < ATTEMPTS && regressions(cost, baseline[name]).length > 0; attempt++) {
      cost = better(cost, await measuring.measure(name));
    }
    expect(regressions(cost, baseline[name]).join("\n")).toBe("");
  });
});

describe("a unit is no more work in a larger input:", () => {
  let grown: Grown;

  beforeAll(async () => {
    grown = await measuring.countGrowth(MAX_COUNTED_GROWTH);
  }, GROWTH_TIMEOUT);

  test.for(Object.keys(COUNTED))("%s", (name) => {
    expect(grown[name]).toBeLessThan(MAX_COUNTED_GROWTH);
  });
});

describe("a unit takes no more time in a larger input:", () => {
  let grown: Grown;

  beforeAll(async () => {
    grown = await measuring.timeGrowth(MAX_TIMED_GROWTH);
  }, GROWTH_TIMEOUT);

  test.for(Object.keys(TIMED))("%s", (name) => {
    expect(grown[name]).toBeLessThan(MAX_TIMED_GROWTH);
  });
});

describe("the guard", () => {
  const recorded = { ratio: 1.5, bytes: 1000 };

  test("lets pass what is as it was, or a little worse", () => {
    expect(regressions(recorded, recorded)).toEqual([]);
    expect(regressions({ ratio: 1.8, bytes: 1090 }, recorded)).toEqual([]);
  });

  test("tells of a third more time and a tenth more bytes", () => {
    expect(regressions({ ratio: 2.01, bytes: 1110 }, recorded)).toEqual([
      expect.stringMatching(/^2\.010 times the reference loop, recorded 1\.500, at most 2\.000; /),
      expect.stringMatching(/^1110 bytes a call, recorded 1000, at most 1100; /),
    ]);
  });

  test("records what is usual", () => {
    const costs = [1.5, 1.1, 1.52, 1.9, 1.51].map((ratio) => ({ ratio, bytes: 1000.4 }));
    expect(usual(costs)).toEqual({ ratio: 1.51, bytes: 1000 });
  });

  test("tells of a case that nobody recorded", () => {
    expect(regressions(recorded, undefined)).toEqual([expect.stringMatching(/^no baseline; .* --record$/)]);
  });

  test("counts bytes that are looked at, copied, converted and searched", () => {
    const bytes = metered(Buffer.from("a line\r\nanother"));
    const owned = Buffer.alloc(20);
    expect(countWork(() => void bytes[3])).toBe(1);
    expect(countWork(() => void bytes.copy(owned, 0, 2, 6))).toBe(4);
    expect(countWork(() => void bytes.subarray(2, 12).toString("latin1", 0, 8))).toBe(8);
    expect(countWork(() => void bytes.indexOf("\r"))).toBe(7);
    expect(countWork(() => void "a line\r\nanother".indexOf("\r", 2))).toBe(5);
    expect(countWork(() => void /x$/.test("a line"))).toBe(6);
    expect(countWork(() => void Buffer.allocUnsafe(10)[9])).toBe(11);
  });

  test("refuses to count what it does not know", () => {
    expect(() => countWork(() => void metered(Buffer.alloc(4)).swap16())).toThrow(/cannot count Buffer#swap16: add it/);
    expect("a".charAt).toBe(String.prototype.charAt);
  });

  test("sees text that is searched from its beginning each time that a byte comes", () => {
    const rescanning = (size: number) => (): void => {
      let text = "";
      for (let i = 0; i < size; i++) {
        text += "x";
        text.indexOf("\r\n\r\n");
      }
    };
    expect(countWork(rescanning(800)) / countWork(rescanning(100))).toBeGreaterThan(60);
    expect(countWork(rescanning(1e9), 1e6)).toBe(1e6); // without waiting for its end
  });
});
