// The settings of the guest book: what `wsgi` serves in this folder when nothing else is said.

import { defineConfig } from "@wsgi/cli";

export default defineConfig({
  app: "app.ts",
  bind: "127.0.0.1:8000",
  workers: 1, // it remembers guests in its process; several would need a database
  admin: "9000",
  gracefulTimeout: 10,
  maxBodyBytes: 10_000,
  environ: { "guestbook.title": "Guest book" },
});
