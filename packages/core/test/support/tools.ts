// Clients that others wrote, as child processes: curl and Python's http.client, where the machine has them.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

export const hasCurl = spawnSync("curl", ["--version"]).status === 0;
export const hasPython = spawnSync("python3", ["--version"]).status === 0;

export interface ToolResult {
  /** The exit code. */
  readonly code: number;
  /** What it printed, as latin-1. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs curl, silent and without a configuration of the user's. */
export async function curl(...args: readonly string[]): Promise<ToolResult> {
  return await run("curl", ["-q", "-sS", "--max-time", "20", ...args]);
}

/** Runs Python code; `port` is a variable in it. */
export async function python(port: number, code: string): Promise<ToolResult> {
  return await run("python3", ["-I", "-c", `port = ${port}\n${code}`]);
}

async function run(file: string, args: readonly string[]): Promise<ToolResult> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("latin1").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("latin1").on("data", (text) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  return { code: code as number, stdout, stderr };
}
