// Log lines: where they go, as text and as JSON, whatever a client puts into them, and that none is missing at the end.

import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { turn, until } from "../../core/test/support/until.ts";
import { LogOutput, type LogSettings } from "../src/log-output.ts";
import { type Ended, folderWith, HELLO, serve, startCommand, textOf } from "./support/command.ts";

const ACCESS_LINE = /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/a HTTP\/1\.1" 200 \d+ \d+\.\d{6}$/;

function linesOf(...path: readonly string[]): string[] {
  return readFileSync(join(...path), "utf8")
    .split("\n")
    .slice(0, -1);
}

describe("access lines", () => {
  it("go to standard output, other lines to standard error", async () => {
    const command = await serve(["app.mjs"]);
    await textOf(`${command.url}/a`);
    const { stdout, stderr } = await command.stop();
    expect(stdout.trimEnd()).toMatch(ACCESS_LINE);
    expect(stderr).toMatch(/is served on/);
    expect(stderr).not.toContain("GET");
  });

  it("are there soon, without an end", async () => {
    const command = await serve(["app.mjs"]);
    await textOf(`${command.url}/a`);
    await command.printed(/"GET \/a HTTP\/1\.1" 200/);
  });

  it("go to a file, in a folder that is made for it, after what is there", async () => {
    const command = await serve(["app.mjs", "--access-log", "log/new/access.log"], { "app.mjs": HELLO });
    await textOf(`${command.url}/a`);
    expect((await command.stop()).stdout).toBe("");
    expect(linesOf(command.folder, "log/new/access.log")[0]).toMatch(ACCESS_LINE);
    const again = await serve(["app.mjs", "--access-log", "log/new/access.log"], {}, { cwd: command.folder });
    await textOf(again.url);
    await again.stop();
    expect(linesOf(command.folder, "log/new/access.log")).toHaveLength(2);
  });

  it("are not written with off", async () => {
    const command = await serve(["app.mjs", "--access-log", "off"]);
    await textOf(command.url);
    expect((await command.stop()).stdout).toBe("");
    expect(existsSync(join(command.folder, "off"))).toBe(false);
  });

  it("have the format of --log-format", async () => {
    const command = await serve(["app.mjs", "--log-format", "%(status_code)s <%(request_line)s>"]);
    await textOf(`${command.url}/x`);
    expect((await command.stop()).stdout).toBe("200 <GET /x HTTP/1.1>\n");
  });

  it("come from every worker", async () => {
    const command = await serve(["app.mjs", "-w", "2", "--access-log", "access.log"]);
    for (let i = 0; i < 20; i++) await textOf(`${command.url}/a`);
    await command.stop();
    expect(linesOf(command.folder, "access.log").filter((line) => ACCESS_LINE.test(line))).toHaveLength(20);
  });

  it.each<[string, string, string]>([
    ["SIGTERM", "", "SIGTERM"],
    ["the application, that leaves", "setTimeout(() => process.exit(3), 10);", ""],
    ["an error that nobody catches", 'setTimeout(() => { throw new Error("late"); }, 10);', ""],
  ])("are complete when %s ends it", async (_what, code, signal) => {
    const app = HELLO.replace("return", `if (environ.PATH_INFO === "/last") { ${code} }\n  return`);
    const command = await serve(["app.mjs", "--access-log", "access.log"], { "app.mjs": app });
    for (const path of ["1", "2", "last"]) await textOf(`${command.url}/${path}`);
    if (signal !== "") command.kill(signal as NodeJS.Signals);
    await command.ended;
    expect(linesOf(command.folder, "access.log").map((line) => /"GET (\S+)/.exec(line)?.[1])).toEqual([
      "/1",
      "/2",
      "/last",
    ]);
  });
});

