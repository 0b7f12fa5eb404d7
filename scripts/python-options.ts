// The documentation of the options of `pythonApplication`, made of PYTHON_OPTION_TABLE: the table in the README of its package.

import { PYTHON_OPTION_TABLE } from "../packages/python/src/index.ts";
import { table } from "./options-table.ts";

export function pythonOptionsTable(): string {
  const rows = Object.entries(PYTHON_OPTION_TABLE).map(([name, { shown, expected, summary }]) => {
    return [`\`${name}\``, shown, expected, summary];
  });
  return table(["option", "default", "accepted", "what it is"], rows);
}
