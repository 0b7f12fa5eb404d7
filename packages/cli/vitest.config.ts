import { spawnSync } from "node:child_process";
import { defaultExclude, defineConfig } from "vitest/config";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("There is no python3 here: the tests of Python applications by the command are left out.");

// Generous, because it is never what a test measures: a machine busy with other test files slows child processes down.
export default defineConfig({
  test: { testTimeout: 60_000, retry: 0, exclude: [...defaultExclude, ...(hasPython ? [] : ["**/python.test.ts"])] },
});
