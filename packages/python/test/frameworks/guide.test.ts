// docs/migrating-python.md names flags and options that exist, and forgets none of eventlet's.

import { OPTION_TABLE } from "@wsgi/core";
import { expect, test } from "vitest";
import { flagOf, SETTING_TABLE } from "../../../cli/src/setting-table.ts";
import { below, firstColumn, read } from "../../../core/test/support/pages.ts";
import { SSL_OPTION_TABLE } from "../../../tls/src/index.ts";
import { PYTHON_OPTION_TABLE } from "../../src/index.ts";

const page = "docs/migrating-python.md";
const flags = new Set(SETTING_TABLE.flatMap((setting) => [flagOf(setting), flagOf(setting).replace("--", "--no-")]));
const options = new Set([OPTION_TABLE, SSL_OPTION_TABLE, PYTHON_OPTION_TABLE].flatMap((table) => Object.keys(table)));
/** Members of what pythonApplication() returns, which stand among the options. */
const MEMBERS = ["reload", "processes"];

/** Rows of every table as cells. */
const rows = read(page)
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("|--"))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));

const spans = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, span]) => span as string);
const flagsIn = (text: string): string[] => text.match(/(?<![\w-])--[a-z][\w-]*/g) ?? [];

test("flags of the command exist", () => {
  const [, ...columns] = [0, 1];
  const named = rows.flatMap((cells) => columns.flatMap((column) => flagsIn(spans(cells[column] ?? "").join(" "))));
  const tables = new Set(named);
  const inProse = read(page)
    .split("\n")
    .filter((line) => !line.startsWith("|"))
    .flatMap((line) => flagsIn(spans(line).join(" ")).concat(line.startsWith("npx") ? flagsIn(line) : []));
  expect(tables.size).toBeGreaterThan(40);
  expect([...tables, ...inProse].filter((flag) => !flags.has(flag) && flag !== "--timeout")).toEqual([]);
});

test("options in the third column exist", () => {
  const third = rows.flatMap((cells) => spans(cells[2] ?? ""));
  const names = third.flatMap((span) => (/^listen\(/.test(span) ? [] : [/^\w+/.exec(span)?.[0] ?? span]));
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !options.has(name) && !MEMBERS.includes(name) && name !== "SCRIPT_NAME")).toEqual([]);
});

test("no option of eventlet is missing", () => {
  const there = firstColumn(below(page, "## eventlet"));
  const theirs = Object.values(OPTION_TABLE).flatMap(({ eventlet }) => (eventlet === undefined ? [] : [eventlet]));
  expect(theirs.length).toBeGreaterThan(10);
  expect(theirs.filter((name) => !there.includes(name))).toEqual([]);
});

test("no option of pythonApplication() that others have is missing", () => {
  const text = read(page);
  const ours = Object.keys(PYTHON_OPTION_TABLE).filter((name) => !["startTimeout", "queueTimeout"].includes(name));
  expect(ours.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
});
