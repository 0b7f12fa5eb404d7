// APP: what can be named, in JavaScript modules of both kinds and in packages, and the one message that is said when it
// cannot be served. Every failure ends the command at once, whatever the application has begun.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseApplicationSpec } from "../src/load-application.ts";
import {
  answering,
  type Files,
  folderWith,
  HELLO,
  runCommand,
  serve,
  startCommand,
  textOf,
} from "./support/command.ts";

const says = (text: string): string =>
  `(environ, startResponse) => { startResponse("200 OK", []); return [${JSON.stringify(text)}]; }`;

/** What an application answers. */
async function answerOf(files: Files, ...args: readonly string[]): Promise<string> {
  const { url } = await serve(args, files);
  return await textOf(url);
}

/** What is said of one that cannot be served; nothing else is printed. */
async function faultOf(files: Files, ...args: readonly string[]): Promise<string> {
  const cwd = folderWith(files);
  const { code, stdout, stderr } = await runCommand(["-b", "127.0.0.1:0", ...args], { cwd });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^wsgi: /);
  expect(stderr).not.toMatch(/node:internal|dist\/|node_modules\/\.pnpm/);
  return stderr.slice("wsgi: ".length).trimEnd().replaceAll(cwd, "CWD");
}

describe("the text of APP", () => {
  it.each([
    ["app.js", "app.js", undefined],
    ["./dist/app.js:application", "./dist/app.js", "application"],
    ["app.js:api.v1.$app", "app.js", "api.v1.$app"],
    ["pkg/web:create", "pkg/web", "create"],
    ["@scope/pkg", "@scope/pkg", undefined],
    ["C:\\app.js", "C:\\app.js", undefined],
    ["C:\\app.js:app", "C:\\app.js", "app"],
    ["a:b.js", "a", "b.js"],
    ["app.js:", "app.js:", undefined],
    [":app", ":app", undefined],
  ])("%s is taken apart", (text, module, exportName) => {
    expect(parseApplicationSpec(text)).toEqual({ text, module, exportName });
  });
});

describe("an application", () => {
  it.each<[string, string, string]>([
    ["the default export", "app.mjs", `export const app = ${says("app")}; export default ${says("yes")};`],
    [
      "app",
      "app.mjs",
      `export const application = ${says("no")}; export const app = ${says("yes")}; export default 5;`,
    ],
    ["application", "app.mjs", `export const other = ${says("no")}; export const application = ${says("yes")};`],
    ["a named export", "app.mjs:mine", `export const mine = ${says("yes")}; export default ${says("no")};`],
    ["a dotted one", "app.mjs:api.v1.app", `export const api = { v1: { app: ${says("yes")} } };`],
    ["the default one by name", "app.mjs:default", `export default ${says("yes")};`],
    ["module.exports", "app.cjs", `module.exports = ${says("yes")};`],
    [
      "module.exports with properties",
      "app.cjs",
      `module.exports = ${says("yes")}; module.exports.app = ${says("no")};`,
    ],
    ["exports.app", "app.cjs", `exports.app = ${says("yes")}; exports.more = 1; exports.other = 2;`],
    [
      "a name that Node does not see",
      "app.cjs:mine",
      `exports["mi" + "ne"] = ${says("yes")}; exports.a = 1; exports.b = 2;`,
    ],
    [
      "the default of a compiled module",
      "app.cjs",
      `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${says("yes")}; exports.a = 1; exports.b = 2;`,
    ],
    ["module.exports in a .js file", "app.js", `module.exports = { app: ${says("yes")} };`],
    ["an export of an ES module in a .js file", "app.js", `export const app = ${says("yes")};`],
    ["an object's app", "app.mjs", `export default { app: ${says("yes")} };`],
    ["one that waits at its top level", "app.mjs", `export default await Promise.resolve(${says("yes")});`],
  ])("can be %s", async (_what, app, text) => {
    expect(await answerOf({ [app.split(":")[0] as string]: text }, app)).toBe("yes");
  });

  it("can be a file in another folder, with a space and a % in its name", async () => {
    expect(
      await answerOf(
        { "a dir/50% app.mjs": `export { app } from "./b.mjs";`, "a dir/b.mjs": `export const app = ${says("yes")};` },
        "./a dir/50% app.mjs",
      ),
    ).toBe("yes");
  });

  it.each<[string, Files, string]>([
    [
      "with exports for import",
      { "package.json": '{ "exports": { "./web": { "import": "./web.mjs" } } }', "web.mjs": HELLO },
      "pkg/web",
    ],
    [
      "with exports for require",
      {
        "package.json": '{ "exports": { "./web": { "require": "./web.cjs" } } }',
        "web.cjs": `module.exports = ${says("hello")};`,
      },
      "pkg/web",
    ],
    [
      "with both",
      {
        "package.json": '{ "exports": { ".": { "import": "./a.mjs", "require": "./b.cjs" } } }',
        "a.mjs": HELLO,
        "b.cjs": "",
      },
      "pkg",
    ],
    [
      "with a main",
      { "package.json": '{ "main": "lib" }', "lib/index.js": `module.exports = ${says("hello")};` },
      "pkg",
    ],
    ["by a file without its ending", { "package.json": "{}", "web.js": `exports.app = ${says("hello")};` }, "pkg/web"],
    [
      "in TypeScript",
      {
        "package.json": '{ "type": "module", "exports": "./web.ts" }',
        "web.ts": `const text: string = "hello"; ${answering("text")}`,
      },
      "pkg",
    ],
  ])("can be in a package %s", async (_what, files, app) => {
    const inPackage = Object.entries(files).map(([name, text]) => [`node_modules/pkg/${name}`, text]);
    expect(await answerOf(Object.fromEntries(inPackage), app)).toBe("hello");
  });
});

