// How vitest runs the exam of runtimes; which one is examined is said by `test:matrix`, which alone uses this file.

import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: join(import.meta.dirname, "../.."),
    include: ["packages/core/test/runtimes/*.runtime.ts"],
    testTimeout: 30_000,
    provide: { runtime: JSON.parse(process.env["MATRIX_RUNTIME"] ?? "[]") as string[] },
  },
});
