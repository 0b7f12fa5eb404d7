// The server that is attacked, in a process of its own, with the options that nobody gave: `{ port }` by IPC first, then for each
// message what lives in it. Its log goes to a file or nowhere, as stderr is given.

import { listen, server } from "../../src/index.ts";

const LARGE = Buffer.alloc(1024 * 1024, "x");

const running = server(listen(["127.0.0.1", 0], { backlog: 4096 }), async (environ, startResponse) => {
  if (environ.PATH_INFO === "/read") await environ["wsgi.input"].discard();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return environ.PATH_INFO === "/large" ? LARGE : "hello";
});

process.on("message", async () => {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  const { user, system } = process.cpuUsage();
  process.send?.({ rss, living: heapUsed + arrayBuffers, handles, cpu: (user + system) / 1e6, ...running.counters });
});
process.on("disconnect", () => process.exit());

await running.ready;
process.send?.({ port: running.addresses[0]?.port });
