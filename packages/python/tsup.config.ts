import { defineConfig } from "tsup";

// No source maps: the output is not minified, and they would be larger than the package itself.
export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm", "cjs"],
  target: "node20",
  dts: true,
  shims: true, // import.meta.url, by which the files of Python are found, in CommonJS as well
  clean: true,
});
