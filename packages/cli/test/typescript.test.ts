// TypeScript files as they are, without a build: in packages of both kinds, with what their compiler options say, and with
// messages that name the user's lines.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Files, folderWith, HELLO, runCommand, serve, textOf } from "./support/command.ts";

const TYPES = "type Start = (status: string, headers: readonly (readonly [string, string])[]) => void;";
const says = (expression: string): string =>
  `(environ: Record<string, unknown>, startResponse: Start): string[] => { startResponse("200 OK", []); return [String(${expression})]; }`;
const OTHER = 'export const word: string = "yes";';
const APP = (expression: string): string => `${TYPES}\nexport default ${says(expression)};\n`;

async function answerOf(files: Files, ...args: readonly string[]): Promise<string> {
  const command = await serve(args, files);
  const text = await textOf(command.url);
  expect((await command.stop()).code).toBe(0);
  return text;
}

async function faultOf(files: Files, ...args: readonly string[]): Promise<string> {
  const cwd = folderWith(files);
  const { code, stdout, stderr } = await runCommand(["--check", ...args], { cwd });
  expect([code, stdout]).toEqual([1, ""]);
  return stderr.replaceAll(cwd, "CWD");
}

describe("a TypeScript application", () => {
  it.each<[string, string, Files]>([
    ["in a folder without package.json", "app.ts", { "app.ts": APP('"yes"') }],
    ["in a package of ES modules", "app.ts", { "package.json": '{ "type": "module" }', "app.ts": APP('"yes"') }],
    [
      "in a package of CommonJS modules",
      "app.ts",
      { "package.json": '{ "type": "commonjs" }', "app.ts": APP('"yes"') },
    ],
    [
      "in an .mts file",
      "app.mts",
      {
        "app.mts": APP('await Promise.resolve("yes")')
          .replace("export default (", "export default async (")
          .replace(": string[]", ": Promise<string[]>"),
      },
    ],
    ["in a .cts file", "app.cts", { "app.cts": `${TYPES}\nmodule.exports = ${says('"yes"')};` }],
    ["in a .tsx file", "app.tsx", { "app.tsx": APP('"yes"') }],
    [
      "with app as its export",
      "app.ts",
      { "app.ts": `${TYPES}\nexport const port: number = 80;\nexport const app = ${says('"yes"')};` },
    ],
    [
      "with a named export in CommonJS",
      "app.ts:mine",
      { "package.json": "{}", "app.ts": `${TYPES}\nexport const a = 1, b = 2;\nexport const mine = ${says('"yes"')};` },
    ],
    ["with export =", "app.cts", { "app.cts": `${TYPES}\nconst app = ${says('"yes"')};\nexport = app;` }],
  ])("can be %s", async (_what, app, files) => {
    expect(await answerOf(files, app)).toBe("yes");
  });

  it.each(["sp ace", "ünï ☃", "a#b", "a%20b", "a%b", `a'b"c`])("can be in the folder %s", async (folder) => {
    const files = {
      [`${folder}/app.ts`]: `import { word } from "./other.ts";\n${APP("word")}`,
      [`${folder}/other.ts`]: OTHER,
    };
    const cwd = join(folderWith(files), folder);
    expect(await runCommand(["--check", "app.ts"], { cwd })).toMatchObject({ code: 0, stderr: "" });
  });

  it("cannot be in a folder with a question mark, and that is said", async () => {
    const cwd = join(folderWith({ "a?b/app.ts": APP('"yes"'), "a?b/app.mjs": HELLO }), "a?b");
    expect(await runCommand(["--check", "app.ts"], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^wsgi: app\.ts cannot be loaded: expected no question mark in its path: .*\n$/),
    });
    expect((await runCommand(["--check", "app.mjs"], { cwd })).code).toBe(0);
  });

  it.each(["module", "commonjs"])(
    "imports others with and without their ending, in a package of type %s",
    async (type) => {
      const text = `import { one } from "./one.ts";\nimport { two } from "./two.js";\nimport { three } from "./sub/three";\nimport four from "./four.json" with { type: "json" };\n${APP("one + two + three + four.value")}`;
      const files = {
        "package.json": JSON.stringify({ type }),
        "app.ts": text,
        "one.ts": "export const one: number = 1;",
        "two.ts": "export const two: number = 20;",
        "sub/three.ts": "export const three: number = 300;",
        "four.json": '{ "value": 4000 }',
      };
      expect(await answerOf(files, "app.ts")).toBe("4321");
    },
  );

  it("uses what Node's own types do not erase: enums, namespaces, parameter properties, decorators", async () => {
    const files = {
      "tsconfig.json": '{ "compilerOptions": { "experimentalDecorators": true, "target": "es2022" } }',
      "app.ts": `
        enum Colour { Red = 1, Green }
        namespace Space { export const inside = "space"; }
        const seen: string[] = [];
        function tell(_target: object, name: string): void { seen.push(name); }
        class Thing { constructor(readonly value: number) {} @tell method(): void {} }
        ${APP("[Colour[2], Space.inside, new Thing(5).value, seen]")}`,
    };
    expect(await answerOf(files, "app.ts")).toBe("Green,space,5,method");
  });

  it("uses the paths of its tsconfig.json", async () => {
    const files = {
      "package.json": '{ "type": "module" }',
      "tsconfig.json": '{ "compilerOptions": { "paths": { "#lib/*": ["./src/lib/*"] } } }',
      "app.ts": `import { value } from "#lib/value";\n${APP("value")}`,
      "src/lib/value.ts": 'export const value: string = "by path";',
    };
    expect(await answerOf(files, "app.ts")).toBe("by path");
  });

  it("imports a package of its node_modules, and JavaScript imports nothing of TypeScript's for it", async () => {
    const files = {
      "package.json": '{ "type": "module" }',
      "app.ts": `import pkg from "pkg";\nimport { js } from "./js.mjs";\n${APP("pkg + js")}`,
      "js.mjs": 'export const js = "script";',
      "node_modules/pkg/package.json": '{ "main": "index.cjs" }',
      "node_modules/pkg/index.cjs": 'module.exports = "java";',
    };
    expect(await answerOf(files, "app.ts")).toBe("javascript");
  });

  it("runs in a worker", async () => {
    expect(await answerOf({ "app.ts": APP('"yes"') }, "app.ts", "-w", "1")).toBe("yes");
  });

  it("is made by a factory", async () => {
    const text = `${TYPES}\nexport async function create() { return ${says('"yes"')}; }`;
    expect(await answerOf({ "app.ts": text }, "app.ts:create", "--factory")).toBe("yes");
  });
});

