// Rights: what the command gives up after its addresses are bound and its keys are read, and what it cannot do without them.
// All of it needs to be run by root.

import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Authority } from "../../tls/test/support/authority.ts";
import { answering, COMMAND, type Files, folderWith, HELLO, runCommand, serve, textOf } from "./support/command.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = "65534";
const hasNobody = spawnSync("id", ["-u", "nobody"], { encoding: "utf8" }).stdout.trim() === NOBODY;
const hasSetpriv = spawnSync("setpriv", ["--version"]).status === 0;
const firstFreePort = Number(readOr("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024"));

const IDS = answering("JSON.stringify([process.getuid(), process.getgid(), process.getgroups()])");
const THROUGH = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", process.execPath, COMMAND];

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

/** A folder that others may read. */
function openFolder(files: Files): string {
  const folder = folderWith(files);
  chmodSync(folder, 0o755);
  return folder;
}

describe.runIf(isRoot && hasNobody)("--user and --group", () => {
  const MAIN_GROUP = Number(spawnSync("id", ["-g", "nobody"], { encoding: "utf8" }).stdout);
  const uid = Number(NOBODY);

  it.each<[readonly string[], unknown]>([
    [
      ["--user", "nobody"],
      [uid, MAIN_GROUP, [MAIN_GROUP]],
    ],
    [
      ["-u", NOBODY],
      [uid, MAIN_GROUP, [MAIN_GROUP]],
    ],
    [
      ["--user", "nobody", "--group", "1"],
      [uid, 1, [1]],
    ],
    [
      ["-u", "54321", "-g", "54322"],
      [54321, 54322, [54322]],
    ],
    [
      ["--user", "nobody", "-w", "1"],
      [uid, MAIN_GROUP, [MAIN_GROUP]],
    ],
  ])("%j are whose rights the application has, and no group of root's", async (args, ids) => {
    const command = await serve(["app.mjs", ...args], {}, { cwd: openFolder({ "app.mjs": IDS }) });
    expect(JSON.parse(await textOf(command.url))).toEqual(ids);
    expect((await command.stop()).code).toBe(0);
  });

  it("are taken before the application is loaded, and after the key was read", async () => {
    const { cert, key } = await (await Authority.create()).issue({ names: ["localhost"] });
    const app = `const uid = process.getuid();\n${answering("uid")}`;
    const cwd = openFolder({ "app.mjs": app, "cert.pem": cert, "key.pem": key });
    chmodSync(join(cwd, "key.pem"), 0o600);
    const { urls } = await serve(
      [
        "-b",
        "http://127.0.0.1:0",
        "-b",
        "127.0.0.1:0",
        "--certfile",
        "cert.pem",
        "--keyfile",
        "key.pem",
        "--user",
        NOBODY,
        "--group",
        NOBODY,
        "app.mjs",
      ],
      {},
      { cwd },
    );
    expect(urls[1]).toMatch(/^https:/);
    expect(await textOf(urls[0] as string)).toBe(NOBODY);
  });

  it.each([
    [["--user", "no-such-user"], "--user no-such-user: no such user"],
    [["--user", "54321"], "--user 54321: its group is not known: expected --group"],
    [
      ["--group", "no-such-group"],
      "--user, --group: cannot become :no-such-group: Group identifier does not exist: no-such-group",
    ],
  ])("%j that are not there are told", async (args, message) => {
    const ended = await runCommand(["-b", "127.0.0.1:0", "app.mjs", ...args], {
      cwd: folderWith({ "app.mjs": HELLO }),
    });
    expect(ended).toEqual({ code: 1, stdout: "", stderr: `wsgi: ${message}\n` });
  });

  it.runIf(hasSetpriv)("cannot be taken by others than root", async () => {
    const cwd = openFolder({ "app.mjs": HELLO });
    const ended = await runCommand(["-b", "127.0.0.1:0", "--user", "root", "app.mjs"], { cwd, through: THROUGH });
    expect(ended.stderr).toMatch(/^wsgi: --user, --group: cannot become root:: EPERM[^\n]*\n$/);
    expect(ended.code).toBe(1);
  });

  it("leave the process id file behind in silence when the folder is not theirs", async () => {
    const cwd = openFolder({ "app.mjs": HELLO });
    const command = await serve(["app.mjs", "--user", "nobody", "--pid", "my.pid"], {}, { cwd });
    const { code, stderr } = await command.stop();
    expect([code, stderr.includes("EACCES")]).toEqual([0, false]);
  });
});

describe.runIf(isRoot && hasSetpriv)("without rights", () => {
  it.runIf(firstFreePort > 1).each([[[]], [["-w", "1"]]])("a privileged port cannot be had, with %j", async (more) => {
    const cwd = openFolder({ "app.mjs": HELLO });
    const ended = await runCommand(["-b", "127.0.0.1:1", "app.mjs", ...more], { cwd, through: THROUGH });
    expect(ended.stderr).toMatch(/^wsgi: cannot listen on 127\.0\.0\.1:1: [^\n]*\(EACCES\)\n$/);
    expect([ended.code, ended.stdout]).toEqual([1, ""]);
  });

  it("a key that may not be read is told", async () => {
    const { cert, key } = await (await Authority.create()).issue({ names: ["localhost"] });
    const cwd = openFolder({ "app.mjs": HELLO, "cert.pem": cert, "key.pem": key });
    chmodSync(join(cwd, "key.pem"), 0o600);
    for (const more of [["-b", "127.0.0.1:0"], ["--check"], ["-b", "127.0.0.1:0", "-w", "1"]]) {
      const args = ["--certfile", "cert.pem", "--keyfile", "key.pem", "app.mjs", ...more];
      const ended = await runCommand(args, { cwd, through: THROUGH });
      expect(ended.stderr).toMatch(/key\.pem/);
      expect(ended.stderr).toMatch(/EACCES|may not/);
      expect(ended.stderr).not.toMatch(/^ +at /m);
      expect(ended.code).toBe(1);
    }
  });

  it("an application that may not be read is told", async () => {
    const cwd = openFolder({ "app.mjs": HELLO });
    chmodSync(join(cwd, "app.mjs"), 0o600);
    const ended = await runCommand(["--check", "app.mjs"], { cwd, through: THROUGH });
    expect(ended.stderr).toMatch(/^wsgi: app\.mjs cannot be loaded: [^\n]*EACCES[^\n]*\n/);
  });
});
