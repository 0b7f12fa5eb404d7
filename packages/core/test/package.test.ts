// The package as its users get it: packed, installed from the tarball into an empty project, and used from there by real
// child processes. Needs npm, but no network: there is nothing to download.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

/** The hello of the documentation. */
const HELLO = `import { listen, server } from "@wsgi/core";

server(listen(["", 8090]), (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\\r\\n"];
});
`;
/** The same on a free port. */
const HELLO_ON_FREE_PORT = HELLO.replace("8090", "0");

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

/** Writes TypeScript files into the folder, checks their types and compiles them. */
async function compile(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source);
  const typesOfNode = dirname(dirname(require.resolve("@types/node/package.json")));
  const compilerOptions = {
    module: "node16",
    target: "es2022",
    strict: true,
    types: ["node"],
    typeRoots: [typesOfNode],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  await run(folder, process.execPath, require.resolve("typescript/bin/tsc"));
}

/** Runs a server in the folder until the test ends, and resolves with what curl gets from it. */
async function serveAndAsk(cwd: string, name: string): Promise<string> {
  const child = spawn(process.execPath, [name], { cwd, stdio: ["ignore", "inherit", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const port = await new Promise<string>((resolve, reject) => {
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const [, found] = /wsgi starting up on \S+:(\d+)\n/.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`${name} ended:\n${log}`)));
  });
  return await run(cwd, "curl", "--silent", "--show-error", `http://localhost:${port}/`);
}

describe("the packed package", { timeout: 30_000 }, () => {
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

  test("shows in its README the hello that is tested here", async () => {
    expect(await readFile(join(installed, "README.md"), "utf8")).toContain(`\`\`\`ts\n${HELLO}\`\`\``);
  });

  test.each(["hello.mjs", "hello.js"])("serves the hello of the documentation as %s, unchanged", async (name) => {
    const folder = await mkdtemp(join(project, "module-"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(join(folder, name), HELLO_ON_FREE_PORT);
    expect(await serveAndAsk(folder, name)).toBe("Hello, World!\r\n");
  });

  test("serves the hello of the documentation in CommonJS", async () => {
    const required = HELLO_ON_FREE_PORT.replace(/^import (.*) from (.*);$/m, "const $1 = require($2);");
    await writeFile(join(project, "required.cjs"), required);
    expect(await serveAndAsk(project, "required.cjs")).toBe("Hello, World!\r\n");
  });

  // One run of the compiler for all: it checks the package's own declarations and those of Node too, which takes seconds.
  describe("with TypeScript", () => {
    beforeAll(async () => {
      const types = `
        import { formatDateTime } from "@wsgi/core";
        export const text: string = formatDateTime(0);
        // @ts-expect-error: the types are there, and are not any
        export const wrong: number = formatDateTime("0");
      `;
      await compile(project, {
        "types.mts": types,
        "types.cts": types,
        "hello.mts": HELLO_ON_FREE_PORT,
        "hello.cts": HELLO_ON_FREE_PORT,
      });
    }, 60_000);

    test.each(["mts", "cts"])("gives its types to a module of the kind %s", async (kind) => {
      expect(await readdir(project)).toContain(`types.${kind.replace("t", "j")}`);
    });

    test.each(["hello.mjs", "hello.cjs"])("serves the hello of the documentation, compiled to %s", async (name) => {
      expect(await serveAndAsk(project, name)).toBe("Hello, World!\r\n");
    });
  });
});
