// What is made of workers that end or fall silent, decided without any.

import { describe, expect, test } from "vitest";
import { CrashPolicy, type EndedWorker, mayBeTheEndOfAll, tooSilent } from "../src/worker-verdict.ts";

function crashed(facts: Partial<EndedWorker> = {}): EndedWorker {
  return { end: "code 1", failure: undefined, hasServed: true, ageSeconds: 1, isReplacement: false, ...facts };
}

describe("a worker that ended", () => {
  test("is followed by another at once, then later each time, 10 s at the most", () => {
    const policy = new CrashPolicy();
    const delays = Array.from({ length: 10 }, () => policy.judge(crashed(), true)).map((verdict) =>
      verdict.what === "start" ? verdict.delaySeconds : verdict.what,
    );
    expect(delays).toEqual([0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]);
  });

  test("and was well for a while is followed at once again", () => {
    const policy = new CrashPolicy();
    for (let i = 0; i < 5; i++) policy.judge(crashed(), true);
    expect(policy.judge(crashed({ ageSeconds: 4.9 }), true)).toEqual({ what: "start", delaySeconds: 1.6 });
    expect(policy.judge(crashed({ ageSeconds: 60, hasServed: false }), true)).toMatchObject({ delaySeconds: 3.2 });
    expect(policy.judge(crashed({ ageSeconds: 5 }), true)).toEqual({ what: "start", delaySeconds: 0 });
  });

  test("before any served gives up: with a reason at once, without one after some tries", () => {
    const mute = crashed({ hasServed: false });
    expect(new CrashPolicy().judge({ ...mute, failure: "no database" }, false)).toEqual({ what: "give up" });
    const policy = new CrashPolicy();
    const verdicts = Array.from({ length: 5 }, () => policy.judge(mute, false).what);
    expect(verdicts).toEqual(["start", "start", "start", "start", "give up"]);
  });

  test("is tried again for ever when one has served before, whatever its reason", () => {
    const policy = new CrashPolicy();
    const failing = crashed({ hasServed: false, failure: "no database" });
    for (let i = 0; i < 20; i++) expect(policy.judge(failing, true).what).toBe("start");
  });

  test("in another one's place is left to who asked for it, and costs no patience", () => {
    const policy = new CrashPolicy();
    for (let i = 0; i < 9; i++)
      expect(policy.judge(crashed({ isReplacement: true }), false)).toEqual({ what: "nothing" });
    expect(policy.judge(crashed(), true)).toEqual({ what: "start", delaySeconds: 0 });
  });

  test.each([
    ["SIGINT", true],
    ["SIGTERM", true],
    ["SIGQUIT", true],
    ["SIGHUP", true],
    ["SIGKILL", false],
    ["SIGSEGV", false],
    ["code 1", false],
  ])("by %s may have been meant with all others: %s", (end, expected) => {
    expect(mayBeTheEndOfAll({ end })).toBe(expected);
  });
});

describe("a worker that is silent", () => {
  const settings = { workerTimeout: 30, bootTimeout: 60 };
  test.each([
    ["starting", 60, settings, undefined],
    ["starting", 60.1, settings, "boot timeout"],
    ["starting", 1e6, { ...settings, bootTimeout: 0 }, undefined],
    ["starting", 61, { ...settings, workerTimeout: 0 }, "boot timeout"],
    ["serving", 33, settings, undefined],
    ["serving", 33.1, settings, "worker timeout"],
    ["draining", 33.1, settings, "worker timeout"],
    ["serving", 1e6, { ...settings, workerTimeout: 0 }, undefined],
  ])("%s for %d s with %j: %s", (state, silentSeconds, limits, expected) => {
    expect(tooSilent({ state, silentSeconds }, limits, 3)).toBe(expected);
  });
});