describe("--factory", () => {
  it.each<[string, string]>([
    ["app.mjs", `export default () => ${says("yes")};`],
    ["app.mjs:create", `export const create = async () => ${says("yes")};`],
    ["app.cjs", `module.exports = () => ${says("yes")};`],
    ["node_modules/pkg/web.js:create", `exports.create = () => ${says("yes")};`],
  ])("calls %s: %s", async (app, text) => {
    const name = app.replace(/:.*/, "");
    expect(await answerOf({ [name]: text }, app.replace(/^node_modules\/(.*)\.js/, "$1"), "--factory")).toBe("yes");
  });

  it.each<[string, string]>([
    [
      "() => 5",
      "expected the factory to return an application (a function, or an object with fetch), it returned a number",
    ],
    [
      "async () => {}",
      "expected the factory to return an application (a function, or an object with fetch), it returned undefined",
    ],
    [
      "() => [1]",
      "expected the factory to return an application (a function, or an object with fetch), it returned a list",
    ],
    ['() => { throw new Error("no database"); }', "the factory threw: no database\n  at CWD/app.mjs:1:30"],
    [
      'async () => { throw new TypeError("no database"); }',
      "the factory threw: TypeError: no database\n  at CWD/app.mjs:1:36",
    ],
    ["() => { throw undefined; }", "the factory threw: undefined"],
  ])("of %s is told", async (factory, message) => {
    expect(await faultOf({ "app.mjs": `export default ${factory};` }, "app.mjs", "--factory")).toBe(
      `app.mjs: ${message}`,
    );
  });
});

describe("an application that is not there", () => {
  it.each<[string, readonly string[], string]>([
    ["ap.mjs", ["app.mjs", "other.mjs"], "there is no file ap.mjs in CWD; did you mean app.mjs?"],
    ["app.js", ["app.ts", "apx.js"], "there is no file app.js in CWD; did you mean app.ts?"],
    ["app", ["app.ts"], "there is no file or package app in CWD; did you mean app.ts?"],
    ["src/ap.mjs", ["src/app.mjs"], "there is no file src/ap.mjs in CWD; did you mean src/app.mjs?"],
    ["./app.js:app", ["unlike.mjs"], "there is no file ./app.js in CWD"],
    ["no/such/app.js", [], "there is no file no/such/app.js in CWD"],
    ["pkg/wbe", ["node_modules/pkg/package.json"], "there is no file or package pkg/wbe in CWD"],
    ["fs", [], "there is no file or package fs in CWD"],
    ["src", ["src/app.mjs"], "src is a folder: expected a file; did you mean src/app.mjs?"],
    [".", ["index.js", "server.ts", "other.ts"], ". is a folder: expected a file; did you mean server.ts?"],
    ["src", ["src/other.mjs"], "src is a folder: expected a file"],
  ])("%s beside %j is told", async (app, names, message) => {
    const files = Object.fromEntries(names.map((name) => [name, name.endsWith(".json") ? "{}" : HELLO]));
    expect(await faultOf(files, app)).toBe(message);
  });

  it.each<[string, string, string]>([
    [
      "app.mjs:aplication",
      `export const application = ${says("")};`,
      "app.mjs has no export aplication; did you mean application?",
    ],
    ["app.mjs:api.v2", "export const api = { v1() {} };", "app.mjs has no export api.v2; it exports api (an object)"],
    ["app.mjs:a.b.c", "export const a = null;", "app.mjs has no export a.b.c; it exports a (null)"],
    ["app.mjs:port", "export const port = 80;", "app.mjs exports a number as port: expected a function"],
    [
      "app.mjs",
      "export const port = 80, hosts = [];",
      "app.mjs: expected an application, a function (environ, startResponse) or an object with fetch, as the default export or as app or application; it exports hosts (a list), port (a number)",
    ],
    [
      "app.mjs",
      "",
      "app.mjs: expected an application, a function (environ, startResponse) or an object with fetch, as the default export or as app or application; it exports nothing",
    ],
    [
      "app.mjs",
      "export default 5;",
      "app.mjs: expected an application, a function (environ, startResponse) or an object with fetch, as the default export or as app or application; it exports default (a number)",
    ],
    [
      "app.cjs",
      "module.exports = null;",
      "app.cjs: expected an application, a function (environ, startResponse) or an object with fetch, as the default export or as app or application; it exports default (null)",
    ],
  ])("%s of %j is told", async (app, text, message) => {
    expect(await faultOf({ [app.split(":")[0] as string]: text }, app)).toBe(message);
  });
});

