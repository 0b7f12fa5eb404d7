// The client's side: one run of load against a port, in a process of its own. wrk where it is installed, else autocannon.

import { execFile, execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
}

/** What is asked for. */
export interface LoadTarget {
  readonly scheme: "http" | "https";
  /** Whether each request has a connection of its own. */
  readonly reconnect: boolean;
}

export interface LoadGenerator {
  readonly name: string;
  run(
    target: LoadTarget,
    port: number,
    seconds: number,
    connections: number,
    pin: readonly string[],
  ): Promise<LoadResult>;
}

export function findLoadGenerator(): LoadGenerator {
  return isInstalled("wrk") ? wrk : autocannon;
}

/** Whether a command can be run. */
export function isInstalled(command: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const wrk: LoadGenerator = {
  name: "wrk",
  async run({ scheme, reconnect }, port, seconds, connections, pin) {
    const how = reconnect ? ["-H", "Connection: close"] : [];
    const [command = "wrk", ...rest] = [...pin, "wrk", "-t1", `-c${connections}`, `-d${seconds}`, ...how];
    const { stdout } = await run(command, [...rest, `${scheme}://127.0.0.1:${port}/`]);
    const total = /([0-9]+) requests in/.exec(stdout);
    const rate = /Requests\/sec:\s+([0-9.]+)/.exec(stdout);
    if (total === null || rate === null) throw new Error(`wrk: cannot read its answer:\n${stdout}`);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk: requests failed:\n${stdout}`);
    return { requests: Number(total[1]), seconds: Number(total[1]) / Number(rate[1]) };
  },
};

const autocannon: LoadGenerator = {
  name: "autocannon",
  async run({ scheme, reconnect }, port, seconds, connections, pin) {
    const script = createRequire(import.meta.url).resolve("autocannon");
    const how = reconnect ? ["-D", "1", "-H", "Connection=close"] : [];
    const load = [process.execPath, script, "-c", `${connections}`, "-d", `${seconds}`, "-j", ...how];
    const [command = process.execPath, ...rest] = [...pin, ...load];
    const { stdout } = await run(command, [...rest, `${scheme}://127.0.0.1:${port}/`]);
    const result = JSON.parse(stdout) as {
      duration: number;
      errors: number;
      non2xx: number;
      requests: { total: number };
    };
    if (result.errors > 0 || result.non2xx > 0) throw new Error(`autocannon: requests failed: ${stdout.slice(0, 300)}`);
    return { requests: result.requests.total, seconds: result.duration };
  },
};
