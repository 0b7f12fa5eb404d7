import { describe, expect, test } from "vitest";
import { PYTHON_OPTION_TABLE, type PythonOptions } from "../src/index.ts";
import { resolveOptions } from "../src/options.ts";

/** What each option refuses, and what it takes. */
const VALUES: Record<keyof PythonOptions, { bad: readonly unknown[]; good: readonly unknown[] }> = {
  app: { bad: [undefined, null, "", 5, [], "a\0b"], good: ["a", "a.b:c", "a.py"] },
  python: { bad: [null, "", 5, "a\0b"], good: ["python3", "/usr/bin/python3"] },
  workers: { bad: [0, -1, 1.5, "2", Number.NaN, Number.POSITIVE_INFINITY, null], good: [1, 64] },
  threads: { bad: [0, -1, 1.5, "2", Number.NaN, Number.POSITIVE_INFINITY, null], good: [1, 64] },
  cwd: { bad: ["", 5, null, "a\0b"], good: ["/"] },
  env: {
    bad: [null, "A=b", 5, { A: 5 }, { "": "a" }, { "A\0": "a" }, { A: "a\0b" }, { "A=B": "c" }],
    good: [{}, { A: "b" }, { A: undefined }],
  },
  timeout: { bad: [-1, "5", Number.NaN, Number.POSITIVE_INFINITY, 1e10, null], good: [0, 0.5, 30] },
  startTimeout: { bad: [-1, "5", Number.NaN, Number.POSITIVE_INFINITY, null], good: [0, 0.5, 30] },
  queueTimeout: { bad: [-1, "5", Number.NaN, Number.POSITIVE_INFINITY, null], good: [0, 0.5, 30] },
  gracefulTimeout: { bad: [-1, "5", Number.NaN, Number.POSITIVE_INFINITY, null], good: [0, 0.5, 30] },
  maxRequests: { bad: [-1, 0.5, "5", Number.NaN, null], good: [0, 1000] },
  maxRequestsJitter: { bad: [-1, 0.5, "5", Number.NaN, null], good: [0, 1000] },
  maxMemory: { bad: [-1, 0.5, "5", Number.NaN, null], good: [0, 2 ** 33] },
  requestBuffer: { bad: [-1, 0.5, "5", Number.NaN, null], good: [0, 2 ** 20] },
  minimumChunkSize: { bad: [-1, 0.5, "5", Number.NaN, null], good: [0, 4096] },
  log: { bad: [null, 5, {}, { write: 5 }], good: [{ write: () => {} }, process.stdout] },
};

describe("the options", () => {
  test("are those of the table", () => {
    expect(Object.keys(VALUES).sort()).toEqual(Object.keys(PYTHON_OPTION_TABLE).sort());
  });

  const bad = Object.entries(VALUES).flatMap(([name, { bad }]) => bad.map((value) => [name, value] as const));
  test.each(bad)("refuse %s: %o", (name, value) => {
    const { expected } = PYTHON_OPTION_TABLE[name as keyof PythonOptions];
    expect(() => resolveOptions({ app: "a", [name]: value })).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(`${name}: expected ${expected}, got `),
      }),
    );
  });

  const good = Object.entries(VALUES).flatMap(([name, { good }]) => good.map((value) => [name, value] as const));
  test.each(good)("take %s: %o", (name, value) => {
    expect(resolveOptions({ app: "a", [name]: value })[name as "app"]).toBe(value);
  });

  test("have defaults, also for what is undefined", () => {
    const none = Object.fromEntries(Object.keys(VALUES).map((name) => [name, undefined]));
    const expected = {
      app: "a",
      python: undefined,
      workers: 1,
      threads: 1,
      cwd: process.cwd(),
      env: {},
      timeout: 30,
      startTimeout: 60,
      queueTimeout: 30,
      gracefulTimeout: 30,
      maxRequests: 0,
      maxRequestsJitter: 0,
      maxMemory: 0,
      requestBuffer: 65536,
      minimumChunkSize: 0,
      log: process.stderr,
    };
    expect(resolveOptions({ ...none, app: "a" })).toEqual(expected);
    expect(resolveOptions({ app: "a" })).toEqual(expected);
  });

  test("refuse a name that is none, and what is no object", () => {
    expect(() => resolveOptions({ app: "a", worker: 2 } as PythonOptions)).toThrow(
      /there is no option "worker"; there are app, /,
    );
    for (const value of [undefined, null, "app"]) {
      expect(() => resolveOptions(value as unknown as PythonOptions)).toThrow(/expected an object of options/);
    }
  });
});
