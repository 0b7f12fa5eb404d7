// The command line, as it is called: one row that starts no server for long.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROWS } from "../rows.ts";

const run = promisify(execFile);
const home = join(import.meta.dirname, "..");

function bench(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ["--import", "tsx", "run.ts", ...args], { cwd: home, timeout: 25_000 });
}

test("--list names every row", async () => {
  const { stdout } = await bench("--list");
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]),
  ).toEqual(ROWS.map(({ name }) => name));
});

test("--only measures one row and says what came of its targets", async () => {
  const { stdout } = await bench("--only", "size", "--rounds", "1");
  expect(stdout).toMatch(/^size: The size of the core\n {2}@wsgi\/core {2}size [\d.]+ KiB\n {2}size, .*, (NOT )?met$/m);
  expect(stdout).toMatch(/^1 row in \d+ s$/m);
});

test("an unknown row is named with those that there are", async () => {
  await expect(bench("--only", "helo")).rejects.toThrow(/--only helo: expected one of hello, /);
});
