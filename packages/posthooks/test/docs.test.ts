// The README says what is: options, counters, errors and properties exist, and none is left out.

import { expect, test } from "vitest";
import { below, firstColumn, membersOf } from "../../core/test/support/pages.ts";
import { POST_HOOK_ERRORS, POST_HOOKS_OPTION_TABLE, postHooks } from "../src/index.ts";

const page = "packages/posthooks/README.md";

test("the options, with their defaults and summaries", () => {
  const rows = [...below(page, "## `postHooks(options?)`").matchAll(/^\| `(\w+)` \| `(\d+)` \| (.+) \|$/gm)];
  expect(rows.map(([, name, value, summary]) => [name, value, summary])).toEqual(
    Object.entries(POST_HOOKS_OPTION_TABLE).map(([name, row]) => [name, String(row.default), row.summary]),
  );
});

test("the counters", () => {
  const [, table = ""] = below(page, "## `postHooks(options?)`").split("| counter |");
  expect(firstColumn(table)).toEqual(Object.keys(postHooks().counters));
});

test("the errors", () => {
  expect(firstColumn(below(page, "## Errors"))).toEqual(Object.keys(POST_HOOK_ERRORS));
});

test("the properties of the receipt", () => {
  const members = membersOf("Exchange");
  const named = firstColumn(below(page, "## The receipt"));
  expect(named.length).toBeGreaterThan(9);
  for (const name of named) expect(members).toContain(name);
});
