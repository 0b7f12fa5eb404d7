// A bad world: no descriptors left, standard streams that are closed, a folder that is gone, odd names. The command goes on
// answering where it can, and says in one message why it cannot where it cannot.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { COMMAND, folderWith, HELLO, runCommand, serve, startCommand, textOf } from "./support/command.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

describe("too few descriptors", () => {
  it.each([[[]], [["-w", "1"]]])(
    "cost connections, but neither the server nor those that it has, with %j",
    async (more) => {
      const through = ["sh", "-c", 'ulimit -n 60; exec "$0" "$@"', process.execPath, COMMAND];
      const command = await serve(["app.mjs", "--head-timeout", "0", ...more], { "app.mjs": HELLO }, { through });
      const port = Number(new URL(command.url).port);
      const first = await Client.connect(port);
      first.send(GET);
      await first.receive("hello");
      const others = await Promise.all(Array.from({ length: 80 }, () => Client.connect(port)));
      first.send(GET);
      await first.receive(/hello[\s\S]*hello/);
      for (const client of others) client.leave();
      while ((await textOf(command.url).catch(() => "refused")) !== "hello"); // until the server has seen them leave
      expect((await command.stop()).code).toBe(0);
    },
  );
});

describe("standard streams", () => {
  it.each([
    ["input", "<&-"],
    ["output", ">&-"],
    ["error", "2>&-"],
  ])("%s that is closed from the start does not matter", async (_name, closed) => {
    const cwd = folderWith({ "app.mjs": HELLO });
    const through = ["sh", "-c", `exec "$0" "$@" ${closed}`, process.execPath, COMMAND];
    const command = startCommand(["-b", "unix:s", "--check", "app.mjs"], { cwd, through });
    expect((await command.ended).code).toBe(0);
  });
});

describe("the working folder", () => {
  it("that is gone is told", async () => {
    const cwd = folderWith({ "app.mjs": HELLO, "sub/x": "" });
    const through = ["sh", "-c", 'cd sub; rm -r ../sub; exec "$0" "$@"', process.execPath, COMMAND];
    const { code, stderr } = await runCommand(["--check", "app.mjs"], { cwd, through });
    expect(stderr).toMatch(/ENOENT|uv_cwd|cwd/);
    expect(code).not.toBe(0);
  });

  it("that goes while it serves does not matter", async () => {
    const command = await serve(["app.mjs"]);
    rmSync(join(command.folder), { recursive: true });
    expect(await textOf(command.url)).toBe("hello");
    expect((await command.stop()).code).toBe(0);
  });

  it("can have an odd name", async () => {
    const name = "a b'\"%41#ü\n$x";
    const cwd = folderWith({
      [`${name}/app.mjs`]: HELLO,
      [`${name}/app2.ts`]: HELLO,
      [`${name}/wsgi.config.mjs`]: "export default { accessLog: 'off' };",
    });
    for (const app of ["app.mjs", "app2.ts"]) {
      const { url } = await serve(["-C", name, app], {}, { cwd });
      expect(await textOf(url)).toBe("hello");
    }
  });
});

describe("arguments", () => {
  it.each([
    [["--"], 2, /expected APP/],
    [["--", "--reload"], 1, /there is no file or package --reload in/],
    [[""], 2, /expected APP/],
    [["\u001b[31m.mjs"], 1, /there is no file/],
    [["-"], 1, /there is no file or package -/],
  ])("%j are told", async (args, code, message) => {
    const ended = await runCommand(args, { cwd: folderWith() });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/^ +at /m);
    expect(ended.code).toBe(code);
  });
});
