// The package as its users get it: packed and installed together with the core into an empty project, and used from there by
// real child processes. Needs npm, but no network: there is nothing to download.

import { spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Project, run } from "../../core/test/support/packed.ts";

/** The program of the documentation, on a free port. */
const PROGRAM = `import { listen, server } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";

const hook = (environ, arg1, arg2, { kwarg3, kwarg4 }) => console.log("Hook called:", environ, arg1, arg2, kwarg3, kwarg4);

const helloWorld = (environ, startResponse) => {
  environ["eventlet.posthooks"].push([hook, ["arg1", "arg2"], { kwarg3: 3, kwarg4: 4 }]);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\\r\\n"];
};

server(listen(["", 0]), helloWorld, { extensions: [postHooks()] });
`;

/** The same with types. */
const TYPED_PROGRAM = PROGRAM.replace("import {", "import { type Application, type Environ,")
  .replace("(environ, arg1, arg2, { kwarg3, kwarg4 })", "(environ: Environ, arg1: string, arg2: string, { kwarg3, kwarg4 }: { kwarg3: number; kwarg4: number })") // biome-ignore format: one line
  .replace("const helloWorld", "const helloWorld: Application");

const TYPES = `
import type { Application, Environ, Exchange, Extension } from "@wsgi/core";
import { addPostHook, type PostHook, type PostHookEnviron, PostHookError, postHooks } from "@wsgi/posthooks";

export const extension: Extension = postHooks({ concurrency: 1, timeout: 0.5, maxPending: Infinity });
export const pending: number = postHooks().counters.pending;
export const bill = (environ: PostHookEnviron, user: string): Exchange => environ["wsgi.exchange"];
export const entry: PostHook = [bill, ["user"]];
export const application: Application = (environ: Environ, startResponse) => {
  addPostHook(environ, bill, ["user"]);
  // @ts-expect-error: the types are there, and are not any
  addPostHook(environ, bill, [1]);
  environ["wsgi.posthooks"].push(entry);
  // @ts-expect-error: an entry is a list
  environ["eventlet.posthooks"].push(bill);
  startResponse("200 OK", []);
  // @ts-expect-error: what the core says of its own keys still holds
  const method: number = environ.REQUEST_METHOD;
  return [String(method)];
};
// @ts-expect-error: there is no such code
export const fault = new PostHookError("OTHER");
`;

const packageFolder = join(import.meta.dirname, "..");
const coreFolder = join(packageFolder, "../core");

/** Runs the program until its hook has printed, and resolves with what curl got and what was printed. */
async function serveAndAsk(cwd: string, name: string): Promise<[answer: string, printed: string]> {
  const child = spawn(process.execPath, [name], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  let log = "";
  let printed = "";
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (condition()) resolve();
      };
      child.stderr.on("data", look);
      child.stdout.on("data", look);
      ended.then(() => reject(new Error(`${name} ended:\n${log}`)));
    });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  const started = /wsgi starting up on \S+:(\d+)\n/;
  await until(() => started.test(log));
  const answer = await run(cwd, "curl", "--silent", "--show-error", `http://localhost:${started.exec(log)?.[1]}/`);
  if (!printed.includes("arg1")) await until(() => printed.includes("arg1"));
  return [answer, printed];
}

describe("the packed package", { timeout: 30_000 }, () => {
  let project: Project;
  let installed: string;

  beforeAll(async () => {
    project = await Project.create(coreFolder, packageFolder);
    installed = project.installed("@wsgi/posthooks");
  }, 120_000);

  afterAll(() => project.remove());

  test("holds the built files, the manifest, the README and the licence, and nothing else", async () => {
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

  test("wants the core beside it, depends on nothing else and runs nothing when it is installed", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    expect(Object.keys(manifest.peerDependencies)).toEqual(["@wsgi/core"]);
    expect(manifest.peerDependencies["@wsgi/core"]).toMatch(/^\^\d/);
    for (const key of ["dependencies", "optionalDependencies", "bundleDependencies"]) {
      expect(manifest).not.toHaveProperty(key);
    }
    for (const key of ["preinstall", "install", "postinstall"]) expect(manifest.scripts).not.toHaveProperty(key);
  });

  test("takes nothing of the core but its types", async () => {
    for (const file of ["index.js", "index.cjs"]) {
      expect(await readFile(join(installed, "dist", file), "utf8")).not.toMatch(/@wsgi\/core["']/);
    }
  });

  test("has its manifest at ./package.json and no other door", async () => {
    const source = `const attempt = (door) => { try { return require(door).name; } catch (error) { return error.code; } };
      console.log(attempt("@wsgi/posthooks/package.json"), attempt("@wsgi/posthooks/dist/index.cjs"));`;
    expect(await project.runProgram("doors.cjs", source)).toBe("@wsgi/posthooks ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  test("shows in its README the program that is tested here", async () => {
    expect(await readFile(join(installed, "README.md"), "utf8")).toContain(
      `\`\`\`js\n${PROGRAM.replace('["", 0]', '["", 8090]')}\`\`\``,
    );
  });

  test.each(["program.mjs", "program.cjs"])("runs the program of the documentation as %s", async (name) => {
    const isRequired = name.endsWith("cjs");
    const source = isRequired ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);") : PROGRAM;
    await writeFile(join(project.folder, name), source);
    const [answer, printed] = await serveAndAsk(project.folder, name);
    expect(answer).toBe("Hello, World!\r\n");
    expect(printed).toMatch(/^Hook called: [\s\S]+ arg1 arg2 3 4\n$/);
  });

  // One run of the compiler for all: it checks the package's own declarations and those of Node too, which takes seconds.
  describe("with TypeScript", () => {
    beforeAll(async () => {
      await project.compile({
        "types.mts": TYPES,
        "types.cts": TYPES,
        "typed.mts": TYPED_PROGRAM,
        "typed.cts": TYPED_PROGRAM,
      });
    }, 60_000);

    test.each(["mts", "cts"])("gives the environ its keys in a module of the kind %s", async (kind) => {
      expect(await readdir(project.folder)).toContain(`types.${kind.replace("t", "j")}`);
    });

    test.each(["typed.mjs", "typed.cjs"])("runs the program of the documentation, compiled to %s", async (name) => {
      const [answer, printed] = await serveAndAsk(project.folder, name);
      expect(answer).toBe("Hello, World!\r\n");
      expect(printed).toMatch(/^Hook called: [\s\S]+ arg1 arg2 3 4\n$/);
    });
  });
});
