// The documentation says what is: its links, scripts, options, errors and members exist, and none is left out.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { coreOptionsTable, optionsPage } from "../../../scripts/options-page.ts";
import { withOptionsTable } from "../../../scripts/options-table.ts";
import { OPTION_TABLE, PROTOCOL_ERRORS, USAGE_ERRORS } from "../src/index.ts";
import { below, firstColumn, headings, membersOf, prose, read, root } from "./support/pages.ts";

/** Every page that there is. */
const PAGES = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? `docs/${name}` : [])),
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
];

/** GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

describe.each(PAGES)("%s", (page) => {
  test("links to pages and headings that exist", () => {
    for (const [, target = ""] of prose(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", fragment] = target.split("#");
      const file = path === "" ? page : relative(root, join(root, dirname(page), path));
      expect(existsSync(join(root, file)), target).toBe(true);
      if (fragment !== undefined) expect(headings(prose(file)).map(anchor)).toContain(fragment);
    }
  });

  test("names scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const [, name = ""] of read(page).matchAll(/npx pnpm@10 (?:run )?([a-z:]+)/g)) {
      if (name !== "exec") expect(scripts).toHaveProperty([name]);
    }
  });
});

describe("the options", () => {
  test("are documented by the page that `pnpm run docs` makes", () => {
    expect(read("docs/options.md")).toBe(optionsPage());
  });

  test("are in the table of the package's README that it makes", () => {
    const page = read("packages/core/README.md");
    expect(page).toBe(withOptionsTable(page, coreOptionsTable()));
  });

  test("have the defaults that the README's overview shows", () => {
    const rows = [...below("README.md", "## Options").matchAll(/^\| `(\w+)` \| (.+?)(?: s)? \|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, name, shown] of rows) {
      expect(String(OPTION_TABLE[name as keyof typeof OPTION_TABLE]?.default), name).toBe(shown);
    }
  });

  test("of eventlet are all in the migration guide", () => {
    const table = below("docs/migrating-from-eventlet.md", "## Options");
    for (const [name, { eventlet }] of Object.entries(OPTION_TABLE)) {
      if (eventlet !== undefined)
        expect(table).toMatch(new RegExp(`\\b${eventlet}\\b.*\\|.*\\b(${name}\\b|the same names)`));
    }
  });
});

describe("docs/errors.md", () => {
  const page = "docs/errors.md";

  test("has a heading and the status for every fault of a client", () => {
    expect(headings(below(page, "## Faults of a client"), 3).sort()).toEqual(Object.keys(PROTOCOL_ERRORS).sort());
    for (const [code, { status }] of Object.entries(PROTOCOL_ERRORS)) {
      expect(below(page, `### ${code}`), code).toMatch(new RegExp(`^\\nStatus: ${status}\\n\\n\\S`));
    }
  });

  test("has a heading for every fault of an application, and for the two other errors", () => {
    const section = below(page, "## Faults of an application or a caller");
    expect(headings(section, 3).sort()).toEqual(Object.keys(USAGE_ERRORS).sort());
    expect(headings(below(page, "## Others"), 3)).toEqual(["ClientDisconnected", "ListenError"]);
  });
});

describe("tables of members name those of the type", () => {
  test.each([
    ["Exchange", "docs/extensions.md", "## The exchange"],
    ["ConnectionInfo", "docs/extensions.md", "## The connection"],
    ["Listener", "docs/listeners.md", "## The listener"],
    ["ListenerHandlers", "docs/listeners.md", "## What the server gives it"],
  ])("%s", (name, page, heading) => {
    expect(firstColumn(below(page, heading)).sort()).toEqual(membersOf(name).sort());
  });

  test("Extension", () => {
    const [table = ""] = prose("docs/extensions.md").split("\n## ");
    expect(["name", ...firstColumn(table)].sort()).toEqual(membersOf("Extension").sort());
  });

  test("Server", () => {
    const section = below("packages/core/README.md", "## `server(listeners, application, options?)`");
    expect(firstColumn(section).sort()).toEqual(membersOf("Server").sort());
  });

  test("ListenOptions and ServerCounters", () => {
    const readme = read("packages/core/README.md");
    for (const member of [...membersOf("ListenOptions"), ...membersOf("ServerCounters")]) {
      expect(readme).toContain(`\`${member}\``);
    }
  });
});
