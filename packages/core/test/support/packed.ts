// Packages as their users get them: packed, and installed from the tarballs into an empty project. Needs npm, but no
// network: there is nothing to download.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const require = createRequire(import.meta.url);

// pnpm is on the PATH of its own scripts; an editor that runs one test file has only npx.
const pnpm = process.env["npm_config_user_agent"]?.startsWith("pnpm/") ? ["pnpm"] : ["npx", "--yes", "pnpm@10"];

export async function run(cwd: string, ...command: string[]): Promise<string> {
  const [file = "", ...args] = command;
  try {
    return (await promisify(execFile)(file, args, { cwd })).stdout;
  } catch (error) {
    // What went wrong is in what the command printed; execFile's own message leaves the standard output out.
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** An empty project in which these packages are installed, without what is optional. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param packages their folders, or tarballs that there are */
  static async create(...packages: readonly string[]): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), "wsgi-packed-"));
    const files: string[] = [];
    for (const one of packages) {
      if (one.endsWith(".tgz")) {
        files.push(one);
        continue;
      }
      if (!existsSync(join(one, "dist"))) await run(one, ...pnpm, "run", "build");
      const packed = await run(one, ...pnpm, "pack", "--json", "--pack-destination", folder);
      files.push((JSON.parse(packed) as { filename: string }).filename);
    }
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
    await run(folder, "npm", "install", "--offline", "--omit=optional", "--no-audit", "--no-fund", ...files);
    return new Project(folder);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Where a package is installed. */
  installed(name: string): string {
    return join(this.folder, "node_modules", name);
  }

  /** Writes a program and returns what it prints. */
  async runProgram(name: string, source: string): Promise<string> {
    await writeFile(join(this.folder, name), source);
    return await run(this.folder, process.execPath, name);
  }

  /** Writes TypeScript files, checks their types and compiles them. */
  async compile(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, source] of Object.entries(files)) await writeFile(join(this.folder, name), source);
    const typesOfNode = dirname(dirname(require.resolve("@types/node/package.json")));
    const compilerOptions = {
      module: "node16",
      target: "es2022",
      strict: true,
      types: ["node"],
      typeRoots: [typesOfNode],
    };
    await writeFile(join(this.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
    await run(this.folder, process.execPath, require.resolve("typescript/bin/tsc"));
  }
}

/** Runs a server in the folder until the test ends, and resolves with its port. */
export async function startServer(cwd: string, name: string): Promise<string> {
  const child = spawn(process.execPath, [name], { cwd, stdio: ["ignore", "inherit", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  return await new Promise<string>((resolve, reject) => {
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const [, found] = /wsgi starting up on \S+:(\d+)\n/.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`${name} ended:\n${log}`)));
  });
}
