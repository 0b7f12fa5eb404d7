// slowhttptest, the tool that others wrote for slow attacks, in its four modes: while it holds hundreds of connections, its own probe
// is answered, and the server ends what it holds. `apt-get install slowhttptest`; without it nothing of this is shown.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Application } from "../src/index.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";

const isInstalled = spawnSync("slowhttptest", ["-h"]).error === undefined;
if (!isInstalled) console.warn("slowhttptest is not installed: its attacks are not tried");

const LARGE = Buffer.alloc(256 * 1024, "x");

const application: Application = async (environ, startResponse) => {
  await environ["wsgi.input"].read();
  startResponse("200 OK", []);
  return LARGE;
};

const MODES: readonly [name: string, ...args: string[]][] = [
  ["slow heads", "-H", "-i", "1"],
  ["slow bodies", "-B", "-i", "1", "-s", "8192"],
  ["ranges", "-R", "-a", "10", "-b", "3000"],
  ["slow reading", "-X", "-w", "10", "-y", "20", "-n", "1", "-z", "32", "-k", "3"],
];

test.skipIf(!isInstalled)("is answered and ended in all its modes", { timeout: 60_000 }, async () => {
  const attack = async ([name, ...args]: (typeof MODES)[number]): Promise<[string, boolean, number]> => {
    const limits = { headTimeout: 1, socketTimeout: 1, minimumDataRate: 1000, dataRateGrace: 1, lingerTimeout: 0.2 };
    const served = await serve(application, { ...limits, accessLog: false });
    const target = ["-u", `http://127.0.0.1:${served.port}/`, "-c", "200", "-r", "200", "-l", "4", "-p", "2"];
    const child = spawn("slowhttptest", [...args, ...target], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await once(child, "close");
    await until(() => served.server.counters.connections === 0);
    return [name, printed.includes("YES"), served.server.counters.accepted];
  };
  for (const [name, wasAvailable, accepted] of await Promise.all(MODES.map(attack))) {
    expect(wasAvailable, name).toBe(true); // a probe of its own was answered
    expect(accepted, name).toBeGreaterThanOrEqual(200);
  }
});
