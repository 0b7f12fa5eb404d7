import { defineConfig } from "tsup";

// ESM only: nobody requires a command. Three programs (the command, a worker, its watchdog) and what a config file imports.
export default defineConfig({
  entry: ["src/wsgi.ts", "src/worker.ts", "src/watchdog.ts", "src/index.ts"],
  format: ["esm"],
  target: "node20",
  dts: { entry: "src/index.ts" },
  clean: true,
});
