// --check: good when serving would begin, bad with the message that serving would say, and nothing is served or left behind.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Authority } from "../../tls/test/support/authority.ts";
import { type Ended, type Files, folderWith, HELLO, runCommand, serve } from "./support/command.ts";

interface Checked extends Ended {
  /** The files that are there afterwards. */
  readonly files: readonly string[];
}

async function check(files: Files, ...args: readonly string[]): Promise<Checked> {
  const cwd = folderWith(files);
  const ended = await runCommand(["--check", ...args], { cwd });
  return { ...ended, files: readdirSync(cwd) };
}

describe("--check", () => {
  it("says that all is good, and leaves nothing", async () => {
    const args = [
      "-b",
      "unix:a.sock",
      "--admin",
      "9000",
      "-w",
      "2",
      "--pid",
      "my.pid",
      "--access-log",
      "a.log",
      "app.mjs",
    ];
    expect(await check({ "app.mjs": HELLO }, ...args)).toEqual({
      code: 0,
      stdout: "app.mjs: the application and the settings are good\n",
      stderr: "",
      files: ["app.mjs"],
    });
  });

  it("loads certificates", async () => {
    const { cert, key } = await (await Authority.create()).issue({ names: ["localhost"] });
    const files = { "app.mjs": HELLO, "both.pem": cert + key };
    expect(await check(files, "--certfile", "both.pem", "app.mjs")).toMatchObject({
      code: 0,
      stdout: "app.mjs: the application, the certificates and the settings are good\n",
    });
  });

  it("looks whether logs can be written, and leaves them as they are", async () => {
    const cwd = folderWith({ "app.mjs": HELLO, "a.log": "before\n" });
    const args = ["--check", "--access-log", "a.log", "--error-log", "new/folder/e.log", "app.mjs"];
    expect(await runCommand(args, { cwd })).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(cwd, "a.log"), "utf8")).toBe("before\n");
    expect(readdirSync(cwd).sort()).toEqual(["a.log", "app.mjs"]);
  });

  it("does not wait for the reader of a pipe", async () => {
    const cwd = folderWith({ "app.mjs": HELLO });
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const { code, stderr } = await runCommand(["--check", "--access-log", "pipe", "app.mjs"], { cwd });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^wsgi: --access-log: cannot write pipe: ENXIO/)]);
  });

  it("does not need an address that is free", async () => {
    const { url, folder } = await serve(["app.mjs"]);
    const ended = await runCommand(["--check", "-b", `127.0.0.1:${new URL(url).port}`, "app.mjs"], { cwd: folder });
    expect(ended.code).toBe(0);
  });

  it("ends although the application would go on for ever", async () => {
    expect(await check({ "app.mjs": `setInterval(() => {}, 1000);\n${HELLO}` }, "app.mjs")).toMatchObject({ code: 0 });
  });

  it("calls the factory", async () => {
    const files = { "app.mjs": "export default () => { throw new Error('no database'); };" };
    expect((await check(files, "app.mjs", "--factory")).stderr).toMatch(
      /^wsgi: app\.mjs: the factory threw: no database\n/,
    );
    expect((await check(files, "app.mjs")).code).toBe(0);
  });

  it.each<[string, readonly string[], Files, number, RegExp]>([
    ["a flag", ["--wrokers", "2", "app.mjs"], {}, 2, /^unknown option '--wrokers'; did you mean --workers\?\n/],
    ["no application", [], {}, 2, /^expected APP/],
    ["a file that is missing", ["ap.mjs"], {}, 1, /^there is no file ap\.mjs in .*; did you mean app\.mjs\?\n$/],
    ["an export", ["app.mjs:api"], {}, 1, /^app\.mjs has no export api/],
    [
      "a syntax error",
      ["bad.mjs"],
      { "bad.mjs": "let x = ;" },
      1,
      /^bad\.mjs cannot be loaded: .*bad\.mjs:1: SyntaxError/,
    ],
    [
      "what an import throws",
      ["bad.ts"],
      { "bad.ts": "throw new Error('oh');" },
      1,
      /^bad\.ts cannot be loaded: oh\n {2}at .*bad\.ts:1:7\n$/,
    ],
    [
      "the config file",
      ["app.mjs"],
      { "wsgi.config.json": '{ "workers": "x" }' },
      1,
      /^wsgi\.config\.json: workers: expected/,
    ],
    ["an address", ["-b", "nonsense", "app.mjs"], {}, 1, /^--bind: expected an address .*got "nonsense"\n$/],
    [
      "the address of the admin server",
      ["--admin", "nonsense", "app.mjs"],
      {},
      1,
      /^--admin: expected an address .*\n$/,
    ],
    [
      "a certificate",
      ["--certfile", "gone.pem", "app.mjs"],
      {},
      1,
      /^a file cannot be read: certfile: .*gone\.pem: there is no such file/,
    ],
    [
      "a log that is a folder",
      ["--access-log", "logs", "app.mjs"],
      { "logs/a": "" },
      1,
      /^--access-log: cannot write logs: EISDIR.*\n$/,
    ],
    [
      "a log in a file",
      ["--error-log", "app.mjs/e.log", "app.mjs"],
      {},
      1,
      /^--error-log: cannot write app\.mjs\/e\.log: .*app\.mjs is no folder\n$/,
    ],
    [
      "a file for the process id",
      ["--pid", "none/my.pid", "app.mjs"],
      {},
      1,
      /^--pid: cannot write none\/my\.pid: ENOENT.*\n$/,
    ],
    ["a user", ["--user", "no-such-user", "app.mjs"], {}, 1, /^--user no-such-user: no such user\n$/],
    [
      "an extension",
      ["app.mjs"],
      { "wsgi.config.mjs": "export default { extensions: [5] };" },
      1,
      /^wsgi\.config\.mjs: extensions: expected/,
    ],
  ])("says what is wrong with %s", async (_what, args, files, code, message) => {
    const ended = await check({ "app.mjs": HELLO, ...files }, ...args);
    expect(ended.stderr.replace("wsgi: ", "")).toMatch(message);
    expect(ended.stderr).not.toMatch(/^ +at (?!\/)/m);
    expect([ended.code, ended.stdout]).toEqual([code, ""]);
  });
});
