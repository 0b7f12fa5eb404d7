// The README says what is: options and errors exist, and none is left out.

import { expect, test } from "vitest";
import { below, firstColumn } from "../../core/test/support/pages.ts";
import { fromNodeListener, NODE_ADAPTER_ERRORS } from "../src/index.ts";

const page = "packages/node/README.md";

test("the options", () => {
  const [table = ""] = below(page, "## `fromNodeListener(listener, options?)`").split("| framework |");
  const names = firstColumn(table);
  expect(names).toEqual(["onUpgrade"]);
  for (const name of names) expect(() => fromNodeListener(() => {}, { [name]: () => {} })).not.toThrow();
  expect(() => fromNodeListener(() => {}, { other: 5 } as object)).toThrow(`there is ${names.join(", ")}`);
});

test("the errors", () => {
  expect(firstColumn(below(page, "## Errors"))).toEqual(Object.keys(NODE_ADAPTER_ERRORS));
});
