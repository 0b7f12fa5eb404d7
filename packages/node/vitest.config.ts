import { defineConfig } from "vitest/config";

// Generous, because it is never what a test measures: a machine busy with other test files slows child processes down.
export default defineConfig({ test: { testTimeout: 30_000 } });
