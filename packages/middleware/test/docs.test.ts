// The README says what is: rules, errors and options exist, and none is left out.

import { expect, test } from "vitest";
import { below, firstColumn, read } from "../../core/test/support/pages.ts";
import { MOUNT_ERRORS, VALIDATION_RULES } from "../src/index.ts";

const page = "packages/middleware/README.md";

test("the rules of the validator", () => {
  const [, table] = /<!-- rules: .*\n\n((?:\|.*\n)+)\n<!-- end/.exec(read(page)) ?? [];
  const rows = Object.entries(VALIDATION_RULES).map(
    ([code, { party, section, text }]) => `| \`${code}\` | ${party} | ${text} | ${section} |\n`,
  );
  expect(table?.split("\n").slice(2).join("\n")).toBe(rows.join(""));
});

test("the errors and the options of mount", () => {
  const [options = "", errors = ""] = below(page, "## `mount(applications, options?)`").split("| code |");
  expect(firstColumn(options)).toEqual(["notFound"]);
  expect(firstColumn(errors)).toEqual(Object.keys(MOUNT_ERRORS));
});
