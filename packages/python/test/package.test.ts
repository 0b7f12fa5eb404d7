// The package as its users get it: packed, installed into an empty project, imported and required, with its types; and with all of
// the files that Python needs.

import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project, run, startServer } from "../../core/test/support/packed.ts";

const PROGRAM = `
import { listen, server } from "@wsgi/core";
import { pythonApplication } from "@wsgi/python";

const python = pythonApplication({ app: "page.py" });
python.ready.then(() => server(listen(["127.0.0.1", 0]), python));
`;

const PAGE = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode() + b"\\r\\n"]
`;

const TYPES = `
import type { Application } from "@wsgi/core";
import { type PythonApplication, PythonError, pythonApplication } from "@wsgi/python";

export const python: PythonApplication = pythonApplication({ app: "page:app", workers: 2, maxMemory: 2 ** 28 });
export const application: Application = python;
export const code: string = new PythonError("NO_MODULE").code;
// @ts-expect-error: the types are there, and are not any
pythonApplication({ app: 5 });
// @ts-expect-error: there is no such code
export const fault = new PythonError("OTHER");
`;

const folder = join(import.meta.dirname, "..");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.create(join(folder, "../core"), folder);
  }, 120_000);
  afterAll(() => project.remove());

  const files = async (): Promise<string[]> =>
    (await readdir(project.installed("@wsgi/python"), { recursive: true })).sort();

  const PACKED = [
    ...["LICENSE", "README.md", "dist", "dist/index.cjs", "dist/index.d.cts", "dist/index.d.ts", "dist/index.js"],
    ...["package.json", "python", "python/_wsgi_worker"],
    ...["__init__", "__main__", "engines", "eventlet_programs", "exchange", "file_wrapper", "frames", "loading"].map(
      moduleFile,
    ),
    ...["process", "streams", "texts", "tracebacks"].map(moduleFile),
  ];

  test("holds the built files, those of Python, the manifest, the README and the licence, and nothing else", async () => {
    expect(await files()).toEqual(PACKED);
  });

  test("depends on the core beside it and on nothing else", async () => {
    const manifest = JSON.parse(await readFile(join(project.installed("@wsgi/python"), "package.json"), "utf8"));
    expect(Object.keys(manifest.peerDependencies)).toEqual(["@wsgi/core"]);
    expect(manifest).not.toHaveProperty("dependencies");
  });

  test.skipIf(!hasPython).each(["program.mjs", "program.cjs"])(
    "works in %s, and leaves its folder as it is",
    async (name) => {
      const source = name.endsWith("cjs")
        ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);")
        : PROGRAM;
      await writeFile(join(project.folder, name), source);
      await writeFile(join(project.folder, "page.py"), PAGE);
      const port = await startServer(project.folder, name);
      expect(await run(project.folder, "curl", "-sS", `http://127.0.0.1:${port}/both%20ways`)).toBe("/both ways\r\n");
      expect(await files()).toEqual(PACKED);
    },
  );

  test("has types for both kinds of modules", async () => {
    await project.compile({ "types.mts": TYPES, "types.cts": TYPES });
  });
});

function moduleFile(name: string): string {
  return `python/_wsgi_worker/${name}.py`;
}
