// Settings: which of flag, environment variable, config file and default wins, how each kind of value is read from each of
// them, and what --print-config says of it.

import { describe, expect, it, onTestFinished } from "vitest";
import { parseCommandLine } from "../src/command-line.ts";
import { CommandError } from "../src/errors.ts";
import { printedConfig } from "../src/printed-config.ts";
import { flagOf, SETTING_TABLE, type Setting, variableOf } from "../src/setting-table.ts";
import { resolveSettings, type Settings } from "../src/settings.ts";
import {
  answering,
  type CommandOptions,
  type Files,
  folderWith,
  HELLO,
  runCommand,
  serve,
  textOf,
} from "./support/command.ts";

/** Settings as a process finds them that is started in a folder with these files. */
async function settingsOf(args: readonly string[], env: NodeJS.ProcessEnv = {}, files: Files = {}): Promise<Settings> {
  const before = process.cwd();
  onTestFinished(() => process.chdir(before));
  process.chdir(folderWith(files));
  const commandLine = parseCommandLine(args, "");
  return await resolveSettings(commandLine as Exclude<typeof commandLine, { text: string }>, env);
}

async function faultOf(args: readonly string[], env: NodeJS.ProcessEnv = {}, files: Files = {}): Promise<string> {
  const error = await settingsOf(args, env, files).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandError);
  return (error as CommandError).message;
}

/** Lines of --print-config by name: value and source. */
async function printed(args: readonly string[], options: CommandOptions = {}): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await runCommand([...args, "--print-config"], options);
  expect([code, stderr]).toEqual([0, ""]);
  return linesOf(stdout);
}

function linesOf(text: string): Map<string, string[]> {
  const rows = text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/) as [string, ...string[]]);
  return new Map(rows.map(([name, ...rest]) => [name, rest]));
}

const config = (values: object): Files => ({ "wsgi.config.json": JSON.stringify(values) });

describe("what wins", () => {
  // One setting of each kind: name, then text of a flag, text of a variable, value in a file, and the three values.
  it.each([
    ["workers", "1", "auto", 3, 1, "auto", 3],
    ["gracefulTimeout", "1m", "500ms", 2.5, 60, 0.5, 2.5],
    ["maxMemory", "1K", "2M", 300, 1024, 2 * 1024 ** 2, 300],
    ["port", "1", "2", 3, 1, 2, 3],
    ["umask", "022", "0o27", 63, 0o22, 0o27, 0o77],
    ["logLevel", "debug", "warn", "error", "debug", "warn", "error"],
    ["accessLog", "a.log", "b.log", "off", "a.log", "b.log", "off"],
    ["user", "nobody", "daemon", "www-data", "nobody", "daemon", "www-data"],
    ["bind", ":1", ":2, :3", [":4", ":5"], [":1"], [":2", ":3"], [":4", ":5"]],
    ["bind", ":1", ":2", ":4", [":1"], [":2"], [":4"]],
    ["keepalive", "false", "2m", 7, false, 120, 7],
    ["maxBodyBytes", "1K", "Infinity", 9, 1024, Number.POSITIVE_INFINITY, 9],
    ["maxHttpVersion", "HTTP/1.1", "HTTP/1.0", "HTTP/1.0", "HTTP/1.1", "HTTP/1.0", "HTTP/1.0"],
  ])("for %s is the flag, the variable, the file, the default", async (name, flag, variable, inFile, ...expected) => {
    const setting = SETTING_TABLE.find((one) => one.name === name) as Setting;
    const files = config({ [name]: inFile });
    const env = { [variableOf(setting)]: variable };
    const found = [
      (await settingsOf([flagOf(setting), flag], env, files)).origins.get(name),
      (await settingsOf([], env, files)).origins.get(name),
      (await settingsOf([], {}, files)).origins.get(name),
      (await settingsOf([])).origins.get(name),
    ];
    expect(found).toEqual([
      { value: expected[0], source: "flag" },
      { value: expected[1], source: `environment ${variableOf(setting)}` },
      { value: expected[2], source: "wsgi.config.json" },
      { value: setting.default, source: "default" },
    ]);
  });

  it("for a switch is --no-… over the variable over the file", async () => {
    const env = { WSGI_LOG_JSON: "yes" };
    const files = config({ logJson: true });
    expect((await settingsOf(["--no-log-json"], env, files)).logJson).toBe(false);
    expect((await settingsOf([], { WSGI_LOG_JSON: "off" }, files)).logJson).toBe(false);
    expect((await settingsOf([], env)).logJson).toBe(true);
  });

  it("for APP is the argument over the file", async () => {
    const files = config({ app: "file.js" });
    expect((await settingsOf(["given.js"], {}, files)).app).toBe("given.js");
    expect((await settingsOf([], {}, files)).app).toBe("file.js");
    expect((await settingsOf([])).app).toBeUndefined();
  });

  it("is PORT and WEB_CONCURRENCY after our own names", async () => {
    const env = { PORT: "81", WEB_CONCURRENCY: "4" };
    expect(await settingsOf([], env)).toMatchObject({ port: 81, workers: 4 });
    expect(await settingsOf([], { ...env, WSGI_PORT: "82", WSGI_WORKERS: "auto" })).toMatchObject({
      port: 82,
      workers: "auto",
    });
    expect(await settingsOf(["-p", "83", "-w", "1"], env)).toMatchObject({ port: 83, workers: 1 });
  });

  it("is never an empty variable", async () => {
    expect(await settingsOf([], { WSGI_WORKERS: "", PORT: "" })).toMatchObject({ port: undefined, workers: 0 });
  });

  it("is the environment's value of every setting that is in the table", async () => {
    for (const setting of SETTING_TABLE.filter(({ kind }) => kind.placeholder === undefined)) {
      const { origins } = await settingsOf(["--self-signed"], { [variableOf(setting)]: "1" });
      expect(origins.get(setting.name)?.value, setting.name).toBe(true);
    }
  });
});

