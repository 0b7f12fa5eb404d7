// The package as its users get it: packed, and installed with all that it depends on into an empty project; the command is
// called there as npm puts it.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project, run } from "../../core/test/support/packed.ts";
import {
  folderWith,
  runCommand,
  type ServingCommand,
  serving,
  startCommand,
  textOf,
  writeFiles,
} from "./support/command.ts";
import { packDependencies } from "./support/packed-dependencies.ts";

const packages = join(import.meta.dirname, "../..");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

const APP = `import type { Application } from "@wsgi/core";

const app: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [\`Hello, \${environ.PATH_INFO} in \${environ["app.colour"]}\`];
};

export default app;
`;

const CONFIG = `import { defineConfig } from "@wsgi/cli";

export default defineConfig({
  app: "app.ts",
  workers: 1,
  gracefulTimeout: 5,
  environ: { "app.colour": "green" },
});
`;

const TYPES = `import { defineConfig, SETTING_TABLE, type Setting, type WsgiConfig } from "@wsgi/cli";

// @ts-expect-error: the types are there, and are not any
defineConfig({ workers: "many" });
// @ts-expect-error: there is no such setting
defineConfig({ worker: 1 });
export const config: WsgiConfig = defineConfig({
  bind: [":8000", "unix:/run/app.sock"],
  workers: "auto",
  certfile: ["a.crt", "b.crt"],
  keyfile: ["a.key", "b.key"],
  certReqs: "required",
  logFormat: "%(request_line)s",
  maxBodyBytes: 1_000_000,
  extensions: [{ name: "nothing" }],
  certificates: [{ certfile: "c.crt" }],
});
export const first: Setting | undefined = SETTING_TABLE[0];
`;

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  let installed: string;
  let bin: string;
  let tarballs: string;

  /** The command of the project, on a free port. */
  async function serveThere(...args: string[]): Promise<ServingCommand> {
    const through = [bin, "-b", "127.0.0.1:0"];
    return await serving(startCommand(args, { cwd: project.folder, through }));
  }

  beforeAll(async () => {
    tarballs = await mkdtemp(join(tmpdir(), "wsgi-tarballs-"));
    const libraries = packDependencies(join(packages, "cli"), tarballs, "@wsgi");
    const companions = ["fetch", "middleware", "node", "python"];
    const ours = ["core", "tls", "posthooks", ...companions, "cli"].map((name) => join(packages, name));
    project = await Project.create(...ours, ...libraries);
    installed = project.installed("@wsgi/cli");
    bin = project.installed(".bin/wsgi");
    writeFiles(project.folder, { "app.ts": APP });
  }, 240_000);

  afterAll(async () => {
    await rm(tarballs, { recursive: true, force: true });
    await project?.remove();
  });

  test("holds the built files, the manifest, the README and the licence, and no source", async () => {
    const entries = await readdir(installed);
    expect(entries.filter((name) => name !== "node_modules").sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "package.json",
    ]);
    const dist = await readdir(join(installed, "dist"));
    expect(dist).toEqual(expect.arrayContaining(["index.d.ts", "index.js", "watchdog.js", "worker.js", "wsgi.js"]));
    for (const name of dist) expect(name).toMatch(/\.(js|d\.ts)$/);
  });

  test("has a command that the system can run", async () => {
    expect(await readFile(join(installed, "dist/wsgi.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    accessSync(bin, constants.X_OK);
    const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { version: string };
    expect(await run(project.folder, bin, "--version")).toBe(`${version}\n`);
    expect(await run(project.folder, "npx", "--offline", "wsgi", "--version")).toBe(`${version}\n`);
  });

  test("runs nothing when it is installed", async () => {
    const { scripts } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { scripts: object };
    for (const key of ["preinstall", "install", "postinstall"]) expect(scripts).not.toHaveProperty(key);
  });

  test.each([["one process"], ["two workers", "-w", "2"], ["development", "--reload"]])(
    "serves TypeScript without a build: %s",
    async (_how, ...args) => {
      const running = await serveThere("--environ", "app.colour=blue", ...args, "app.ts");
      expect(await textOf(`${running.url}/x`)).toBe("Hello, /x in blue");
      expect((await running.stop()).code).toBe(0);
    },
  );

  test.skipIf(!hasPython)("serves Python, Fetch handlers and Node listeners", async () => {
    writeFiles(project.folder, {
      "page.py": 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"Python"]\n',
      "fetch.mjs": 'export default { fetch: () => new Response("Fetch") };',
      "node.mjs": 'export default (request, response) => response.end("Node");',
    });
    const both = await serveThere("--mount", "/fetch=fetch.mjs", "page.py");
    expect([await textOf(both.url), await textOf(`${both.url}/fetch`)]).toEqual(["Python", "Fetch"]);
    expect(await textOf((await serveThere("-i", "node", "node.mjs")).url)).toBe("Node");
  });

  test("serves what a config file in TypeScript says", async () => {
    writeFiles(project.folder, { "green/wsgi.config.ts": CONFIG, "green/app.ts": APP });
    const running = await serveThere("--chdir", "green");
    expect(await textOf(`${running.url}/x`)).toBe("Hello, /x in green");
    expect(running.stderr).toMatch(/1 worker/);
  });

  test("gives its types to a config file", async () => {
    await project.compile({ "wsgi.config.mts": CONFIG, "types.mts": TYPES });
  });

  test("has no other door than its exports", async () => {
    const printed = await project.runProgram(
      "doors.mjs",
      `for (const door of ["", "/package.json", "/dist/main.js"]) {
         await import("@wsgi/cli" + door, door.endsWith(".json") ? { with: { type: "json" } } : {}).then(
           (it) => console.log(Object.keys(it).join()),
           (error) => console.log(error.code),
         );
       }`,
    );
    expect(printed).toBe("SETTING_TABLE,defineConfig\ndefault\nERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  test("is found from a folder without any package", async () => {
    const cwd = folderWith({ "app.mjs": "export default () => [];\n" });
    expect(await runCommand(["--check", "app.mjs"], { cwd, through: [bin] })).toMatchObject({ code: 0 });
  });
});
