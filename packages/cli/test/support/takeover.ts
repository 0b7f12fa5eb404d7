// A new program that takes over: it outlives the command that a test started, so the test has to end it.

import { onTestFinished } from "vitest";
import type { RunningCommand } from "./command.ts";
import { ended, isAlive } from "./workers.ts";

/** Sends USR2 and resolves when the new program serves. @returns its process id */
export async function takeOver(command: RunningCommand): Promise<number> {
  const seen = command.output.length;
  command.kill("SIGUSR2");
  const successor = await successorOf(command, seen);
  await command.printed(/\d+ serves: ending here/, seen);
  return successor;
}

/** Resolves with the process that a command started to take over. */
export async function successorOf(command: RunningCommand, after = 0): Promise<number> {
  const [, digits] = await command.printed(/SIGUSR2: (\d+) is to take over/, after);
  const successor = Number(digits);
  onTestFinished(async () => {
    if (isAlive(successor)) process.kill(-successor, "SIGKILL"); // it leads a process group of its own
    await ended(successor);
  });
  return successor;
}
