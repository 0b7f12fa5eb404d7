// The documentation of the options of `server()`, made of OPTION_TABLE: docs/options.md, and the short table in the README
// of the core. Texts out; docs.ts writes them, and a test compares them with what is committed.

import { OPTION_TABLE, type OptionRow } from "../packages/core/src/index.ts";
import { show, table } from "./options-table.ts";

const rows: readonly (readonly [name: string, row: OptionRow])[] = Object.entries(OPTION_TABLE);

export function optionsPage(): string {
  const fromEventlet = rows.filter(([, row]) => row.eventlet !== undefined);
  const others = rows.filter(([, row]) => row.eventlet === undefined);
  return `# Options of \`server()\`

<!-- Generated from OPTION_TABLE by \`npx pnpm@10 run docs\`; do not edit. -->

\`server(listener, application, options)\` takes an object with any of these. Times are in seconds, sizes in bytes.
\`undefined\` means "not given". A value that is not accepted makes \`server()\` throw a \`UsageError\` with the code
[\`BAD_OPTION\`](errors.md#bad_option); it names the option, what was expected and what came. The table itself is exported
as \`OPTION_TABLE\`, the defaults as \`DEFAULT_OPTIONS\`.

${coreOptionsTable((name) => `[\`${name}\`](#${name.toLowerCase()})`)}

## Options of eventlet

They have eventlet's names in camelCase, and its meaning unless [differences.md](differences.md) says otherwise.

${fromEventlet.map(section).join("\n")}
## Limits, timeouts and what else eventlet lacks

${others.map(section).join("\n")}`;
}

/** One line for each option. */
export function coreOptionsTable(title = (name: string): string => `\`${name}\``): string {
  return table(
    ["option", "default", "what it is"],
    rows.map(([name, row]) => [title(name), showShort(row), row.summary]),
  );
}

function section([name, row]: readonly [string, OptionRow]): string {
  const lines = [`- Default: ${show(row.default)}`, `- Accepted: ${row.expected}`];
  if (row.eventlet !== undefined) lines.push(`- In eventlet: \`${row.eventlet}\``);
  lines.push(`- Precedents: ${row.precedent}`);
  return `### \`${name}\`\n\n${sentence(row.summary)}\n\n${lines.join("\n")}\n`;
}

/** A default for a table, where a long one makes a broad column. */
function showShort(row: OptionRow): string {
  const text = show(row.default);
  return text.length > 20 ? "eventlet's line" : text;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
