// ARCHITECTURE.md lists the files that are there, package by package.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { below, firstColumn, headings, read, root } from "./support/pages.ts";

const page = "ARCHITECTURE.md";
const mapped = headings(below(page, "## Files in reading order"), 3);

test.each(mapped)("ARCHITECTURE.md lists every file of %s once, and no other", (heading) => {
  const folder = heading.replaceAll("`", "");
  expect(firstColumn(below(page, `### ${heading}`)).sort()).toEqual(readdirSync(join(root, folder)).sort());
});

test("ARCHITECTURE.md maps every package", () => {
  const packages = readdirSync(join(root, "packages")).filter((name) =>
    existsSync(join(root, "packages", name, "src")),
  );
  expect(mapped.sort()).toEqual(packages.map((name) => `\`packages/${name}/src\``).sort());
});

test("ARCHITECTURE.md stays under 400 lines", () => {
  expect(read(page).split("\n").length).toBeLessThan(400);
});
