// ARCHITECTURE.md lists the files that are there.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { below, firstColumn, read } from "./support/pages.ts";

const files = readdirSync(join(import.meta.dirname, "../src")).sort();
const page = "ARCHITECTURE.md";

test("ARCHITECTURE.md lists every file of src once, and no other", () => {
  expect(firstColumn(below(page, "## Files in reading order")).sort()).toEqual(files);
});

test("ARCHITECTURE.md stays under 150 lines", () => {
  expect(read(page).split("\n").length).toBeLessThan(150);
});
