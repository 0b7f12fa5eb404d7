// docs/runtimes.md says what the matrix of runtimes does: its versions, and the differences that it expects.

import { describe, expect, test } from "vitest";
import { DIFFERENCES, differencesTable } from "../../../scripts/matrix/differences.ts";
import { judge, outcomeOf } from "../../../scripts/matrix/outcome.ts";
import { ALL } from "../../../scripts/matrix/runtimes.ts";
import { read } from "./support/pages.ts";

const page = read("docs/runtimes.md");

test("the page has the differences that the matrix expects", () => {
  const [, shown] = /<!-- differences: .*-->\n\n([\s\S]*)\n<!-- end of differences -->/.exec(page) ?? [];
  expect(shown).toBe(differencesTable());
  for (const { tests } of DIFFERENCES) expect(tests.length).toBeGreaterThan(0);
});

test("the page names the versions of Node that the matrix and CI run, and the oldest is that of the manifest", () => {
  const versions = ALL.filter(({ kind }) => kind === "node").map(({ version }) => version);
  const [, oldest, named] = /^\| Node (\d+) \(from [\d.]+\), ([\d, ]+) \|/m.exec(page) ?? [];
  expect([oldest, ...(named ?? "").split(", ")]).toEqual(versions);
  const { engines } = JSON.parse(read("packages/core/package.json")) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${/from ([\d.]+)\)/.exec(page)?.[1]}`);
  const [, ci] = /node: \[(.*)\]/.exec(read(".github/workflows/ci.yml")) ?? [];
  expect(ci?.match(/\d+(?=[."])/g)?.filter((version) => Number(version) >= 20)).toEqual(versions);
});

describe("a run of the matrix", () => {
  const report = {
    numPassedTests: 3,
    numPendingTests: 1,
    testResults: [
      {
        ...{ name: "a.test.ts", status: "failed", message: "" },
        assertionResults: [
          { fullName: "listens on IPv6", status: "failed", failureMessages: ["refused"] },
          { fullName: "answers", status: "passed", failureMessages: [] },
        ],
      },
      { name: "b.test.ts", status: "failed", message: "cannot import", assertionResults: [] },
    ],
  };
  const differences = [
    { runtimes: ["bun"], tests: ["listens on IPv6"], what: "", advice: "" },
    { runtimes: ["bun"], tests: ["answers"], what: "", advice: "" },
    { runtimes: ["deno"], tests: ["b.test.ts"], what: "", advice: "" },
  ] as const;

  test("counts a file that broke outside of its tests, too", () => {
    const { passed, skipped, failures } = outcomeOf(report);
    expect({ passed, skipped }).toEqual({ passed: 3, skipped: 1 });
    expect(failures).toEqual([
      { name: "listens on IPv6", message: "refused" },
      { name: "b.test.ts", message: "cannot import" },
    ]);
  });

  test("tells failures that are listed for the runtime, those that are not, and what no test shows any longer", () => {
    const verdict = judge("bun", outcomeOf(report), differences, true);
    expect(verdict.listed.map(({ name }) => name)).toEqual(["listens on IPv6"]);
    expect(verdict.unexpected.map(({ name }) => name)).toEqual(["b.test.ts"]);
    expect(verdict.stale).toEqual([differences[1]]);
    expect(judge("bun", outcomeOf(report), differences, false).stale).toEqual([]);
    expect(judge("node", outcomeOf(report), differences, true).unexpected).toHaveLength(2);
  });
});
