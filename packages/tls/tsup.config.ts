import { defineConfig } from "tsup";

// No source maps: the output is not minified, and they would be larger than the package itself. Optional dependencies
// are loaded when they are needed, never put into the bundle.
export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm", "cjs"],
  target: "node20",
  dts: true,
  clean: true,
  external: ["@peculiar/x509", "reflect-metadata"],
});
