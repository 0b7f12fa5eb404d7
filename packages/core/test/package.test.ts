// The package as its users get it: packed, installed from the tarball into an empty project, and used from there by real
// child processes.

import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project, run, startServer } from "./support/packed.ts";

/** The hello of the documentation. */
const HELLO = `import { listen, server } from "@wsgi/core";

server(listen(["", 8090]), (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\\r\\n"];
});
`;
/** The same on a free port. */
const HELLO_ON_FREE_PORT = HELLO.replace("8090", "0");

/** What curl gets from a server in the folder. */
async function serveAndAsk(cwd: string, name: string): Promise<string> {
  const port = await startServer(cwd, name);
  return await run(cwd, "curl", "--silent", "--show-error", `http://localhost:${port}/`);
}

describe("the packed package", { timeout: 30_000 }, () => {
  let project: Project;
  let installed: string;

  beforeAll(async () => {
    project = await Project.create(join(import.meta.dirname, ".."));
    installed = project.installed("@wsgi/core");
  }, 120_000);

  afterAll(() => project.remove());

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
    const printed = await project.runProgram(
      "program.mjs",
      `import { formatDateTime } from "@wsgi/core";
       console.log(formatDateTime(784111777));`,
    );
    expect(printed).toBe("Sun, 06 Nov 1994 08:49:37 GMT\n");
  });

  test("is required by a CommonJS module", async () => {
    const printed = await project.runProgram(
      "program.cjs",
      `const { formatDateTime } = require("@wsgi/core");
       console.log(formatDateTime(784111777));`,
    );
    expect(printed).toBe("Sun, 06 Nov 1994 08:49:37 GMT\n");
  });

  test("has its manifest at ./package.json and no other door", async () => {
    const printed = await project.runProgram(
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
    const folder = await mkdtemp(join(project.folder, "module-"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(join(folder, name), HELLO_ON_FREE_PORT);
    expect(await serveAndAsk(folder, name)).toBe("Hello, World!\r\n");
  });

  test("serves the hello of the documentation in CommonJS", async () => {
    const required = HELLO_ON_FREE_PORT.replace(/^import (.*) from (.*);$/m, "const $1 = require($2);");
    await writeFile(join(project.folder, "required.cjs"), required);
    expect(await serveAndAsk(project.folder, "required.cjs")).toBe("Hello, World!\r\n");
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
      await project.compile({
        "types.mts": types,
        "types.cts": types,
        "hello.mts": HELLO_ON_FREE_PORT,
        "hello.cts": HELLO_ON_FREE_PORT,
      });
    }, 60_000);

    test.each(["mts", "cts"])("gives its types to a module of the kind %s", async (kind) => {
      expect(await readdir(project.folder)).toContain(`types.${kind.replace("t", "j")}`);
    });

    test.each(["hello.mjs", "hello.cjs"])("serves the hello of the documentation, compiled to %s", async (name) => {
      expect(await serveAndAsk(project.folder, name)).toBe("Hello, World!\r\n");
    });
  });
});