describe("a hostile request", () => {
  const HEAD =
    'GET /a"b\\c?x=%0a%1b[31m&<script> HTTP/1.1\r\nHost: h"o\r\nReferer: \t"\\\xff\xfe\x80 \r\nUser-Agent: a\\"b\xe2\x80\xa8\xed\xa0\x80{"x":1}\r\nX-Forwarded-For: 1.2.3.4" 200 "\r\nConnection: close\r\n\r\n';

  async function logged(...args: readonly string[]): Promise<string> {
    const command = await serve(["app.mjs", ...args]);
    const client = await Client.connect(Number(new URL(command.url).port));
    client.send(HEAD.replace('h"o', "host"));
    await client.end();
    return (await command.stop()).stdout;
  }

  it("makes one line of text, its quotes and controls escaped", async () => {
    const text = await logged();
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain('"GET /a\\"b\\\\c?x=%0a%1b[31m&<script> HTTP/1.1"');
    expect(text).toMatch(/^1\.2\.3\.4\\"200\\",127\.0\.0\.1 - - /);
    expect(text).not.toMatch(/[^\x20-\x7e\n]/);
  });

  it("makes one object of JSON with what came", async () => {
    const text = await logged("--log-json");
    expect(text.split("\n")).toHaveLength(2);
    expect(JSON.parse(text)).toMatchObject({
      level: "info",
      type: "access",
      client: "127.0.0.1",
      forwardedFor: '1.2.3.4" 200 "',
      scheme: "http",
      method: "GET",
      request: 'GET /a"b\\c?x=%0a%1b[31m&<script> HTTP/1.1',
      host: "host",
      status: 200,
      bodyBytes: 5,
      completed: true,
      referer: '"\\\xff\xfe\x80',
      userAgent: 'a\\"b\xe2\x80\xa8\xed\xa0\x80{"x":1}',
    });
  });
});

