// Logs that cannot be written, and terminals: the server goes on answering, says what was lost, and shows colours to people
// only.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { until } from "../../core/test/support/until.ts";
import {
  COMMAND,
  folderWith,
  HELLO,
  runCommand,
  type ServingCommand,
  serve,
  serving,
  startCommand,
  textOf,
} from "./support/command.ts";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const hasSetpriv = spawnSync("setpriv", ["--version"]).status === 0;
const isRoot = process.getuid?.() === 0;
const hasFullDevice = existsSync("/dev/full");

/** Sends so many requests with long lines, and waits for all the answers. */
async function load({ url }: ServingCommand, count: number, pathBytes = 7000): Promise<void> {
  const client = await Client.connect(Number(new URL(url).port));
  const request = `GET /${"x".repeat(pathBytes)} HTTP/1.1\r\nHost: h\r\n\r\n`;
  for (let sent = 0; sent < count; sent++) client.send(request);
  await client.sendAll("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const received = await client.end();
  expect(received.split("HTTP/1.1 200 OK").length - 1).toBe(count + 1);
}

describe("a log file that cannot be opened", () => {
  it.each([
    ["--access-log", "folder", "EISDIR"],
    ["--error-log", "folder", "EISDIR"],
    ["--access-log", "app.mjs/a.log", "E(EXIST|NOTDIR)"],
  ])("%s %s is an error of the start", async (flag, target, code) => {
    const cwd = folderWith({ "app.mjs": HELLO });
    mkdirSync(join(cwd, "folder"));
    const ended = await runCommand(["-b", "127.0.0.1:0", flag, target, "app.mjs"], { cwd });
    expect(ended.stderr).toMatch(new RegExp(`^wsgi: ${flag}: cannot open ${target}: ${code}: [^\\n]*\\n$`));
    expect([ended.code, ended.stdout]).toEqual([1, ""]);
  });

  it.runIf(isRoot && hasSetpriv)("because of its permissions, is an error of the start", async () => {
    const cwd = folderWith({ "app.mjs": HELLO, "a.log": "" });
    chmodSync(cwd, 0o755);
    const through = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, COMMAND];
    const ended = await runCommand(["-b", "127.0.0.1:0", "--access-log", "a.log", "app.mjs"], { cwd, through });
    expect(ended.stderr).toMatch(/^wsgi: --access-log: cannot open a\.log: EACCES: [^\n]*\n$/);
  });

  it.runIf(isRoot)("any more after rights were given up, goes on with the old one", async () => {
    const cwd = folderWith({ "app.mjs": HELLO });
    chmodSync(cwd, 0o755);
    const command = await serve(
      ["app.mjs", "--access-log", "a.log", "--user", "65534", "--group", "65534"],
      {},
      { cwd },
    );
    command.kill("SIGUSR1");
    await command.printed(/--access-log a\.log cannot be opened again: EACCES/);
    chownSync(join(cwd, "a.log"), 65534, 65534);
    expect(await textOf(command.url)).toBe("hello");
    await command.stop();
    expect(readFileSync(join(cwd, "a.log"), "utf8")).toContain("GET / HTTP/1.1");
  });
});

describe.runIf(hasFullDevice)("a full disk", () => {
  it("under the access log is told once, and at the end how many lines were lost", async () => {
    const command = await serve(["app.mjs", "--access-log", "/dev/full"]);
    for (let i = 0; i < 3; i++) await textOf(command.url);
    await command.printed(/--access-log \/dev\/full cannot be written: ENOSPC/);
    expect(await textOf(command.url)).toBe("hello");
    const { code, stderr } = await command.stop();
    expect(code).toBe(0);
    expect(stderr).toMatch(/--access-log \/dev\/full cannot be written: 4 lines were lost\n/);
    expect(stderr.match(/cannot be written/g)).toHaveLength(2);
  });

  it("that has room again gets what was held, and says how many lines there was no room for", async () => {
    const cwd = folderWith({ "app.mjs": HELLO });
    const path = join(cwd, "a.log");
    symlinkSync("/dev/full", path);
    const command = await serve(["app.mjs", "--access-log", "a.log"], {}, { cwd });
    await load(command, 700);
    await command.printed(/cannot be written: ENOSPC/);
    unlinkSync(path);
    writeFileSync(path, "");
    command.kill("SIGUSR1");
    const [, lost] = await command.printed(/--access-log a\.log is written again: (\d+) lines were lost/);
    await textOf(`${command.url}/after`);
    await command.stop();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.length + Number(lost)).toBe(702);
    expect(lines.at(-1)).toContain("GET /after");
    expect(Number(lost)).toBeGreaterThan(0);
  });

  it("under the error log is told on standard error", async () => {
    const command = startCommand(["-b", "127.0.0.1:0", "--error-log", "/dev/full", "app.mjs"], {
      cwd: folderWith({ "app.mjs": HELLO }),
    });
    await command.printed(/^wsgi: \(\d+\) --error-log \/dev\/full cannot be written: ENOSPC/m);
    expect((await command.stop()).code).toBe(0);
  });
});

