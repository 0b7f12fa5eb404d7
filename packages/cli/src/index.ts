// What `@wsgi/cli` offers to config files and tools. Nothing inside the package imports this file.

export { defineConfig, type WsgiConfig } from "./define-config.ts";
export { SETTING_TABLE, type Setting } from "./setting-table.ts";
