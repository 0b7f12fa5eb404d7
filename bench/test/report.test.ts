// The report says what was measured, also where it is bad news; and docs/performance.md is what it makes of the committed results.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportFiles } from "../report.ts";
import { DOCS, readResults } from "../report-files.ts";
import { row, run } from "./support/sample.ts";

const sample = reportFiles({ runs: [run("v20.1.0", [row()]), run("v24.1.0", [row()])] });
const page = sample.get("performance.md") as string;

test("docs/performance.md and its charts are made of the committed results: npx pnpm@10 bench --report", () => {
  const files = reportFiles(readResults());
  for (const [path, content] of files) expect(readFileSync(join(DOCS, path), "utf8"), path).toBe(content);
  const charts = [...files.keys()].filter((path) => path !== "performance.md").sort();
  expect(readdirSync(join(DOCS, "performance")).map((name) => `performance/${name}`)).toEqual(charts);
});

test("every target is told with what was measured on each Node", () => {
  const cells = "3.00× (2.00 to 4.00), met | 3.00× (2.00 to 4.00), met |";
  expect(page).toContain(`| [hello](#hello--co) | requests a second, ours over theirs | ≥ 3.00× | ${cells}`);
});

test("a target that is not met is told plainly", () => {
  expect(page).toContain("On Node v20.1.0, 1 of 3 targets are met and 1 are not, 1 were not measured.");
  expect(page).toContain("| ≥ 5.00× | 3.00× (2.00 to 4.00), **not met** |");
  expect(page).toContain("| ≥ 1.00× | not measured |");
});

test("who is absent, and why, stands in the tables", () => {
  expect(page).toContain("| absent | not installed |");
  expect(page).toContain("| peers | bun not installed |");
});

test("a row that failed says so in place of numbers", () => {
  const failed = reportFiles({ runs: [run("v20.1.0", [{ ...row(), failed: "wrong answer: status 500" }])] });
  expect(failed.get("performance.md")).toContain("This row failed: wrong answer: status 500");
});

test("every chart is shown by the page, and every one that it shows is there", () => {
  const shown = [...page.matchAll(/\]\((performance\/[^)]+)\)/g)].map(([, path]) => path);
  expect(shown.sort()).toEqual([...sample.keys()].filter((path) => path.endsWith(".svg")).sort());
  expect(shown).toContain("performance/targets-node20.svg");
});
