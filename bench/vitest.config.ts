import { defineConfig } from "vitest/config";

// Some tests start child processes; a busy machine takes its time for that.
export default defineConfig({ test: { testTimeout: 30_000 } });
