// openssl as a child process, with something to say on its standard input.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { ToolResult } from "../../../core/test/support/tools.ts";

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Runs openssl to its end. */
export async function openssl(args: readonly string[], input = ""): Promise<ToolResult> {
  const child = spawn("openssl", args);
  const result = collect(child);
  child.stdin.on("error", () => {}); // it may end before it has read everything
  child.stdin.end(input, "latin1");
  return await result;
}

/** `openssl s_client` that sends a request and stays until the server closes; its verdicts are in `stdout` too. */
export async function sClient(port: number, request: string, ...args: readonly string[]): Promise<ToolResult> {
  const common = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-ign_eof"];
  return await openssl(["s_client", ...common, ...args], request);
}

async function collect(child: ChildProcessWithoutNullStreams): Promise<ToolResult> {
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
