// Profiles the server that it is loaded into with `--import profiler.ts?FILE`: from one SIGUSR2 to the next, then the file is there.

import { renameSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

const file = decodeURIComponent(new URL(import.meta.url).search.slice(1));
/** Microseconds. */
const INTERVAL = 200;

const session = new Session();
let isRunning = false;

process.on("SIGUSR2", async () => {
  if (!isRunning) {
    isRunning = true;
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: INTERVAL });
    await session.post("Profiler.start");
    return;
  }
  const { profile } = await session.post("Profiler.stop");
  writeFileSync(`${file}.part`, JSON.stringify(profile));
  renameSync(`${file}.part`, file);
});
