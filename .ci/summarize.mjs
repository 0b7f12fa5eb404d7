// Turns what the steps of one run left in reports/ into a table, the closing line `N passed, N failed` and an exit status.
import { existsSync, readFileSync } from "node:fs";

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

function countTests() {
  const report = readJson("reports/vitest.json");
  if (!report?.numTotalTests) return { passed: 0, failed: 1 };
  // A file that breaks outside of its tests (an import, a hook) has no failed test to show for it.
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

function countCases() {
  return readJson("reports/conformance-counts.json") ?? { passed: 0, failed: 0 };
}

function count({ name, succeeded }) {
  if (name === "test") return countTests();
  if (name === "conformance") return countCases();
  return { passed: Number(succeeded), failed: Number(!succeeded) };
}

const totals = { passed: 0, failed: 0 };
const steps = readFileSync("reports/steps", "utf8").trim().split("\n");
console.log();
for (const line of steps) {
  const [name, status] = line.split(" ");
  const succeeded = status === "0";
  const { passed, failed } = count({ name, succeeded });
  totals.passed += passed;
  // A step can fail with nothing to count, for instance when it cannot start.
  totals.failed += succeeded ? failed : Math.max(failed, 1);
  const verdict = succeeded ? "ok" : "FAILED";
  console.log(`${verdict.padEnd(6)} ${name.padEnd(12)} ${passed} passed, ${failed} failed`);
  if (!succeeded) process.exitCode = 1;
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
