// The runtimes that the matrix knows: what was asked for in, a program that can be run out. Those that are not there are
// installed from the registry's packages of their binaries, outside of the repository. Knows npm; runs no test.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export type Kind = "node" | "bun" | "deno";

/** What was asked for: a version as npm understands it, or the path of a program. */
export interface Wanted {
  readonly kind: Kind;
  readonly version: string;
}

export interface Runtime {
  readonly kind: Kind;
  /** As it says itself, e.g. `22.23.3`. */
  readonly version: string;
  /** The program. */
  readonly file: string;
  /** What is said before the name of a TypeScript file. */
  readonly args: readonly string[];
}

/** What is tested when nothing is asked for: every version of Node that is maintained, and the newest of the others. */
export const ALL: readonly Wanted[] = [
  ...["20", "22", "24", "26"].map((version) => ({ kind: "node", version }) as const),
  { kind: "bun", version: "latest" },
  { kind: "deno", version: "latest" },
];

const ARGS: Readonly<Record<Kind, readonly string[]>> = {
  node: [],
  bun: [],
  deno: ["run", "--allow-all", "--no-check", "--quiet"],
};

/**
 * Finds or installs a runtime.
 *
 * @param folder where it is kept, and looked for the next time
 * @throws Error when there is no package of it for this system, or npm could not install it
 */
export function findRuntime({ kind, version }: Wanted, folder: string): Runtime {
  const file = version.includes("/") ? resolve(process.env["INIT_CWD"] ?? "", version) : known(kind, version, folder);
  const said = execFileSync(file, ["--version"], { encoding: "utf8" });
  return { kind, file, args: ARGS[kind], version: /\d+\.\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim() };
}

function known(kind: Kind, version: string, folder: string): string {
  if (kind === "node" && process.versions.node.split(".")[0] === version) return process.execPath;
  const { name, bin } = packageOf(kind);
  const prefix = join(folder, `${kind}-${version}`);
  const installed = join(prefix, "node_modules", name);
  const file = join(installed, bin);
  if (!existsSync(file)) {
    mkdirSync(prefix, { recursive: true });
    // Nothing of the package is run but the program it holds.
    const args = ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    execFileSync("npm", [...args, `${name}@${version}`], { stdio: ["ignore", "ignore", "pipe"], cwd: prefix });
  }
  if (!existsSync(file)) {
    const { version: got } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { version: string };
    throw new Error(`${name}@${got} has no ${bin}`);
  }
  return file;
}

/** Linux and macOS: who tests elsewhere gives the path of a program. */
function packageOf(kind: Kind): { name: string; bin: string } {
  const { platform, arch } = process;
  if (platform !== "linux" && platform !== "darwin") throw new Error(`give the path of ${kind}: no package is known`);
  if (kind === "deno") return { name: `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`, bin: "deno" };
  if (kind === "bun") return { name: `@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}`, bin: "bin/bun" };
  const prefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
  return { name: `${prefix}-${platform}-${arch}`, bin: "bin/node" };
}