describe("a bad value in the environment", () => {
  it.each([
    ["WSGI_WORKERS", "many", 'WSGI_WORKERS: expected "auto" or a whole number, 0 or more, got "many"'],
    ["WEB_CONCURRENCY", "2.5", 'WEB_CONCURRENCY: expected "auto" or a whole number, 0 or more, got "2.5"'],
    ["PORT", "http", 'PORT: expected a port, 0 to 65535, got "http"'],
    ["WSGI_LOG_JSON", "maybe", 'WSGI_LOG_JSON: expected true or false, got "maybe"'],
    ["WSGI_LOG_JSON", "constructor", 'WSGI_LOG_JSON: expected true or false, got "constructor"'],
    ["WSGI_UMASK", "9", 'WSGI_UMASK: expected permissions in octal, such as 022 or 0o660, got "9"'],
    [
      "WSGI_BIND",
      ":1,,:2",
      'WSGI_BIND: expected an address such as :8000, 127.0.0.1:8000 or unix:/run/app.sock, got ":1,,:2"',
    ],
  ])("%s=%s names the variable, what was expected and what came", async (name, text, message) => {
    expect(await faultOf([], { [name]: text })).toBe(message);
  });

  it("says which fields a log format can have", async () => {
    expect(await faultOf([], { WSGI_LOG_FORMAT: "%(x)s" })).toMatch(
      /^WSGI_LOG_FORMAT: expected a %-template \(.*%\(x\)s is none of/,
    );
  });
});

describe("environ", () => {
  it("is KEY=VALUE of flags over what the file has", async () => {
    const files = config({ environ: { A: 1, B: "file" } });
    expect((await settingsOf(["--environ", "B=flag", "--environ", "C=a=b"], {}, files)).server.environ).toEqual({
      A: 1,
      B: "flag",
      C: "a=b",
    });
    expect((await settingsOf([], {}, config({ environ: ["A=1"] }))).server.environ).toEqual({ A: "1" });
  });

  it("is refused without a key", async () => {
    expect(await faultOf(["--environ", "=x"])).toBe('--environ: expected KEY=VALUE, got "=x"');
    expect(await faultOf([], {}, config({ environ: "A" }))).toBe('--environ: expected KEY=VALUE, got "A"');
  });

  it("reaches the application", async () => {
    const { url } = await serve(["app.mjs", "--environ", "greeting=hi"], { "app.mjs": answering("environ.greeting") });
    expect(await textOf(url)).toBe("hi");
  });
});

describe("--print-config", () => {
  it("shows every setting with its value and source", async () => {
    const rows = await printed(["app.js", "-b", ":1", "-b", "unix:/a", "--umask", "27"], {
      cwd: folderWith(config({ maxRequests: 5, environ: { A: "1" } })),
      env: { WSGI_GRACEFUL_TIMEOUT: "2m", PORT: "80" },
    });
    expect([...rows.keys()]).toEqual(["app", ...SETTING_TABLE.map(({ name }) => name)]);
    expect(rows.get("app")).toEqual(["app.js", "argument"]);
    expect(rows.get("bind")).toEqual([":1, unix:/a", "flag"]);
    expect(rows.get("umask")).toEqual(["0o027", "flag"]);
    expect(rows.get("maxRequests")).toEqual(["5", "wsgi.config.json"]);
    expect(rows.get("environ")).toEqual(["A=1", "wsgi.config.json"]);
    expect(rows.get("gracefulTimeout")).toEqual(["120", "environment WSGI_GRACEFUL_TIMEOUT"]);
    expect(rows.get("port")).toEqual(["80", "environment PORT"]);
    expect(rows.get("backlog")).toEqual(["511", "default"]);
    expect(rows.get("printConfig")).toEqual(["true", "flag"]);
    expect(rows.get("admin")).toEqual(["none", "default"]);
  });

  it("says where each part of environ came from, and what only a file can hold", async () => {
    const settings = await settingsOf(
      ["--environ", "B=2"],
      {},
      {
        "wsgi.config.mjs": "export default { environ: { A: 1 }, extensions: [{ name: 'mine' }] };",
      },
    );
    const rows = linesOf(printedConfig(settings));
    expect(rows.get("environ")).toEqual(["A=1, B=2", "wsgi.config.mjs, flag"]);
    expect(rows.get("extensions")).toEqual(["(object)", "wsgi.config.mjs"]);
  });

  it("hides the password of keys", async () => {
    const { stdout } = await runCommand(["--print-config", "--certfile", "a", "--key-password", "hunter2"]);
    expect(stdout).toMatch(/keyPassword +\(secret\) +flag/);
    expect(stdout).not.toContain("hunter2");
  });

  it("needs no APP and starts nothing", async () => {
    expect((await printed(["--pid", "no/such/folder"])).get("app")).toEqual(["none", "default"]);
  });
});

describe("--env-file", () => {
  const files = {
    "one.env": "WSGI_MAX_AGE=1\nSHARED=\"from one\"\nGIVEN=one\n# a comment\nexport QUOTED='a b'\n",
    "two.env": "WSGI_MAX_REQUESTS=2\nSHARED=two\n",
    "app.mjs": answering("[process.env.GIVEN, process.env.SHARED, process.env.QUOTED]"),
  };
  const args = ["--env-file", "one.env", "--env-file", "two.env"];

  it("sets what the environment lacks, the first file first", async () => {
    const env: NodeJS.ProcessEnv = { GIVEN: "environment" };
    expect(await settingsOf(args, env, files)).toMatchObject({ maxAge: 1, maxRequests: 2 });
    expect(env).toMatchObject({ GIVEN: "environment", SHARED: "from one", QUOTED: "a b" });
  });

  it.each([[[]], [["-w", "1"]]])("reaches the application, with %j", async (more) => {
    const { url } = await serve(["app.mjs", ...more, ...args], files, { env: { GIVEN: "environment" } });
    expect(await textOf(url)).toBe("environment,from one,a b");
  });

  it("can be named in the environment and in the config file", async () => {
    expect(await settingsOf([], { WSGI_ENV_FILE: "one.env, two.env" }, files)).toMatchObject({
      maxAge: 1,
      maxRequests: 2,
    });
    const env: NodeJS.ProcessEnv = {};
    await settingsOf([], env, { ...files, ...config({ envFile: "two.env" }) });
    expect(env["SHARED"]).toBe("two");
  });

  it("that is missing is named", async () => {
    expect(await faultOf(["--env-file", "no.env"])).toMatch(/^--env-file: cannot read \/.*\/no\.env: ENOENT/);
  });

  it("cannot hold what is read before it", async () => {
    expect(await faultOf(["--env-file", "a.env"], {}, { "a.env": "WSGI_CHDIR=/" })).toBe(
      "a.env: WSGI_CHDIR: expected in the environment, it is read before",
    );
  });
});

describe("--chdir", () => {
  const files = {
    ...config({ workers: 1 }),
    "sub/wsgi.config.json": '{ "workers": 7 }',
    "sub/a.env": "WSGI_MAX_AGE=3",
    "sub/app.mjs": HELLO,
  };

  it("is changed to before files are looked for", async () => {
    expect(await settingsOf(["--chdir", "sub", "--env-file", "a.env"], {}, files)).toMatchObject({
      workers: 7,
      maxAge: 3,
    });
    expect(await settingsOf([], { WSGI_CHDIR: "sub" }, files)).toMatchObject({ workers: 7 });
  });

  it("in a config file is changed to after it was read", async () => {
    const { workers } = await settingsOf([], {}, { ...files, ...config({ chdir: "sub", workers: 2 }) });
    expect([workers, process.cwd().endsWith("/sub")]).toEqual([2, true]);
  });

  it("is where APP is looked for, by workers too", async () => {
    const { url } = await serve(["-C", "sub", "-w", "1", "app.mjs"], files);
    expect(await textOf(url)).toBe("hello");
  });

  it("to no folder is an error", async () => {
    expect(await faultOf(["--chdir", "nowhere"])).toMatch(/^--chdir: cannot change to \/.*\/nowhere: ENOENT/);
  });
});
