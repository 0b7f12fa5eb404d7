// What the command does, from its arguments to an exit code. It puts the parts together; each decides its own matters.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { ListenError, UsageError } from "@wsgi/core";
import { TlsError } from "@wsgi/tls";
import { checkAll } from "./check.ts";
import { Printed, parseCommandLine } from "./command-line.ts";
import { completionScript } from "./completion.ts";
import { CommandError, EXIT } from "./errors.ts";
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
  if (settings.app === undefined) {
    throw new CommandError("expected APP, a file such as app.ts or dist/app.js:application.\nSee wsgi --help.", {
      exitCode: EXIT.USAGE,
    });
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

function writePid({ pid }: Settings): () => void {
  if (pid === undefined) return () => {};
  try {
    writeFileSync(pid, `${process.pid}\n`);
  } catch (error) {
    throw new CommandError(`--pid: cannot write ${pid}: ${(error as Error).message}`, { cause: error });
  }
  return () => {
    const isOurs = readFileSync(pid, "utf8").trim() === String(process.pid); // after an upgrade it is the new one's
    if (isOurs) rmSync(pid, { force: true });
  };
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
