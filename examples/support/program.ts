// Runs a program as `pnpm start` does, in a child process, and listens to what it prints. It ends with the test.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../..");
const tsx = import.meta.resolve("tsx");
/** Puts the validator around what an example serves. */
export const VALIDATED = new URL("validated.mjs", import.meta.url).href;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** Arguments of the program; the port of an example. */
  args?: readonly string[];
  /** Modules that are loaded before it. */
  preload?: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export class Program {
  /** Resolves when it has ended and everything it printed is here. */
  readonly exit: Promise<Exit>;
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  /** Starts a TypeScript file by tsx, or a JavaScript file by Node alone. */
  constructor(file: string, { args = [], preload = [], cwd = root, env = {} }: ProgramOptions = {}) {
    const imports = (file.endsWith(".ts") ? [tsx, ...preload] : preload).flatMap((module) => ["--import", module]);
    this.#child = spawn(process.execPath, [...imports, file, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    this.exit = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#ended = true;
        this.#wake();
        resolve({ code, signal });
      });
    });
    onTestFinished(async () => {
      this.#child.kill("SIGKILL");
      await this.exit;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with what matches in the standard output; rejects when the program ends without it. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.stdout), pattern);
  }

  /** The same for the standard error output. */
  logs(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.stderr), pattern);
  }

  #until<T>(look: () => T | null, pattern: RegExp): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const found = look();
        if (found === null && !this.#ended) return;
        this.#waiting.delete(attempt);
        if (found !== null) resolve(found);
        else reject(new Error(`the program ended without ${pattern}:\n${this.stdout}${this.stderr}`));
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  #wake(): void {
    for (const attempt of this.#waiting) attempt();
  }
}

export interface RunningExample {
  readonly program: Program;
  readonly url: string;
  readonly port: number;
}

/**
 * Starts an example on a free port, in the folder of the repository or in another; its first line holds its URL. The validator stands
 * around its application, and finds nothing.
 */
export async function runExample(
  name: string,
  cwd: string = root,
  env: NodeJS.ProcessEnv = {},
): Promise<RunningExample> {
  const program = new Program(join(root, "examples", name), { args: ["0"], preload: [VALIDATED], cwd, env });
  onTestFinished(() => expect(program.stderr).not.toMatch(/ValidationError/));
  const [, url = ""] = await program.prints(/^[^\n]*(https?:\/\/\S+)[^\n]*\n/);
  return { program, url, port: Number(new URL(url).port) };
}

/** Runs curl and resolves with what it prints. */
export async function curl(...args: string[]): Promise<string> {
  return (await promisify(execFile)("curl", ["--silent", "--show-error", ...args])).stdout;
}
