// The README says what is: options and errors are those of the tables, and none is left out.

import { expect, test } from "vitest";
import { withOptionsTable } from "../../../scripts/options-table.ts";
import { pythonOptionsTable } from "../../../scripts/python-options.ts";
import { below, firstColumn, read } from "../../core/test/support/pages.ts";
import { PYTHON_ERRORS, pythonApplication } from "../src/index.ts";

const page = "packages/python/README.md";

test("the table of options is the one that `pnpm run docs` makes", () => {
  expect(read(page)).toBe(withOptionsTable(read(page), pythonOptionsTable()));
});

test("every error code is in the table, with its text", () => {
  const rows = [...below(page, "## Errors").matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, code, text]) => [
    code,
    text,
  ]);
  expect(Object.fromEntries(rows)).toEqual(PYTHON_ERRORS);
});

test("every member of what pythonApplication() returns is in the table", async () => {
  const application = pythonApplication({ app: "wsgiref.simple_server:demo_app" });
  await application.ready;
  await application.close();
  const named = firstColumn(below(page, "## `pythonApplication(options)`")).map((name) => name.replace("()", ""));
  for (const name of Object.keys(application)) expect(named).toContain(name);
});