describe("standard output", () => {
  it("that its reader closed does not stop the server", async () => {
    const command = await serve(["app.mjs"]);
    command.process.stdout?.destroy();
    for (let i = 0; i < 3; i++) expect(await textOf(command.url)).toBe("hello");
    await command.printed(/--access-log - cannot be written: EPIPE/);
    expect(await textOf(command.url)).toBe("hello");
    expect((await command.stop()).code).toBe(0);
  });

  it("and standard error that were closed do not either", async () => {
    const command = await serve(["app.mjs"]);
    command.process.stdout?.destroy();
    command.process.stderr?.destroy();
    for (let i = 0; i < 5; i++) expect(await textOf(command.url)).toBe("hello");
    expect((await command.stop()).code).toBe(0);
  });

  it("whose reader has stopped does not hold up requests, and gets every line later", async () => {
    const command = await serve(["app.mjs"]);
    command.process.stdout?.pause();
    await load(command, 300);
    command.process.stdout?.resume();
    await command.printed(/"GET \/last /);
    const { stdout, stderr } = await command.stop();
    expect(stdout.trimEnd().split("\n")).toHaveLength(301);
    expect(stderr).not.toContain("cannot be written");
  });
});

describe("colour", () => {
  it("is not used when nobody looks", async () => {
    const command = await serve(["app.mjs"], { "app.mjs": HELLO }, { env: { FORCE_COLOR: "1", TERM: "xterm" } });
    command.kill("SIGHUP");
    await command.printed(/SIGHUP/);
    expect((await command.stop()).stderr).not.toContain("\x1b");
  });

  async function onTerminal(args: string, env: Record<string, string> = {}): Promise<string> {
    const cwd = folderWith({ "app.mjs": HELLO });
    const line = `${process.execPath} ${COMMAND} -b 127.0.0.1:0 ${args} app.mjs`;
    const command = startCommand([line, "/dev/null"], {
      cwd,
      env: { TERM: "xterm", ...env },
      through: ["script", "-qec"],
    });
    const { url } = await serving(command);
    expect(await textOf(url.replace(/\x1b\[\d+m/g, ""))).toBe("hello");
    await command.printed(/GET \//);
    return command.output;
  }

  it.runIf(hasScript)("is used on a terminal", async () => {
    expect(await onTerminal("")).toMatch(/\x1b\[1mapp\.mjs\x1b\[22m is served on \x1b\[36mhttp/);
  });

  it.runIf(hasScript)("is not used where it is not wanted", async () => {
    expect(await onTerminal("", { NO_COLOR: "1" })).not.toContain("\x1b");
    expect(await onTerminal("", { TERM: "dumb" })).not.toContain("\x1b");
    expect(await onTerminal("--log-json")).not.toContain("\x1b");
  });

  it.runIf(hasScript)("is not written to a file", async () => {
    const cwd = folderWith({ "app.mjs": HELLO });
    const line = `${process.execPath} ${COMMAND} -b 127.0.0.1:0 --error-log e.log app.mjs`;
    startCommand([line, "/dev/null"], { cwd, env: { TERM: "xterm" }, through: ["script", "-qec"] });
    const text = (): string => (existsSync(join(cwd, "e.log")) ? readFileSync(join(cwd, "e.log"), "utf8") : "");
    await until(() => text().includes(" ready in "));
    expect(text()).toMatch(/^app\.mjs is served on http:[^\x1b]*$/m);
  });
});
