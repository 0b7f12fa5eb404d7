// The documentation of the options of `wrapSsl`, made of SSL_OPTION_TABLE: the table in the package's README.

import { SSL_OPTION_TABLE } from "../packages/tls/src/index.ts";
import { show, table } from "./options-table.ts";

export function sslOptionsTable(): string {
  const rows = Object.entries(SSL_OPTION_TABLE).map(([name, { default: value, expected, summary }]) => {
    return [`\`${name}\``, show(value), expected, summary];
  });
  return table(["option", "default", "accepted", "what it is"], rows);
}
