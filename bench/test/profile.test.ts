// What a profile is summed up to, and that one comes from a real server under load.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type CpuProfile, summarize } from "../profile.ts";

function frame(id: number, functionName: string, url = ""): CpuProfile["nodes"][number] {
  return { id, callFrame: { functionName, url, lineNumber: 6 } };
}

const profile: CpuProfile = {
  nodes: [
    frame(1, "(idle)"),
    frame(2, "(program)"),
    frame(3, "(garbage collector)"),
    frame(4, "write"),
    frame(5, "onStreamRead", "node:internal/stream_base_commons"),
    frame(6, "", "file:///home/packages/core/dist/index.js"),
    frame(7, "route", "file:///home/node_modules/.pnpm/hono@4/node_modules/@hono/node-server/dist/index.mjs"),
    frame(8, "hello", "file:///home/bench/servers/wsgi.ts"),
    frame(9, "", "file:///home/packages/core/dist/index.js"),
  ],
  samples: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  timeDeltas: [1000, 10, 5, 40, 15, 7, 12, 8, 3],
};

test("time is shared out to whose code ran, without that in which nothing did", () => {
  const { groups, functions } = summarize(profile);
  const shown = (shares: typeof groups): string[] =>
    shares.map(({ name, share }) => `${Math.round(share * 100)} ${name}`);
  expect(shown(groups)).toEqual([
    "40 native functions",
    "15 Node's JavaScript",
    "12 @hono/node-server",
    "10 @wsgi/core",
    "10 kernel, and what is not JavaScript",
    "8 the application",
    "5 garbage collection",
  ]);
  expect(shown(functions)).toEqual([
    "40 write, native functions",
    "15 onStreamRead, Node's JavaScript",
    "12 route, @hono/node-server",
    "10 (program)",
    "10 line 7, @wsgi/core",
    "8 hello, the application",
    "5 (garbage collector)",
  ]);
});

test("--profile tells where the time of a server under load goes", { timeout: 60_000 }, async () => {
  const args = ["--import", "tsx", "run.ts", "--only", "large", "--profile", "--seconds", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, "..") });
  expect(stdout).toMatch(/^ {2}@wsgi\/core, [\d.]+ µs a request\n( {4,}[\d.]+ % +[\d.]+ µs {2}.+\n)+/m);
  expect(stdout).toMatch(/[\d.]+ µs {2}native functions\n/);
  expect(stdout).toMatch(/^ {2}node:http, /m);
});
