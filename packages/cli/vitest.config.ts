import { defineConfig } from "vitest/config";

// Generous, because it is never what a test measures: a machine busy with other test files slows child processes down.
// One more try where several processes have to meet in time; a test that needs it in peace is to be mended.
export default defineConfig({ test: { testTimeout: 60_000, retry: 1 } });
