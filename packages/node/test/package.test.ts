// The package as its users get it: packed, installed into an empty project, imported and required, with its types.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project, run, startServer } from "../../core/test/support/packed.ts";

const PROGRAM = `
import { listen, server } from "@wsgi/core";
import { fromNodeListener, toNodeListener } from "@wsgi/node";
import { createServer } from "node:http";

const inner = toNodeListener((environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.PATH_INFO, "\\r\\n"];
});
server(listen(["127.0.0.1", 0]), fromNodeListener(createServer(inner)));
`;

const TYPES = `
import type { Application, Environ } from "@wsgi/core";
import { environOf, fromNodeListener, NodeAdapterError, toNodeListener } from "@wsgi/node";
import { createServer } from "node:http";

export const application: Application = fromNodeListener((req, res) => {
  const environ: Environ | undefined = environOf(req);
  res.end(environ?.PATH_INFO);
});
export const other: Application = fromNodeListener(createServer(), { onUpgrade: (req, socket) => socket.end(req.url) });
createServer(toNodeListener(application, { debug: true })).on("upgrade", toNodeListener(application).upgrade);
// @ts-expect-error: the types are there, and are not any
fromNodeListener(5);
// @ts-expect-error: an option of a server of its own
toNodeListener(application, { keepalive: 5 });
// @ts-expect-error: there is no such code
export const fault = new NodeAdapterError("OTHER", "");
`;

const folder = join(import.meta.dirname, "..");

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.create(join(folder, "../core"), folder);
  }, 120_000);
  afterAll(() => project.remove());

  test("holds the built files, the manifest, the README and the licence, and nothing else", async () => {
    const entries = await readdir(project.installed("@wsgi/node"), { recursive: true });
    expect(entries.sort()).toEqual([
      ...["LICENSE", "README.md", "dist", "dist/index.cjs", "dist/index.d.cts", "dist/index.d.ts", "dist/index.js"],
      "package.json",
    ]);
  });

  test("depends on the core beside it and on nothing else", async () => {
    const manifest = JSON.parse(await readFile(join(project.installed("@wsgi/node"), "package.json"), "utf8"));
    expect(Object.keys(manifest.peerDependencies)).toEqual(["@wsgi/core"]);
    expect(manifest).not.toHaveProperty("dependencies");
  });

  test.each(["program.mjs", "program.cjs"])("works in %s", async (name) => {
    const source = name.endsWith("cjs")
      ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);")
      : PROGRAM;
    await writeFile(join(project.folder, name), source);
    const port = await startServer(project.folder, name);
    expect(await run(project.folder, "curl", "-sS", `http://127.0.0.1:${port}/both%20ways`)).toBe("/both ways\r\n");
  });

  test("has types for both kinds of modules", async () => {
    await project.compile({ "types.mts": TYPES, "types.cts": TYPES });
  });
});
