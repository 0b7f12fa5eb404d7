// What came of a run of tests, however it was run; and which failures were to be expected. Pure.

import type { Difference } from "./differences.ts";
import type { Kind } from "./runtimes.ts";

export interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  /** The full names of tests that failed, and of files that broke outside of their tests. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** The report of vitest's reporter `json`, as far as it is read. */
export interface JsonReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export function outcomeOf(report: JsonReport): Outcome {
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (status === "failed" && failed.length === 0) return [{ name, message }];
    return failed.map(({ fullName, failureMessages }) => ({ name: fullName, message: failureMessages[0] ?? "" }));
  });
  return { passed: report.numPassedTests, skipped: report.numPendingTests, failures };
}

export function joined(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    skipped: outcomes.reduce((sum, { skipped }) => sum + skipped, 0),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

export interface Verdict {
  /** Failures that no difference explains. */
  readonly unexpected: readonly Failure[];
  /** Failures that are listed. */
  readonly listed: readonly Failure[];
  /** Differences that no test shows any longer. */
  readonly stale: readonly Difference[];
}

/** @param whole whether every test was run, so that a difference that does not show is stale */
export function judge(kind: Kind, { failures }: Outcome, differences: readonly Difference[], whole: boolean): Verdict {
  const own = differences.filter(({ runtimes }) => (runtimes as readonly string[]).includes(kind));
  const explains = ({ tests }: Difference, { name }: Failure): boolean => tests.some((test) => name.includes(test));
  return {
    unexpected: failures.filter((failure) => !own.some((one) => explains(one, failure))),
    listed: failures.filter((failure) => own.some((one) => explains(one, failure))),
    stale: whole ? own.filter((one) => !failures.some((failure) => explains(one, failure))) : [],
  };
}
