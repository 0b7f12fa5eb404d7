import { spawnSync } from "node:child_process";
import { defaultExclude, defineConfig } from "vitest/config";

// Without Python there is nothing to test but that the package can be built.
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("There is no python3 here: the tests of @wsgi/python are left out.");

// Generous, because it is never what a test measures: a machine busy with other test files slows child processes down.
export default defineConfig({
  test: { testTimeout: 30_000, exclude: hasPython ? defaultExclude : ["**"], passWithNoTests: true },
});
