// The package as its users get it: packed and installed together with the core into an empty project.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "../../core/test/support/packed.ts";

const packageFolder = join(import.meta.dirname, "..");

const PROGRAM = `import { fromFetch, isFetchHandler, toFetch } from "@wsgi/fetch";
const handler = { fetch: async (request) => new Response(request.method + " " + await request.text()) };
const back = toFetch(fromFetch(handler));
back(new Request("http://a/", { method: "POST", body: "x" })).then((response) => response.text()).then((text) => console.log(isFetchHandler(handler), text));
`;

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.create(join(packageFolder, "../core"), packageFolder);
  }, 120_000);
  afterAll(() => project.remove());

  test("wants the core beside it, and imports nothing at all", async () => {
    const folder = project.installed("@wsgi/fetch");
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    expect([Object.keys(manifest.peerDependencies), manifest.dependencies]).toEqual([["@wsgi/core"], undefined]);
    expect(await readFile(join(folder, "dist/index.js"), "utf8")).not.toMatch(/^import /m);
    expect(await readFile(join(folder, "dist/index.cjs"), "utf8")).not.toMatch(/\brequire\(/);
  });

  test.each(["program.mjs", "program.cjs"])("runs as %s", async (name) => {
    const isRequired = name.endsWith("cjs");
    const source = isRequired ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);") : PROGRAM;
    expect(await project.runProgram(name, source)).toBe("true POST x\n");
  });
});
