// The README says what is: errors and options exist, and none is left out.

import { expect, test } from "vitest";
import { below, firstColumn } from "../../core/test/support/pages.ts";
import { FETCH_ERRORS } from "../src/index.ts";

const page = "packages/fetch/README.md";

test("the errors", () => {
  expect(firstColumn(below(page, "## Errors"))).toEqual(Object.keys(FETCH_ERRORS));
});

test("the options", () => {
  const [, table = ""] = below(page, "## `fromFetch(handler, options?)`").split("| option |");
  expect(firstColumn(table)).toEqual(["trustProxy", "trustProxy.headers", "trustProxy.hops", "trustProxy.from"]);
  const [, others = ""] = below(page, "## `toFetch(application, options?)`").split("| option |");
  expect(firstColumn(others)).toEqual(["environ", "log", "throwErrors"]);
});
