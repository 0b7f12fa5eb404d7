// What users install with our packages: few dependencies, each with its reason, all under permissive licences; nothing that
// runs at installation, no file but what is meant to be there, and provenance for what is published. For every package there is.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { read, root } from "./support/pages.ts";

interface Manifest {
  readonly name: string;
  readonly license?: string | { readonly type: string };
  readonly files?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const isIn = (folder: string, ending: string, path: string): boolean =>
  path.startsWith(folder) && path.endsWith(ending);

const FOLDERS = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "package.json")),
);

/** Permissive, as SPDX names them: none asks anything of an application but to keep a notice. */
const PERMISSIVE =
  /^\(?(MIT|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0)( OR .*|\))?$/;

const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** The folder of a dependency as Node finds it, from the real place of who asks; undefined when it is not installed. */
function installed(from: string, name: string): string | undefined {
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return realpathSync(found);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Every package that comes with one of ours, by its folder. */
function production(folder: string, found = new Map<string, Manifest>()): Map<string, Manifest> {
  const { dependencies, optionalDependencies } = manifestIn(folder);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const at = installed(folder, name);
    if (at === undefined && optionalDependencies?.[name] !== undefined) continue; // of another system
    expect(at, `${name} of ${folder} is not installed`).toBeDefined();
    if (at === undefined || found.has(at)) continue;
    found.set(at, manifestIn(at));
    production(at, found);
  }
  return found;
}

test("the core depends on nothing", () => {
  const manifest = manifestIn(join(root, "packages/core"));
  for (const key of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
    expect(manifest).not.toHaveProperty(key);
  }
});

describe.each(FOLDERS)("packages/%s", (name) => {
  const folder = join(root, "packages", name);
  const manifest = manifestIn(folder);

  test("runs nothing when it is installed, and is published with provenance", () => {
    for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
      expect(manifest.scripts ?? {}).not.toHaveProperty(script);
    }
    expect(manifest).toMatchObject({ license: "MIT", publishConfig: { access: "public", provenance: true } });
    expect(manifest.engines).toEqual({ node: ">=20.19" });
  });

  test("gives the reason for each dependency in its README", (context) => {
    if (!existsSync(join(folder, "README.md"))) context.skip("it has no README yet");
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const named = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const rows = read(`packages/${name}/README.md`)
      .split("\n")
      .filter((line) => line.startsWith("|"));
    // Our own packages need a reason where they are few: the command is made of all of them.
    for (const one of named) {
      if (one.startsWith("@wsgi/") && !["tls", "posthooks"].includes(name)) continue;
      if (one.startsWith("@types/")) continue; // declarations of a package that has a row
      expect(
        rows.some((row) => row.includes(`\`${one}\``) || row.includes(`[${one}]`)),
        one,
      ).toBe(true);
    }
  });

  test("brings nothing to production that is not under a permissive licence", () => {
    for (const [at, { license }] of production(folder)) {
      expect(typeof license === "object" ? license.type : license, at).toMatch(PERMISSIVE);
    }
  });

  test("packs what its manifest names, and no source, test or secret", () => {
    const { files = [] } = manifest;
    expect(files).toContain("dist");
    const listed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [{ files: packed }] = JSON.parse(listed) as [{ files: { path: string }[] }];
    const paths = packed.map(({ path }) => path);
    for (const path of paths) {
      const isNamed = files.some((one) => {
        const [folder = "", ending] = one.split("**/*"); // the one kind of pattern that is used
        return ending === undefined ? path === one || path.startsWith(`${one}/`) : isIn(folder, ending, path);
      });
      expect(isNamed || ["package.json", "README.md", "LICENSE"].includes(path), path).toBe(true);
      expect(path).not.toMatch(
        /(^|\/)(test|src|node_modules|\.env|\.npmrc|__pycache__)(\/|$)|\.(pem|key|pyc|map|log)$/,
      );
      expect(path).not.toMatch(/(?<!\.d)\.[cm]?ts$/);
    }
    expect(paths).toContain("package.json");
  });
});

test("CI installs what the lockfile says, and the release has no more rights than it needs", () => {
  for (const workflow of ["ci", "release"]) {
    const text = read(`.github/workflows/${workflow}.yml`);
    for (const [line] of text.matchAll(/^.*pnpm(@10)? install.*$/gm)) expect(line).toContain("--frozen-lockfile");
    expect(text).toMatch(/pnpm@10 run audit/);
  }
  const release = read(".github/workflows/release.yml");
  expect(release).toMatch(/^permissions: \{\}$/m);
  expect(release).toMatch(/id-token: write/);
  expect(release).toMatch(/NPM_CONFIG_PROVENANCE: "true"/);
});
