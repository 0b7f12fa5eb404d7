// The documentation of what the validator checks, made of VALIDATION_RULES: the table in the README of its package.

import { VALIDATION_RULES } from "../packages/middleware/src/index.ts";
import { table } from "./options-table.ts";

export function validationRulesTable(): string {
  const rows = Object.entries(VALIDATION_RULES).map(([code, { party, section, text }]) => {
    return [`\`${code}\``, party, text, section];
  });
  return table(["code", "whose fault", "the rule", "where it stands"], rows);
}
