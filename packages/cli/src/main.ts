// What the command does, from its arguments to an exit code. It puts the parts together; each decides its own matters.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { ListenError, UsageError } from "@wsgi/core";
import { TlsError } from "@wsgi/tls";
import { checkAll } from "./check.ts";
import { Printed, parseCommandLine } from "./command-line.ts";
import { completionScript } from "./completion.ts";
import { CommandError, EXIT, messageOf } from "./errors.ts";
import { printedConfig } from "./printed-config.ts";
import { resolveSettings, type Settings } from "./settings.ts";

export async function main(args: readonly string[], env: NodeJS.ProcessEnv, startedAt: number): Promise<number> {
  try {
    return await run(args, env, startedAt);
  } catch (error) {
    return report(error, args.includes("--debug"));
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv, startedAt: number): Promise<number> {
  // Workers begin where this process did: they follow --chdir and read --env-file themselves, each time anew.
  const start = { cwd: process.cwd(), env: { ...env } };
  const commandLine = parseCommandLine(args, ownVersion());
  if (commandLine instanceof Printed) return print(commandLine.text);
  const shell = commandLine.values.get("completion") as Settings["completion"];
  if (shell !== undefined) return print(completionScript(shell)); // in any folder, whatever its config file says
  const inherited = new Set(Object.keys(env));
  const settings = await resolveSettings(commandLine, env);
  if (settings.printConfig) return print(`${printedConfig(settings)}\n`);
  if (settings.app === undefined || settings.app === "") {
    const { likelyFile, meant } = await import("./load-application.ts");
    const example = "expected APP, a file such as app.ts or dist/app.js:application";
    throw new CommandError(`${example}${meant(likelyFile("."))}\nSee wsgi --help.`, { exitCode: EXIT.USAGE });
  }
  const ready = { ...settings, app: settings.app };
  if (settings.umask !== undefined) process.umask(settings.umask);
  if (settings.check) return print(await checkAll(ready));
  const forget = writePid(settings);
  try {
    if (settings.workers === 0 && !settings.reload) {
      const { runSingle } = await import("./run-single.ts");
      return await runSingle(ready, startedAt);
    }
    for (const name of Object.keys(env)) if (!inherited.has(name)) delete env[name]; // workers read --env-file anew
    const { runSupervisor } = await import("./run-supervisor.ts");
    return await runSupervisor(ready, { args, ...start }, startedAt);
  } finally {
    forget();
  }
}

/** Something that the operator has to mend is told in words; anything else is a fault of ours and shows its stack. */
function report(error: unknown, debug: boolean): number {
  const isKnown = [CommandError, TlsError, ListenError, UsageError].some((kind) => error instanceof kind);
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`wsgi: ${isKnown ? message : (stack ?? message)}\n`);
  if (debug && isKnown) {
    process.stderr.write(`${stack}\n`);
    const { cause } = error as Error;
    if (cause instanceof Error) process.stderr.write(`caused by ${cause.stack}\n`);
  }
  return error instanceof CommandError ? error.exitCode : EXIT.FAILED;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** @returns what takes the file away; one of another process that still runs is put back, should this one not have begun */
function writePid({ pid }: Settings): () => void {
  if (pid === undefined) return () => {};
  const before = readPid(pid);
  try {
    writeFileSync(pid, `${process.pid}\n`);
  } catch (error) {
    throw new CommandError(`--pid: cannot write ${pid}: ${messageOf(error)}`, { cause: error });
  }
  return () => {
    if (readPid(pid) !== process.pid) return; // after an upgrade it is the new one's
    try {
      if (before !== undefined && before !== process.pid && isRunning(before)) writeFileSync(pid, `${before}\n`);
      else rmSync(pid, { force: true });
    } catch {
      // whoever gave up its rights may leave the file behind
    }
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
