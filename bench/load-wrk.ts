// wrk as generator of load: a load in, a script for it and the command line, and its report read. Knows wrk alone.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";
import type { Load, LoadGenerator, LoadResult } from "./load-types.ts";

const run = promisify(execFile);

/** Seconds for which a request may wait, where ten thousand take turns. */
const TIMEOUT = 30;

export const wrk: LoadGenerator = {
  name: "wrk",
  async run(load, port, seconds, file) {
    writeFileSync(file, script(load));
    const args = ["-t1", `-c${load.connections}`, `-d${seconds}s`, "--latency", "--timeout", `${TIMEOUT}s`, "-s", file];
    const url = `${load.scheme}://127.0.0.1:${port}${load.path}`;
    const { stdout } = await run("wrk", [...args, url], { timeout: (seconds + 2 * TIMEOUT) * 1000 });
    return parseReport(stdout);
  },
};

/** A script without a function is a fixed request: wrk then calls no Lua while it measures. */
export function script({ method, headers, body, pipelined, reconnect }: Load): string {
  const lines = [`wrk.method = ${quoted(method)}`];
  for (const [name, value] of headers) lines.push(`wrk.headers[${quoted(name)}] = ${quoted(value)}`);
  if (reconnect) lines.push(`wrk.headers["Connection"] = "close"`);
  if (body !== undefined) lines.push(`wrk.body = ${quoted(body)}`);
  if (pipelined > 1) {
    lines.push("local all");
    lines.push(`function init() all = string.rep(wrk.format(), ${pipelined}) end`);
    lines.push("function request() return all end");
  }
  return `${lines.join("\n")}\n`;
}

/** A string of Lua. */
function quoted(text: string): string {
  const escaped = [...Buffer.from(text)].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\${String(byte).padStart(3, "0")}`,
  );
  return `"${escaped.join("")}"`;
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** What `wrk --latency` prints. */
export function parseReport(text: string): LoadResult {
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`wrk: requests failed:\n${text}`);
  const percentile = (percent: number): number => {
    const [, value, unit = ""] = new RegExp(`^\\s+${percent}%\\s+([0-9.]+)(us|ms|s|m)\\s*$`, "m").exec(text) ?? [];
    return Number(value) * (MILLISECONDS[unit] ?? Number.NaN);
  };
  const requests = Number(/([0-9]+) requests in/.exec(text)?.[1]);
  const rate = Number(/Requests\/sec:\s+([0-9.]+)/.exec(text)?.[1]);
  const result = { requests, seconds: requests / rate, p50: percentile(50), p99: percentile(99) };
  if (requests === 0) throw new Error(`wrk: no request was answered:\n${text}`);
  if (Object.values(result).some(Number.isNaN)) throw new Error(`wrk: cannot read its report:\n${text}`);
  return result;
}
