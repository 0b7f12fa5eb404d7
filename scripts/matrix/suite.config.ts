// The suite as it is, but for its reports: those of a matrix run must not take the place of the last run of the tests.

import { join } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import suite from "../../vitest.config.ts";

const { reporters: _, ...rest } = suite.test ?? {};

export default mergeConfig(defineConfig({ test: rest }), { root: join(import.meta.dirname, "../..") });