describe("a TypeScript application that cannot be loaded", () => {
  it.each<[string, Files, string]>([
    ["a syntax error", { "app.ts": "\nconst x: number = ;" }, 'CWD/app.ts:2:18: SyntaxError: Unexpected ";"'],
    [
      "one in a file that it imports",
      { "app.ts": 'import "./lib.ts";', "lib.ts": "let x = ;" },
      'CWD/lib.ts:1:8: SyntaxError: Unexpected ";"',
    ],
    [
      "what it throws, by its own line",
      { "app.ts": `${TYPES}\ninterface A { b: string }\n\n  throw new Error("no luck");` },
      "no luck\n  at CWD/app.ts:4:9",
    ],
    [
      "what a function in another file throws",
      {
        "app.ts": 'import { f } from "./lib.ts";\nf();',
        "lib.ts": 'interface A { b: string }\nexport function f(): never { throw new RangeError("no luck"); }',
      },
      "RangeError: no luck\n  at CWD/lib.ts:2:36",
    ],
  ])("is told: %s", async (_what, files, message) => {
    for (const type of ["module", "commonjs"]) {
      const all = { ...files, "package.json": JSON.stringify({ type }) };
      expect(await faultOf(all, "app.ts"), type).toBe(`wsgi: app.ts cannot be loaded: ${message}\n`);
    }
  });

  it.each(["module", "commonjs"])("imports what is not there, in a package of type %s", async (type) => {
    const files = { "package.json": JSON.stringify({ type }), "app.ts": 'import "./gone.ts";\nexport {};' };
    const fault = await faultOf(files, "app.ts");
    expect(fault).toMatch(/^wsgi: app\.ts cannot be loaded: Cannot find module '[^']*gone\.ts'/);
    expect(fault).toContain("CWD/app.ts");
    expect(fault).not.toMatch(/node_modules|node:internal/);
  });

  it("exports nothing that serves", async () => {
    expect(await faultOf({ "app.ts": "export const port: number = 80;" }, "app.ts")).toMatch(
      /; it exports port \(a number\)\n$/,
    );
  });
});
