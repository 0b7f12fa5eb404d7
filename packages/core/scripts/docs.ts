// Writes the generated parts of the documentation: `npx pnpm@10 run docs`.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { optionsPage, withOptionsTable } from "./options-page.ts";

const packageFolder = join(import.meta.dirname, "..");
const readme = join(packageFolder, "README.md");

writeFileSync(join(packageFolder, "../../docs/options.md"), optionsPage());
writeFileSync(readme, withOptionsTable(readFileSync(readme, "utf8")));
