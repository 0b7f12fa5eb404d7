import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import biome from "./biome.json" with { type: "json" };

// The sans-IO files are those that the linter keeps free of I/O: biome.json holds the one list of them. The patterns
// must be absolute, as Vitest looks for files without any test from the folder of each project.
const sansIo = biome.overrides
  .filter((override) => override.linter.rules.style.noRestrictedImports)
  .flatMap((override) => override.includes.map((pattern) => resolve(import.meta.dirname, pattern)));

export default defineConfig({
  test: {
    projects: ["packages/*", "examples", "bench"],
    reporters: ["default", ["json", { outputFile: "reports/vitest.json" }]],
    coverage: {
      include: sansIo,
      reporter: "text",
      reportsDirectory: "reports/coverage",
      thresholds: { 100: true },
    },
  },
});
