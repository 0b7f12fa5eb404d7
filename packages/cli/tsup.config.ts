import { defineConfig } from "tsup";

// ESM only: nobody requires a command. Four programs (the command, a worker, its watchdog, a reader of settings) and what a config file imports.
export default defineConfig({
  entry: ["src/wsgi.ts", "src/worker.ts", "src/watchdog.ts", "src/settings-reader.ts", "src/index.ts"],
  format: ["esm"],
  target: "node20",
  dts: { entry: "src/index.ts" },
  clean: true,
});
