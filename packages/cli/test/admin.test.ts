// The admin server: what probes and people see of a running command.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serve, textOf } from "./support/command.ts";
import { ask } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { RELEASED, release, served, servedCount } from "./support/workers.ts";

const APP = `${RELEASED}export default async (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/held") {
    console.log("it is held");
    await released();
  }
  return ["hello"];
};`;

interface Status {
  readonly ready: boolean;
  readonly pid?: number;
  readonly target?: number;
  readonly workers: readonly {
    readonly pid: number;
    readonly state?: string;
    readonly memoryBytes: number;
    readonly uptimeSeconds: number;
    readonly counters: { readonly requests: number; readonly accepted: number; readonly active: number };
    readonly requestsInFlight: readonly { method: string; path: string; client: string; ageMilliseconds: number }[];
  }[];
}

describe.each(["0", "2"])("with --workers %s", (workers) => {
  test("answers probes, refuses what it does not know, and shows what is going on", async () => {
    const port = await freePort();
    const command = await serve(["-w", workers, "--admin", String(port), "app.mjs"], { "app.mjs": APP });
    const admin = `http://127.0.0.1:${port}`;
    expect(await ask(admin, "/live")).toMatchObject({ status: 200, body: "alive\n" });
    expect(await ask(admin, "/ready")).toMatchObject({ status: 200, body: "ready\n" });
    expect(await ask(admin, "/ready", false, "HEAD")).toMatchObject({ status: 200, body: "" });
    const refused = await ask(admin, "/ready", false, "POST");
    expect(refused).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(await ask(admin, "/")).toMatchObject({ status: 404 });

    for (let i = 0; i < 3; i++) await textOf(command.url);
    const held = ask(command.url, "/held?id=7");
    await command.printed(/it is held/);
    const { body, headers } = await ask(admin, "/status");
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    const status = JSON.parse(body) as Status;
    const { ready, workers: rows } = status;
    expect(ready).toBe(true);
    expect(rows.flatMap(({ requestsInFlight }) => requestsInFlight)).toEqual([
      expect.objectContaining({
        method: "GET",
        path: "/held",
        client: "127.0.0.1",
        ageMilliseconds: expect.any(Number),
      }),
    ]);
    expect(rows.map(({ counters }) => counters.requests).reduce((sum, one) => sum + one)).toBe(3);
    expect(rows.map(({ counters }) => counters.accepted).reduce((sum, one) => sum + one)).toBe(4);
    for (const { memoryBytes } of rows) expect(memoryBytes).toBeGreaterThan(10_000_000);
    if (workers === "0") expect(rows.map(({ pid }) => pid)).toEqual([command.pid]);
    else {
      expect(status).toMatchObject({ pid: command.pid, target: 2 });
      expect(rows.map(({ pid }) => pid).sort()).toEqual(served(command).sort());
      for (const { state } of rows) expect(state).toBe("serving");
    }
    release(command);
    await held;
    const after = JSON.parse((await ask(admin, "/status")).body) as Status;
    expect(after.workers.flatMap(({ requestsInFlight }) => requestsInFlight)).toEqual([]);
  });

  test("a bare port is of this machine only, and without --admin nothing of it is there", async () => {
    const port = await freePort();
    const [command] = await Promise.all([
      serve(["-w", workers, "--admin", String(port), "app.mjs"], { "app.mjs": APP }),
    ]);
    expect(listeningAddresses(port)).toEqual(["0100007F"]); // 127.0.0.1, as the system writes it
    expect(await textOf(`${command.url}/ready`)).toBe("hello");
  });
});

test("shows a worker that is stuck by what it told last", async () => {
  const port = await freePort();
  const command = await serve(["-w", "2", "--worker-timeout", "0", "--admin", String(port), "app.mjs"], {
    "app.mjs": `import { writeSync } from "node:fs";
export default (environ, startResponse) => {
  writeSync(1, "stuck: " + process.pid + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};`,
  });
  const lost = ask(command.url).catch(() => "lost");
  const [, stuck] = await command.printed(/stuck: (\d+)\n/);
  const { workers } = JSON.parse((await ask(`http://127.0.0.1:${port}`, "/status")).body) as Status;
  expect(workers.map(({ pid }) => pid).sort()).toEqual(served(command).sort());
  expect(workers.find(({ pid }) => pid === Number(stuck))).toMatchObject({ state: "serving", requestsInFlight: [] });
  process.kill(Number(stuck), "SIGKILL");
  expect(await lost).toBe("lost");
});

test("is not ready while no worker serves", async () => {
  const port = await freePort();
  const command = await serve(["-w", "1", "--admin", String(port), "app.mjs"], {
    "app.mjs": `import { existsSync, writeFileSync } from "node:fs";
while (existsSync("served") && !existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20));
writeFileSync("served", "");
${APP}`,
  });
  process.kill(served(command)[0] as number, "SIGKILL");
  await command.printed(/ended unexpectedly/);
  const admin = `http://127.0.0.1:${port}`;
  expect(await ask(admin, "/ready")).toMatchObject({ status: 503, body: "no worker serves\n" });
  writeFileSync(join(command.folder, "go"), "");
  await servedCount(command, 2);
  expect(await ask(admin, "/ready")).toMatchObject({ status: 200 });
});

/** Where the system says that somebody listens on a port, as it writes addresses. */
function listeningAddresses(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const lines = ["tcp", "tcp6"].flatMap((name) => readFileSync(`/proc/net/${name}`, "utf8").split("\n"));
  return lines.flatMap((line) => {
    const [, address, local, state] = /^\s*\d+: (\w+):(\w+) \S+ (\w\w)/.exec(line) ?? [];
    return local === hex && state === "0A" ? [address as string] : [];
  });
}
