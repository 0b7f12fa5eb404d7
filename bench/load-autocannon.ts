// autocannon as generator of load, where wrk is not installed. It is slower than wrk, so that fast servers look more alike.
// Knows autocannon alone.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type { LoadGenerator } from "./load-types.ts";

const run = promisify(execFile);

/** What `autocannon --json` prints, as far as it is read. */
interface Report {
  readonly duration: number;
  readonly errors: number;
  readonly non2xx: number;
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
}

export const autocannon: LoadGenerator = {
  name: "autocannon",
  async run(load, port, seconds, file) {
    const args = [
      "-c",
      `${load.connections}`,
      "-d",
      `${seconds}`,
      "-p",
      `${load.pipelined}`,
      "-m",
      load.method,
      "--json",
    ];
    for (const [name, value] of load.headers) args.push("-H", `${name}=${value}`);
    // Its own -D 1 drops each answer uncounted. The server closes instead, and it connects again.
    if (load.reconnect) args.push("-H", "Connection=close");
    if (load.body !== undefined) {
      writeFileSync(file, load.body);
      args.push("-i", file);
    }
    const program = createRequire(import.meta.url).resolve("autocannon");
    const url = `${load.scheme}://127.0.0.1:${port}${load.path}`;
    const { stdout } = await run(process.execPath, [program, ...args, url], { timeout: (seconds + 60) * 1000 });
    const { duration, errors, non2xx, requests, latency } = JSON.parse(stdout) as Report;
    // It sends the next request while the connection closes: some of these are reset, and are no fault of the server.
    const allowed = load.reconnect ? requests.total / 100 : 0;
    if (errors > allowed || non2xx > 0) throw new Error(`autocannon: requests failed: ${stdout.slice(0, 300)}`);
    if (requests.total === 0) throw new Error("autocannon: no request was answered");
    return { requests: requests.total, seconds: duration, p50: latency.p50, p99: latency.p99 };
  },
};
