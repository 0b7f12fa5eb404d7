// The package as its users get it: packed and installed together with the core into an empty project.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "../../core/test/support/packed.ts";

const packageFolder = join(import.meta.dirname, "..");

const PROGRAM = `import { mount, validator } from "@wsgi/middleware";
const say = (environ, startResponse) => { startResponse("200 OK", []); return [environ.SCRIPT_NAME + environ.PATH_INFO]; };
const environ = { SCRIPT_NAME: "", PATH_INFO: "/api/x", RAW_PATH_INFO: "/api/x" };
console.log(mount({ "/api": say })(environ, () => {}), environ.SCRIPT_NAME, typeof validator(say));
`;

const TYPES = `import type { Application } from "@wsgi/core";
import { MountError, mount, ValidationError, validator } from "@wsgi/middleware";
const inner: Application = () => [];
export const application: Application = validator(mount({ "/a": inner }, { notFound: inner }));
export const code: "BAD_PREFIX" extends MountError["code"] ? true : never = true;
export const party: "server" | "application" = new ValidationError("STATUS", "x").party;
// @ts-expect-error: applications are functions
mount({ "/a": { fetch() {} } });
`;

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.create(join(packageFolder, "../core"), packageFolder);
  }, 120_000);
  afterAll(() => project.remove());

  test("wants the core beside it, and takes nothing of it but types", async () => {
    const folder = project.installed("@wsgi/middleware");
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    expect([Object.keys(manifest.peerDependencies), manifest.dependencies]).toEqual([["@wsgi/core"], undefined]);
    for (const file of ["index.js", "index.cjs"]) {
      expect(await readFile(join(folder, "dist", file), "utf8")).not.toMatch(/@wsgi\/core["']|["']node:/);
    }
  });

  test.each(["program.mjs", "program.cjs"])("runs as %s", async (name) => {
    const source = name.endsWith("cjs")
      ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);")
      : PROGRAM;
    expect(await project.runProgram(name, source)).toBe("[ '/api/x' ] /api function\n");
  });

  test("has types for both kinds of modules", async () => {
    await project.compile({ "types.mts": TYPES, "types.cts": TYPES });
  });
});
