// The command line: what help and version say, and what a user is told who got a flag or a value wrong.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CommandLine, Printed, parseCommandLine } from "../src/command-line.ts";
import { CommandError, EXIT } from "../src/errors.ts";
import { nearest } from "../src/nearest.ts";
import * as kinds from "../src/setting-kinds.ts";
import { flagOf, GROUPS, SETTING_TABLE } from "../src/setting-table.ts";
import { folderWith, HELLO, runCommand } from "./support/command.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));

function parse(...args: string[]): CommandLine {
  return parseCommandLine(args, version) as CommandLine;
}

function settingOf(name: string, ...args: string[]): unknown {
  return parse(...args).values.get(name);
}

function faultOf(...args: string[]): string {
  try {
    parse(...args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    expect(error.exitCode).toBe(EXIT.USAGE);
    return error.message.split("\n")[0] as string;
  }
  throw new Error(`${args.join(" ")} was accepted`);
}

describe("help", () => {
  const help = (parseCommandLine(["--help"], version) as Printed).text;
  const lines = help.split("\n");

  it("has no line of more than 80 columns", () => {
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeGreaterThan(SETTING_TABLE.length);
  });

  it("shows the flag of every setting once, below the heading of its group", () => {
    const shown = new Map<string, string>();
    let heading = "";
    for (const line of lines) {
      heading = /^([A-Z][\w ]+):$/.exec(line)?.[1] ?? heading;
      const [, flag] = /^ {2}(?:-\w, )?--(?:no-)?([a-z-]+)/.exec(line) ?? [];
      if (flag !== undefined) shown.set(flag, heading);
    }
    for (const setting of SETTING_TABLE) expect(shown.get(flagOf(setting).slice(2)), setting.name).toBe(setting.group);
    expect(shown.size).toBe(SETTING_TABLE.length + 2); // --help and --version
  });

  it("has its groups in the order of the table", () => {
    const headings = lines.map((line) => /^([A-Z][\w ]+):$/.exec(line)?.[1]);
    expect(headings.filter((heading) => GROUPS.some((group) => group === heading))).toEqual([...GROUPS]);
  });

  it("shows how to turn off what is on by default, without marks of another format", () => {
    expect(help).toContain("--no-log-x-forwarded-for");
    expect(help).not.toMatch(/--no-factory|`/);
  });

  it.each(["-h", "--help"])("is printed by %s, whatever else is there", async (flag) => {
    const printed = await runCommand(["app.js", flag], { env: { WSGI_WORKERS: "nonsense" } });
    expect(printed).toEqual({ code: 0, stdout: help, stderr: "" });
  });
});

describe("the version", () => {
  it.each(["-V", "--version"])("is printed by %s", (flag) => {
    expect(parseCommandLine([flag], "1.2.3")).toEqual(new Printed("1.2.3\n"));
  });

  it("is the one of the package", async () => {
    expect(await runCommand(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("flags", () => {
  it("are read in every form, before and after APP", () => {
    expect(parse("-w", "2", "app.js", "--port=80", "-bunix:/a", "--bind", ":1", "--factory")).toEqual({
      app: "app.js",
      values: new Map<string, unknown>([
        ["workers", 2],
        ["port", 80],
        ["bind", ["unix:/a", ":1"]],
        ["factory", true],
      ]),
    });
  });

  it("leave out APP", () => {
    expect(parse("--reload").app).toBeUndefined();
  });

  it("take the last one when they are no list", () => {
    expect(settingOf("workers", "-w", "2", "-w", "auto")).toBe("auto");
  });

  it.each(SETTING_TABLE.filter(({ kind }) => kind === kinds.SWITCH))("turn $name on and off", (setting) => {
    const flag = flagOf(setting);
    expect(settingOf(setting.name, flag)).toBe(true);
    expect(settingOf(setting.name, flag.replace("--", "--no-"))).toBe(false);
    expect(settingOf(setting.name)).toBeUndefined();
  });

  it("turn keepalive off, though it takes seconds too; the last one counts", () => {
    expect(settingOf("keepalive", "--no-keepalive")).toBe(false);
    expect(settingOf("keepalive", "--no-keepalive", "--keepalive", "5")).toBe(5);
    expect(settingOf("keepalive", "--keepalive", "5", "--no-keepalive")).toBe(false);
    expect(settingOf("keepalive")).toBeUndefined();
  });

  it.each([
    ["--graceful-timeout", "30", 30],
    ["--graceful-timeout", "1.5", 1.5],
    ["--graceful-timeout", "500ms", 0.5],
    ["--graceful-timeout", "10s", 10],
    ["--graceful-timeout", "2m", 120],
    ["--graceful-timeout", "1h", 3600],
    ["--graceful-timeout", "Infinity", Number.POSITIVE_INFINITY],
    ["--max-memory", "65536", 65536],
    ["--max-memory", "64K", 65536],
    ["--max-memory", "512m", 512 * 1024 ** 2],
    ["--max-memory", "2G", 2 * 1024 ** 3],
    ["--max-memory", "1.5KiB", 1536],
    ["--max-body-bytes", "10M", 10 * 1024 ** 2],
    ["--max-body-bytes", "Infinity", Number.POSITIVE_INFINITY],
    ["--head-timeout", "500ms", 0.5],
    ["--socket-timeout", "2m", 120],
    ["--keepalive", "2m", 120],
    ["--keepalive", "1", 1],
    ["--keepalive", "false", false],
    ["--keepalive", "on", true],
    ["--max-size", "Infinity", Number.POSITIVE_INFINITY],
    ["--max-http-version", "HTTP/1.0", "HTTP/1.0"],
    ["--log-format", "100", "100"],
    ["--umask", "027", 0o27],
    ["--socket-mode", "0o660", 0o660],
    ["--workers", "auto", "auto"],
    ["--backlog", "0", 0],
  ])("read %s %s", (flag, text, value) => {
    const { name } = SETTING_TABLE.find((setting) => flagOf(setting) === flag) as { name: string };
    expect(settingOf(name, flag, text)).toBe(value);
  });
});

describe("a fault", () => {
  it.each([
    ["--wrokers", "unknown option '--wrokers'; did you mean --workers?"],
    ["--graceful_timeout=3", "unknown option '--graceful_timeout'; did you mean --graceful-timeout?"],
    ["--no-factroy", "unknown option '--no-factroy'; did you mean --no-factory?"],
    ["--no-workers", "unknown option '--no-workers'; did you mean --workers?"],
    ["--hlep", "unknown option '--hlep'; did you mean --help?"],
    ["--something-else-entirely", "unknown option '--something-else-entirely'"],
    ["-z", "unknown option '-z'"],
    ["--factory=yes", "option '--factory' takes no value"],
  ])("in %s is told with the nearest flag", (flag, message) => {
    expect(faultOf(flag, "app.js")).toBe(message);
  });

  it.each([
    ["--workers", "two", kinds.WORKERS.expected],
    ["--workers", "-1", kinds.WORKERS.expected],
    ["--workers", "1.5", kinds.WORKERS.expected],
    ["--port", "65536", kinds.PORT.expected],
    ["--port", "http", kinds.PORT.expected],
    ["--backlog", "", kinds.COUNT.expected],
    ["--drain-delay", "soon", kinds.SECONDS.expected],
    ["--drain-delay", "-3", kinds.SECONDS.expected],
    ["--drain-delay", "1.2.3", kinds.SECONDS.expected],
    ["--drain-delay", "3 s", kinds.SECONDS.expected],
    ["--max-memory", "2X", kinds.BYTES.expected],
    ["--max-memory", "-1", kinds.BYTES.expected],
    ["--umask", "8", kinds.MODE.expected],
    ["--socket-mode", "1777", kinds.MODE.expected],
    ["--log-level", "loud", "one of debug, info, warn, error"],
    ["--completion", "tcsh", "one of bash, zsh, fish"],
    ["--cert-reqs", "maybe", "one of none, optional, required"],
    ["--bind", "", kinds.ADDRESS.expected],
    ["--config", "", "the name of a file"],
    ["--chdir", "", "the name of a folder"],
    ["--user", "", "text"],
    ["--max-size", "0", "a whole number above 0, or Infinity"],
    ["--max-body-bytes", "1.5", "a whole number of bytes above 0, or Infinity"],
    ["--head-timeout", "x", "a number of seconds, 0 or more"],
    ["--keepalive", "maybe", "true, false, or a number of seconds"],
    ["--max-http-version", "HTTP/2", '"HTTP/1.0" or "HTTP/1.1"'],
  ])("in %s %j says what was expected and what came", (flag, text, expected) => {
    const message = faultOf(flag, text, "app.js");
    expect(message).toContain(flag);
    expect(message).toContain(`'${text}'`);
    expect(message).toContain(`Expected ${expected}.`);
  });

  it("in a log format says which fields there are", () => {
    expect(faultOf("--log-format", "%(nonsense)s", "app.js")).toMatch(
      /Expected a %-template \(.*%\(nonsense\)s is none of/,
    );
  });

  it("is a flag without its value, and a second APP", () => {
    expect(faultOf("app.js", "--port")).toBe("option '-p, --port <port>' argument missing");
    expect(faultOf("app.js", "other.js")).toBe("too many arguments. Expected 1 argument but got 2.");
  });

  it("ends the command with code 2 and a line that leads on", async () => {
    const { code, stdout, stderr } = await runCommand(["--wrokers", "2", "app.js"]);
    expect(stderr).toBe("wsgi: unknown option '--wrokers'; did you mean --workers?\nSee wsgi --help.\n");
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("is a command line without APP", async () => {
    const { code, stderr } = await runCommand([]);
    expect(stderr).toMatch(/^wsgi: expected APP, .*application\nSee wsgi --help\.\n$/);
    expect(code).toBe(2);
    const beside = await runCommand([], { cwd: folderWith({ "app.ts": HELLO }) });
    expect(beside.stderr).toMatch(/^wsgi: expected APP, .*; did you mean app\.ts\?\nSee wsgi --help\.\n$/);
  });

  it("shows its stack with --debug only", async () => {
    const { code, stderr } = await runCommand(["--debug", "--wrokers", "2"]);
    expect(stderr).toContain("parseCommandLine");
    expect(code).toBe(2);
  });
});

describe("the nearest name", () => {
  it.each([
    ["aplication", ["app", "application"], "application"],
    ["App", ["app", "other"], "app"],
    ["x", ["application"], undefined],
    ["app", [], undefined],
    ["crete", ["create", "delete"], "create"],
  ])("to %s of %j is %s", (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
