// The package as its users get it: packed, installed from the tarball into an empty project, and used from there by real
// child processes. Needs npm, but no network: there is nothing to download.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const require = createRequire(import.meta.url);
const packageFolder = join(import.meta.dirname, "..");

// pnpm is on the PATH of its own scripts; an editor that runs one test file has only npx.
const pnpm = process.env["npm_config_user_agent"]?.startsWith("pnpm/") ? ["pnpm"] : ["npx", "--yes", "pnpm@10"];

async function run(cwd: string, ...command: string[]): Promise<string> {
  const [file = "", ...args] = command;
  try {
    return (await promisify(execFile)(file, args, { cwd })).stdout;
  } catch (error) {
    // What went wrong is in what the command printed; execFile's own message leaves the standard output out.
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

describe("the packed package", () => {
  let project: string;
  let installed: string;

  /** Writes a program into the empty project and returns what it prints. */
  async function runProgram(name: string, source: string): Promise<string> {
    await writeFile(join(project, name), source);
    return await run(project, process.execPath, name);
  }

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "wsgi-core-"));
    if (!existsSync(join(packageFolder, "dist"))) await run(packageFolder, ...pnpm, "run", "build");
    const packed = await run(packageFolder, ...pnpm, "pack", "--json", "--pack-destination", project);
    const { filename } = JSON.parse(packed) as { filename: string };
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
    await run(project, "npm", "install", "--offline", "--no-audit", "--no-fund", filename);
    installed = join(project, "node_modules/@wsgi/core");
  }, 120_000);

  afterAll(async () => {
    await rm(project, { recursive: true, force: true });
  });

  test("holds the built files, the manifest, the README and the licence, and nothing else", async () => {
    // Read from the disk, as pnpm adds the licence of the repository without listing it.
    const entries = await readdir(installed, { recursive: true });
    expect(entries.sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "dist/index.cjs",
      "dist/index.d.cts",
      "dist/index.d.ts",
      "dist/index.js",
      "package.json",
    ]);
  });

  test("depends on nothing and runs nothing when it is installed", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    for (const key of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
      expect(manifest).not.toHaveProperty(key);
    }
    for (const key of ["preinstall", "install", "postinstall"]) {
      expect(manifest.scripts).not.toHaveProperty(key);
    }
  });

  test("is imported by an ECMAScript module", async () => {
    const printed = await runProgram(
      "program.mjs",
      `import { formatDateTime } from "@wsgi/core";
       console.log(formatDateTime(784111777));`,
    );
    expect(printed).toBe("Sun, 06 Nov 1994 08:49:37 GMT\n");
  });

  test("is required by a CommonJS module", async () => {
    const printed = await runProgram(
      "program.cjs",
      `const { formatDateTime } = require("@wsgi/core");
       console.log(formatDateTime(784111777));`,
    );
    expect(printed).toBe("Sun, 06 Nov 1994 08:49:37 GMT\n");
  });

  test("has its manifest at ./package.json and no other door", async () => {
    const printed = await runProgram(
      "doors.cjs",
      `const attempt = (door) => { try { return require(door).name; } catch (error) { return error.code; } };
       console.log(attempt("@wsgi/core/package.json"), attempt("@wsgi/core/dist/index.cjs"));`,
    );
    expect(printed).toBe("@wsgi/core ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  test("gives its types to ECMAScript and to CommonJS modules", { timeout: 60_000 }, async () => {
    const source = `
      import { formatDateTime } from "@wsgi/core";
      export const text: string = formatDateTime(0);
      // @ts-expect-error: the types are there, and are not any
      export const wrong: number = formatDateTime("0");
    `;
    await writeFile(join(project, "program.mts"), source);
    await writeFile(join(project, "program.cts"), source);
    const typesOfNode = dirname(dirname(require.resolve("@types/node/package.json")));
    const compilerOptions = { module: "node16", target: "es2022", strict: true, noEmit: true, types: ["node"] };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, typeRoots: [typesOfNode] },
        files: ["program.mts", "program.cts"],
      }),
    );
    await run(project, process.execPath, require.resolve("typescript/bin/tsc"));
  });
});
