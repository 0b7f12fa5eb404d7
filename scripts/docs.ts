// Writes the generated parts of the documentation: `npx pnpm@10 run docs`.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformancePage } from "../packages/core/test/conformance/page.ts";
import { coreOptionsTable, optionsPage } from "./options-page.ts";
import { withOptionsTable } from "./options-table.ts";
import { pythonOptionsTable } from "./python-options.ts";
import { settingsTables } from "./settings-table.ts";
import { sslOptionsTable } from "./ssl-options.ts";
import { validationRulesTable } from "./validation-rules.ts";

const root = join(import.meta.dirname, "..");

function writeTable(page: string, table: string, of?: string): void {
  const file = join(root, page);
  writeFileSync(file, withOptionsTable(readFileSync(file, "utf8"), table, of));
}

writeFileSync(join(root, "docs/options.md"), optionsPage());
writeFileSync(join(root, "docs/conformance.md"), conformancePage());
writeTable("packages/core/README.md", coreOptionsTable());
writeTable("packages/tls/README.md", sslOptionsTable());
writeTable("packages/cli/README.md", settingsTables());
writeTable("packages/python/README.md", pythonOptionsTable());
writeTable("packages/middleware/README.md", validationRulesTable(), "rules");
