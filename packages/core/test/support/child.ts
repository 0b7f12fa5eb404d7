// Programs of test/fixtures as real child processes, in TypeScript as they are.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const FIXTURES = join(import.meta.dirname, "../fixtures");

export interface Child {
  readonly process: ChildProcess;
  /** What it printed so far. */
  stdout: string;
  stderr: string;
  /** Sends a message and resolves with the next one that comes; without one, only the latter. */
  ask(message?: string): Promise<Record<string, unknown>>;
  /** Resolves with the exit code, or the signal's name, when it has ended and all its output is here. */
  readonly ended: Promise<number | string>;
}

/** Starts a fixture with an IPC channel; it ends with the test at the latest. */
export function startFixture(name: string, args: readonly string[] = [], options: { fd3?: number } = {}): Child {
  const stdio: StdioOptions = ["ignore", "pipe", "pipe", options.fd3 ?? "ignore", "ipc"];
  const node = ["--expose-gc", "--import", "tsx", join(FIXTURES, name), ...args];
  const spawned = spawn(process.execPath, node, { cwd: import.meta.dirname, stdio });
  const ended = once(spawned, "close").then(([code, signal]) => (code ?? signal) as number | string);
  const child: Child = {
    process: spawned,
    stdout: "",
    stderr: "",
    ended,
    ask: async (message) => {
      const answer = once(spawned, "message");
      if (message !== undefined) spawned.send(message);
      const [value] = await Promise.race([
        answer,
        ended.then((code) => {
          throw new Error(`${name} ended with ${code}: ${child.stderr}`);
        }),
      ]);
      return value as Record<string, unknown>;
    },
  };
  ended.catch(() => {});
  spawned.stdout?.setEncoding("utf8").on("data", (text) => {
    child.stdout += text;
  });
  spawned.stderr?.setEncoding("utf8").on("data", (text) => {
    child.stderr += text;
  });
  onTestFinished(async () => {
    spawned.kill("SIGKILL");
    await ended;
  });
  return child;
}
