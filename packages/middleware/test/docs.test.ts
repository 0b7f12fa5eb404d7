// The README says what is: rules, errors and options exist, and none is left out.

import { expect, test } from "vitest";
import { withOptionsTable } from "../../../scripts/options-table.ts";
import { validationRulesTable } from "../../../scripts/validation-rules.ts";
import { below, firstColumn, read } from "../../core/test/support/pages.ts";
import { MOUNT_ERRORS, VALIDATION_RULES } from "../src/index.ts";

const page = "packages/middleware/README.md";

test("the rules of the validator", () => {
  expect(read(page)).toBe(withOptionsTable(read(page), validationRulesTable(), "rules"));
  expect(read(page)).toContain(`| \`TOO_LONG\` | application | ${VALIDATION_RULES.TOO_LONG.text} |`);
});

test("the errors and the options of mount", () => {
  const [options = "", errors = ""] = below(page, "## `mount(applications, options?)`").split("| code |");
  expect(firstColumn(options)).toEqual(["notFound"]);
  expect(firstColumn(errors)).toEqual(Object.keys(MOUNT_ERRORS));
});
