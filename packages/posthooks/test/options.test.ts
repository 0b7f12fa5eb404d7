// The options: their table, and what becomes of values that it does not accept.

import { expect, test } from "vitest";
import { DEFAULT_POST_HOOKS_OPTIONS, POST_HOOKS_OPTION_TABLE, PostHookError, postHooks } from "../src/index.ts";
import { resolveOptions } from "../src/options.ts";

const COUNT = "expected a whole number above 0, or Infinity";
const prefix = "an option of postHooks() has a value that it cannot have";

test("have frozen defaults that the table accepts, each with a reason", () => {
  expect(DEFAULT_POST_HOOKS_OPTIONS).toEqual({ concurrency: 100, timeout: 30, maxPending: 10_000 });
  expect(Object.isFrozen(DEFAULT_POST_HOOKS_OPTIONS)).toBe(true);
  expect(Object.isFrozen(POST_HOOKS_OPTION_TABLE)).toBe(true);
  expect(Object.keys(POST_HOOKS_OPTION_TABLE)).toEqual(Object.keys(DEFAULT_POST_HOOKS_OPTIONS));
  for (const row of Object.values(POST_HOOKS_OPTION_TABLE)) {
    expect(Object.isFrozen(row)).toBe(true);
    expect(row.accepts(row.default)).toBe(true);
    expect(row.precedent).toMatch(/eventlet/);
  }
});

test("are filled in where they are not given", () => {
  expect(resolveOptions()).toEqual(DEFAULT_POST_HOOKS_OPTIONS);
  expect(resolveOptions({ concurrency: undefined, timeout: 0.5 })).toEqual({
    ...DEFAULT_POST_HOOKS_OPTIONS,
    timeout: 0.5,
  });
  expect(resolveOptions({ concurrency: 1, timeout: 0, maxPending: Number.POSITIVE_INFINITY })).toEqual({
    concurrency: 1,
    timeout: 0,
    maxPending: Number.POSITIVE_INFINITY,
  });
});

test.each<[unknown, string]>([
  [{ concurrency: 0 }, `concurrency: ${COUNT}, got 0`],
  [{ concurrency: 1.5 }, `concurrency: ${COUNT}, got 1.5`],
  [{ concurrency: "10" }, `concurrency: ${COUNT}, got "10"`],
  [{ maxPending: -1 }, `maxPending: ${COUNT}, got -1`],
  [{ maxPending: Number.NaN }, `maxPending: ${COUNT}, got NaN`],
  [{ maxPending: null }, `maxPending: ${COUNT}, got null`],
  [{ timeout: -1 }, "timeout: expected a number of seconds, 0 or more, got -1"],
  [{ timeout: Number.NaN }, "timeout: expected a number of seconds, 0 or more, got NaN"],
  [{ timeout: [30] }, "timeout: expected a number of seconds, 0 or more, got an array of 1"],
  [{ max_pending: 10 }, 'there is no option "max_pending"; there are concurrency, timeout, maxPending'],
  [{ toString: 10 }, 'there is no option "toString"; there are concurrency, timeout, maxPending'],
  [null, "expected an object of options, got null"],
  [10, "expected an object of options, got 10"],
  [() => {}, "expected an object of options, got a function"],
])("%o is refused: %s", (options, text) => {
  const call = (): unknown => postHooks(options as object);
  expect(call).toThrow(PostHookError);
  expect(call).toThrow(expect.objectContaining({ code: "BAD_OPTION", message: `${prefix}: ${text}` }));
});
