// What a package depends on, as tarballs made of the installed folders: so that it can be installed anew in the versions of
// the lockfile, without a registry. The folder of a package in, tarballs out.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Tarballs of all dependencies, those of dependencies too, but for the scope that is given. */
export function packDependencies(folder: string, destination: string, withoutScope: string): string[] {
  const found = new Map<string, string>();
  collect(folder, withoutScope, found);
  return [...found].map(([name, from]) => {
    const file = join(destination, `${name.replace("/", "-").replace("@", "")}.tgz`);
    const rename = ["--exclude=./node_modules", "--transform=s,^\\.,package,"];
    execFileSync("tar", ["-czf", file, "-C", from, ...rename, "."]);
    return file;
  });
}

function collect(folder: string, withoutScope: string, found: Map<string, string>): void {
  const { dependencies, optionalDependencies } = manifestOf(folder);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (name.startsWith(`${withoutScope}/`)) continue;
    const installed = find(folder, name);
    if (installed === undefined) {
      if (optionalDependencies?.[name] !== undefined) continue; // of another system
      throw new Error(`${name} is not installed for ${folder}`);
    }
    if (found.get(name) === installed) continue;
    if (found.has(name)) throw new Error(`${name} is installed twice: a flat project cannot have both`);
    found.set(name, installed);
    collect(installed, withoutScope, found);
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** As Node looks for it: in the node_modules of this folder and of those above. */
function find(from: string, name: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
  }
  return undefined;
}
