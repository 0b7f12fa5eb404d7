// SECURITY.md says what is so: each promise names tests that exist, and the limits are those of the option table.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OPTION_TABLE } from "../src/index.ts";
import { below, headings, root } from "./support/pages.ts";

const PAGE = "SECURITY.md";

/** The points of the lists below a heading, each on one line. */
function points(heading: string): string[] {
  return below(PAGE, heading)
    .split(/^- /m)
    .slice(1)
    .map((point) => (point.split(/\n\n/)[0] as string).replaceAll(/\s+/g, " "));
}

describe("the promises", () => {
  const promises = headings(below(PAGE, "## What is promised"), 3).flatMap((heading) => points(`### ${heading}`));

  test("are to proxies, applications and operators", () => {
    expect(headings(below(PAGE, "## What is promised"), 3)).toEqual(["To proxies", "To applications", "To operators"]);
    expect(promises.length).toBeGreaterThan(15);
  });

  test.each(promises.map((promise) => [promise.split(/[.:;]/)[0] as string, promise]))(
    "name their tests: %s",
    (_, promise) => {
      const [, named] = promise.split(/ Tests?: /);
      expect(named, "names no test").toBeDefined();
      // `title`, `title` and `title` in [file](path), …
      const groups = [...(named as string).matchAll(/((?:`[^`]+`(?:, | and )?)+) in \[[^\]]+\]\(([^)]+)\)/g)];
      expect(groups.length, "names no file").toBeGreaterThan(0);
      expect([...(named as string).matchAll(/`/g)].length / 2).toBe(
        groups.flatMap(([, titles = ""]) => [...titles.matchAll(/`[^`]+`/g)]).length,
      );
      for (const [, titles = "", file = ""] of groups) {
        const source = readFileSync(join(root, file), "utf8");
        const known = [...source.matchAll(/(?:\b(?:test|it|describe)|\)|\])\(\s*(["'`])((?:(?!\1).)*)\1/g)].map(
          ([, , title]) => title as string,
        );
        for (const [, title = ""] of titles.matchAll(/`([^`]+)`/g)) {
          expect(
            known.some((one) => one.includes(title)),
            `${file} has no test "${title}"`,
          ).toBe(true);
        }
      }
    },
  );
});

describe("the limits", () => {
  const rows = [...below(PAGE, "## Limits").matchAll(/^\| `(\w+)` \| (\S+) \|/gm)].map(
    ([, name, shown]) => [name as string, shown as string] as const,
  );

  test.each(rows)("%s is %s by default", (name, shown) => {
    expect(String(OPTION_TABLE[name as keyof typeof OPTION_TABLE]?.default)).toBe(shown);
  });

  test("are all that begin with max or minimum, or end with Timeout", () => {
    const bounding = Object.keys(OPTION_TABLE).filter((name) => /^(max|minimumData)|Timeout$/.test(name));
    const unlisted = bounding.filter((name) => !rows.some(([one]) => one === name));
    expect(unlisted).toEqual(["maxHttpVersion"]);
  });
});
