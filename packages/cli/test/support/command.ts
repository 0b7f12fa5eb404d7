// The built command as users run it: a child process in a temporary folder of its own, in an environment that holds nothing
// of ours. Arguments and files in; output, exit code and addresses out. Whatever a test starts ends with it, workers too.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export const COMMAND = join(import.meta.dirname, "../../dist/wsgi.js");

/** An application that answers every request with `hello`, as the text of an ES module. */
export const HELLO = answering('"hello"');

/** An application that answers every request with what an expression says. */
export function answering(expression: string): string {
  return `export default (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [String(${expression})];
};
`;
}

/** Files by their path in a folder. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface CommandOptions {
  /** The working folder; a new, empty one when not given. */
  readonly cwd?: string;
  /** Beside PATH and HOME, the only variables it finds. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard output, standard error and further descriptors, in place of pipes to here. */
  readonly stdio?: StdioOptions;
  /** What runs: this file and these arguments in front, in place of Node with the command. */
  readonly through?: readonly string[];
}

export interface Ended {
  /** The exit code, or the name of the signal. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export class RunningCommand {
  readonly process: ChildProcess;
  readonly folder: string;
  stdout = "";
  stderr = "";
  /** Both, in the order they came. */
  output = "";
  /** Resolves when it has ended and all its output is here. */
  readonly ended: Promise<Ended>;
  #hasEnded = false;
  readonly #waiting = new Set<() => void>();

  constructor(spawned: ChildProcess, folder: string) {
    this.process = spawned;
    this.folder = folder;
    for (const name of ["stdout", "stderr"] as const) {
      spawned[name]?.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
        this.output += text;
        this.#wake();
      });
    }
    this.ended = once(spawned, "close").then(([code, signal]) => {
      this.#hasEnded = true;
      this.#wake();
      return { code: (code ?? signal) as number | string, stdout: this.stdout, stderr: this.stderr };
    });
    this.ended.catch(() => {}); // whoever waits for it is told
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** Sends a signal to the command alone, not to its workers. */
  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Resolves with the first match in its output, now or when it comes; rejects when it ends without. */
  printed(pattern: RegExp, after = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.output.slice(after));
        if (found === null && !this.#hasEnded) return;
        this.#waiting.delete(look);
        if (found !== null) resolve(found);
        else reject(new Error(`the command ended before it printed ${pattern}; it printed ${this.output}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends it in order. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.kill(signal);
    return await this.ended;
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}

export interface ServingCommand extends RunningCommand {
  /** The first address, as a URL. */
  readonly url: string;
  readonly urls: readonly string[];
}

/** A new folder with these files; it goes with the test. */
export function folderWith(files: Files = {}): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "wsgi-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Starts the command; it and its workers are killed when the test ends, if they are still there. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { cwd = folderWith(), env = {}, stdio = ["ignore", "pipe", "pipe"], through } = options;
  const [file, ...before] = through ?? [process.execPath, COMMAND];
  const spawned = spawn(file as string, [...before, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio,
    detached: true, // a process group of its own, so that nothing of it survives
  });
  const running = new RunningCommand(spawned, cwd);
  onTestFinished(async () => {
    killGroup(spawned);
    await running.ended;
  });
  return running;
}

/** Runs the command to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return await startCommand(args, options).ended;
}

/**
 * Starts the command in a folder with these files, on a free port unless the arguments have a `-b`, and waits until it
 * says that it serves.
 */
export async function serve(
  args: readonly string[],
  files: Files = { "app.mjs": HELLO },
  options: CommandOptions = {},
): Promise<ServingCommand> {
  const cwd = options.cwd ?? folderWith();
  writeFiles(cwd, files);
  const bind = args.includes("-b") ? [] : ["-b", "127.0.0.1:0"];
  return await serving(startCommand([...bind, ...args], { ...options, cwd }));
}

/** Resolves when a command says that it serves. */
export async function serving(running: RunningCommand): Promise<ServingCommand> {
  const [, addresses = ""] = await running.printed(/ is served on (.+) \((?:one process|\d+ workers?), ready/);
  const urls = addresses.split(", ");
  return Object.assign(running, { urls, url: urls[0] as string });
}

/** The text of what a URL answers. */
export async function textOf(url: string): Promise<string> {
  return await (await fetch(url, { headers: { connection: "close" } })).text();
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
}