describe("--log-json", () => {
  it.each<[string, readonly string[], readonly string[], string | undefined]>([
    ["all that was forwarded", ["192.0.2.1, 192.0.2.2", "192.0.2.3"], [], "192.0.2.1, 192.0.2.2, 192.0.2.3"],
    ["nothing where nothing was", [], [], undefined],
    ["nothing of an empty field", [""], [], undefined],
    ["nothing when it is turned off", ["192.0.2.1"], ["--no-log-x-forwarded-for"], undefined],
  ])("names %s", async (_what, fields, args, expected) => {
    const command = await serve(["app.mjs", "--log-json", ...args]);
    const client = await Client.connect(Number(new URL(command.url).port));
    const forwarded = fields.map((value) => `X-Forwarded-For: ${value}\r\n`).join("");
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${forwarded}Connection: close\r\n\r\n`);
    await client.end();
    const record = JSON.parse((await command.stop()).stdout) as Record<string, unknown>;
    expect(record).toMatchObject({ client: "127.0.0.1", status: 200 });
    expect(record["forwardedFor"]).toBe(expected);
  });

  it("makes every line of both streams an object", async () => {
    const app = HELLO.replace("return", `environ["wsgi.errors"].write('two "lines"\\nof text\\n');\n  return`);
    const command = await serve(["app.mjs", "--log-json", "--log-level", "debug"], { "app.mjs": app });
    await textOf(`${command.url}/a`);
    const { stdout, stderr } = await command.stop();
    const access = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(access).toMatchObject([{ type: "access", status: 200, pid: command.pid }]);
    const messages = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(
      messages.every(({ level, message, pid, time }) => level && message && pid === command.pid && Date.parse(time)),
    ).toBe(true);
    expect(messages.map(({ message }) => message).join("\n")).toMatch(/is served on[\s\S]*two "lines"/);
  });

  it("has an access line whatever the application throws, and whatever it does to its environ", async () => {
    const command = await serve(["app.mjs", "--log-json"], {
      "app.mjs": `
export default (environ) => {
  Object.defineProperty(environ, "REQUEST_METHOD", { get() { throw new Error("gone"); } });
  throw environ.PATH_INFO === "/bare" ? Object.create(null) : Object.defineProperty(new Error(), "message", { get() { throw 5; } });
};`,
    });
    for (const path of ["bare", "message"]) await textOf(`${command.url}/${path}`);
    const { stdout } = await command.stop();
    const unshown = { type: "access", method: "GET", status: 500, error: "something that cannot be shown" };
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([unshown, unshown]);
  });

  it("tells of a request that is refused", async () => {
    const command = await serve(["app.mjs", "--log-json"]);
    const client = await Client.connect(Number(new URL(command.url).port));
    client.send("GET / HTTP/9.9\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 505 /);
    const { stdout, stderr } = await command.stop();
    const records = `${stdout}${stderr}`
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.some((record) => record.status === 505 || /505/.test(record.message))).toBe(true);
  });
});

describe("messages", () => {
  /** What four messages, one of each level, become in the file of the error log. */
  function written(settings: Partial<LogSettings>): string[] {
    const errorLog = join(folderWith(), "error.log");
    const logs = new LogOutput({ accessLog: "off", errorLog, logJson: false, logLevel: "info", ...settings });
    for (const level of ["debug", "info", "warn", "error"] as const) logs.logger[level](`a ${level}`);
    logs.flush();
    return settings.errorLog === undefined ? linesOf(errorLog) : [];
  }

  it.each([
    ["debug", ["a debug", "a info", "a warn", "a error"]],
    ["info", ["a info", "a warn", "a error"]],
    ["warn", ["a warn", "a error"]],
    ["error", ["a error"]],
  ] as const)("of --log-level %s are %j", (logLevel, lines) => {
    expect(written({ logLevel })).toEqual(lines);
    expect(written({ logLevel, logJson: true }).map((line) => JSON.parse(line).message)).toEqual(lines);
  });

  /** The greeting goes elsewhere, and the socket's file is there before anybody listens: it is tried until it answers. */
  async function connectOnceHeard(path: string): Promise<Client> {
    for (;;) {
      try {
        return await Client.connect(path);
      } catch (error) {
        if (!["ENOENT", "ECONNREFUSED"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        await turn();
      }
    }
  }

  /** Runs the command until it has answered one request; nobody hears from it that it serves. */
  async function silent(...args: readonly string[]): Promise<Ended & { readonly folder: string }> {
    const folder = folderWith({ "app.mjs": HELLO });
    const command = startCommand(["-b", "unix:s", "--access-log", "off", ...args, "app.mjs"], { cwd: folder });
    const client = await connectOnceHeard(join(folder, "s"));
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 200 /);
    return { ...(await command.stop()), folder };
  }

  it("go to the file of --error-log, the greeting too", async () => {
    const { folder, ...ended } = await silent("--error-log", "e.log");
    expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(linesOf(folder, "e.log").join("\n")).toMatch(/is served on .*\n[\s\S]*SIGTERM: finishing/);
  });

  it("are not written with off", async () => {
    const { folder, ...ended } = await silent("--error-log", "off");
    expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(join(folder, "off"))).toBe(false);
  });
});

describe("SIGUSR1", () => {
  it.each([[[]], [["-w", "1"]]])("opens the files anew that logrotate renamed, with %j", async (more) => {
    const command = await serve(["app.mjs", "--access-log", "a.log", ...more]);
    const path = join(command.folder, "a.log");
    await textOf(`${command.url}/before`);
    renameSync(path, `${path}.1`);
    command.kill("SIGUSR1");
    await until(() => existsSync(path));
    await textOf(`${command.url}/after`);
    await command.stop();
    expect(linesOf(`${path}.1`).length + linesOf(path).length).toBe(2);
    expect(linesOf(path).at(-1)).toContain("GET /after");
  });

  it("goes on with the old file when the new one cannot be opened", async () => {
    const command = await serve(["app.mjs", "--access-log", "log/a.log"]);
    await textOf(`${command.url}/before`);
    renameSync(join(command.folder, "log"), join(command.folder, "old"));
    for (let i = 1; i <= 2; i++) {
      const { length } = command.output;
      command.kill("SIGUSR1");
      await command.printed(
        /--access-log log\/a\.log cannot be opened again: ENOENT.*; going on with the old one/,
        length,
      );
    }
    await textOf(`${command.url}/after`);
    expect((await command.stop()).code).toBe(0);
    expect(linesOf(command.folder, "old/a.log").map((line) => /"GET (\S+)/.exec(line)?.[1])).toEqual([
      "/before",
      "/after",
    ]);
  });

  it("does nothing to standard output", async () => {
    const command = await serve(["app.mjs"]);
    command.kill("SIGUSR1");
    await textOf(`${command.url}/a`);
    expect((await command.stop()).stdout.trimEnd()).toMatch(ACCESS_LINE);
  });
});