describe("an application that cannot be loaded", () => {
  it.each<[string, Files, string]>([
    ["a syntax error", { "app.mjs": "\nlet x = ;" }, "CWD/app.mjs:2: SyntaxError: Unexpected token ';'"],
    [
      "one in a file that it imports",
      { "app.mjs": 'import "./lib.mjs";', "lib.mjs": "\n\nlet x = ;" },
      "CWD/lib.mjs:3: SyntaxError: Unexpected token ';'",
    ],
    [
      "one in a file that it imports later",
      { "app.mjs": 'await import("./lib.mjs");', "lib.mjs": "let x = ;" },
      "SyntaxError: Unexpected token ';'",
    ],
    [
      "one in CommonJS",
      { "app.mjs": 'import "./lib.cjs";', "lib.cjs": "\nlet x = ;" },
      "CWD/lib.cjs:2: SyntaxError: Unexpected token ';'",
    ],
    [
      "a missing export",
      { "app.mjs": '\nimport { x } from "./lib.mjs";', "lib.mjs": "" },
      "CWD/app.mjs:2: SyntaxError: The requested module './lib.mjs' does not provide an export named 'x'",
    ],
    [
      "a missing file",
      { "app.mjs": 'import "./gone.mjs";' },
      "Cannot find module 'CWD/gone.mjs' imported from CWD/app.mjs",
    ],
    [
      "a missing package",
      { "app.mjs": 'import "no-such-package";' },
      "Cannot find package 'no-such-package' imported from CWD/app.mjs",
    ],
    [
      "what it throws",
      { "app.mjs": '\nthrow new RangeError("too far");' },
      "RangeError: too far\n  at CWD/app.mjs:2:7",
    ],
    [
      "what another file throws",
      { "app.mjs": 'import "./a b.mjs";', "a b.mjs": 'throw new Error("too far");' },
      "too far\n  at CWD/a b.mjs:1:7",
    ],
    ["a text that it throws", { "app.mjs": 'throw "a text";' }, "a text"],
    ["nothing that it throws", { "app.mjs": "throw null;" }, "null"],
  ])("is told: %s", async (_what, files, message) => {
    expect(await faultOf(files, "app.mjs")).toBe(`app.mjs cannot be loaded: ${message}`);
  });

  it("is not run again to find out where it is wrong", async () => {
    const text = 'import { appendFileSync } from "node:fs";\nappendFileSync("ran", "x");\nawait import("./lib.mjs");';
    const cwd = folderWith({ "app.mjs": text, "lib.mjs": "let x = ;" });
    await runCommand(["--check", "app.mjs"], { cwd });
    expect(readFileSync(join(cwd, "ran"), "utf8")).toBe("x");
  });

  it("is told with the stack with --debug", async () => {
    const { code, stderr } = await runCommand(["app.mjs", "--check", "--debug"], {
      cwd: folderWith({ "app.mjs": 'throw new Error("too far");' }),
    });
    expect(stderr).toMatch(
      /^wsgi: app\.mjs cannot be loaded: too far\n[\s\S]*\n +at [\s\S]*\ncaused by Error: too far\n +at file:\/\//,
    );
    expect(code).toBe(1);
  });

  it("ends although it has begun what would go on for ever", async () => {
    const text = 'setInterval(() => {}, 1000); import("node:net").then((net) => net.createServer().listen(0));';
    const command = startCommand(["-b", "127.0.0.1:0", "app.mjs"], { cwd: folderWith({ "app.mjs": text }) });
    await command.printed(/it exports nothing/);
    const told = performance.now();
    expect((await command.ended).code).toBe(1);
    expect(performance.now() - told).toBeLessThan(1000);
  });
});
