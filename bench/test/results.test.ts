import { describe, expect, test } from "vitest";
import { judge, type Results, type RowResult, type Run, ratioOf, withRun } from "../results.ts";
import { median } from "../summary.ts";
import { row, run } from "./support/sample.ts";

test("the median is the middle one, or between the two in the middle", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

describe("a ratio", () => {
  test("is made of numbers of the same round", () => {
    expect(ratioOf(row(), "rate", "ours", "theirs")).toEqual({ median: 3, least: 2, greatest: 4 });
  });

  test("is unknown when one of the two was not measured", () => {
    expect(ratioOf(row(), "rate", "ours", "absent")).toBeUndefined();
    expect(ratioOf(row(), "p99", "ours", "theirs")).toBeUndefined();
  });
});

describe("a target", () => {
  test.each([
    ["is met at its bound", { over: "theirs", atLeast: 3 }, true],
    ["is not met below a least ratio", { over: "theirs", atLeast: 3.01 }, false],
    ["is not met above a greatest one", { over: "theirs", atMost: 2.99 }, false],
    ["is met by a number itself", { atMost: 400 }, true],
    ["is neither when it was not measured", { over: "absent", atLeast: 1 }, undefined],
  ])("%s", (_title, bound, met) => {
    expect(judge(row(), { metric: "rate", of: "ours", ...bound }).met).toBe(met);
  });
});

describe("a run is taken in", () => {
  const names = ({ runs }: Results): string[] => runs.map(({ node, rows }) => `${node} ${rows.map((one) => one.name)}`);
  const old: Results = { runs: [run("v24.0.0", [row("a"), row("b")])] };
  const fresh = (node: string, rows: RowResult[]): Run => run(node, rows);

  test("beside those of other versions of Node, the oldest first", () => {
    expect(names(withRun(old, fresh("v20.1.0", [row("c")]), true))).toEqual(["v20.1.0 c", "v24.0.0 a,b"]);
  });

  test("instead of the one of its own version when it is whole", () => {
    expect(names(withRun(old, fresh("v24.1.0", [row("c")]), true))).toEqual(["v24.1.0 c"]);
  });

  test("row by row when it is not", () => {
    const merged = withRun(old, fresh("v24.1.0", [row("c"), row("a", "again")]), false);
    expect(names(merged)).toEqual(["v24.1.0 a,b,c"]);
    expect(merged.runs[0]?.rows[0]?.title).toBe("again");
  });
});
