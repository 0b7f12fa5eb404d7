// The config file: the forms it can have, where it is looked for, what is said when it is wrong, and that what only a file
// can hold reaches the server.

import { describe, expect, expectTypeOf, it } from "vitest";
import { defineConfig, type WsgiConfig } from "../src/index.ts";
import { SETTING_TABLE } from "../src/setting-table.ts";
import { type Files, folderWith, HELLO, runCommand, serve, textOf } from "./support/command.ts";

/** What is said of a setting by --print-config in a folder with these files. */
async function printed(name: string, files: Files, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runCommand(["--print-config", ...args], { cwd: folderWith(files) });
  return new RegExp(`^${name} +(.*)$`, "m").exec(stdout)?.[1]?.replace(/ +/, " ") ?? stderr;
}

/** What is said of a config file that is wrong. */
async function faultOf(files: Files, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["--check", "app.mjs", ...args], {
    cwd: folderWith({ "app.mjs": HELLO, ...files }),
  });
  expect([code, stdout]).toEqual([1, ""]);
  return stderr;
}

describe("a config file", () => {
  it.each<[string, string]>([
    ["wsgi.config.ts", "const workers: number = 3; export default { workers } satisfies object;"],
    ["wsgi.config.mts", "enum Count { Three = 3 }\nexport default { workers: Count.Three };"],
    ["wsgi.config.js", "export default { workers: 3 };"],
    ["wsgi.config.js", "module.exports = { workers: 3 };"],
    ["wsgi.config.mjs", "export const workers = await Promise.resolve(3);"],
    ["wsgi.config.cjs", "exports.workers = 3;"],
    ["wsgi.config.json", '{ "workers": 3 }'],
  ])("can be %s with %j", async (name, text) => {
    expect(await printed("workers", { [name]: text })).toBe(`3 ${name}`);
  });

  it.each(["module", "commonjs"])("can be TypeScript in a package of type %s", async (type) => {
    const files = {
      "package.json": JSON.stringify({ type }),
      "wsgi.config.ts": 'import { count } from "./count.ts";\nexport default { workers: count as number };',
      "count.ts": "export const count: number = 3;",
    };
    expect(await printed("workers", files)).toBe("3 wsgi.config.ts");
  });

  it("is the first one in the order of their endings", async () => {
    const files = { "wsgi.config.ts": "export default { workers: 1 };", "wsgi.config.json": '{ "workers": 2 }' };
    expect(await printed("workers", files)).toBe("1 wsgi.config.ts");
  });

  it("is not looked for in folders above", async () => {
    const files = { "wsgi.config.json": '{ "workers": 2 }', "sub/app.mjs": HELLO };
    expect(await printed("workers", files, "--chdir", "sub")).toBe("0 default");
  });

  it("is the one that --config names, in place of the usual one", async () => {
    const files = { "wsgi.config.json": '{ "workers": 2 }', "etc/prod.ts": "export default { workers: 4 };" };
    expect(await printed("workers", files, "-c", "etc/prod.ts")).toBe("4 etc/prod.ts");
    expect(await printed("config", files, "-c", "etc/prod.ts")).toBe("etc/prod.ts flag");
  });

  it("can hold the name of the application", async () => {
    const { url } = await serve([], { "wsgi.config.json": '{ "app": "app.mjs" }', "app.mjs": HELLO });
    expect(await textOf(url)).toBe("hello");
  });

  it("reads variables that --env-file set", async () => {
    const files = { ".env": "COUNT=6", "wsgi.config.mjs": "export default { workers: Number(process.env.COUNT) };" };
    expect(await printed("workers", files, "--env-file", ".env")).toBe("6 wsgi.config.mjs");
  });

  it("gives functions to the server, with workers too", async () => {
    const files = {
      "app.mjs": HELLO,
      "wsgi.config.mjs": `
        const say = (text) => process.stderr.write("mine: " + text + "\\n");
        export default {
          log: { info: say, debug: say },
          extensions: [{ name: "marker", onEnviron: (environ) => say("extension " + environ.PATH_INFO) }],
        };`,
    };
    for (const args of [[], ["-w", "1"]]) {
      const command = await serve(["app.mjs", ...args], files);
      await textOf(`${command.url}/here`);
      await command.printed(/^mine: extension \/here$/m);
    }
  });
});

describe("a config file that is wrong", () => {
  it("is missing", async () => {
    expect(await faultOf({}, "--config", "no.json")).toMatch(
      /^wsgi: cannot read the config file \/.*\/no\.json: ENOENT[^\n]*\n$/,
    );
  });

  it("has an ending that nothing reads", async () => {
    expect(await faultOf({ "wsgi.toml": "" }, "--config", "wsgi.toml")).toMatch(
      /^wsgi: cannot read the config file \/.*\/wsgi\.toml: [^\n]*toml[^\n]*\n$/,
    );
  });

  it.each<[string, string, RegExp]>([
    ["wsgi.config.json", '{ "workers": }', /^wsgi: cannot read the config file wsgi\.config\.json: .*JSON/],
    [
      "wsgi.config.mjs",
      "export default {\n  workers: :\n};",
      /^wsgi: cannot read the config file wsgi\.config\.mjs: .*\/wsgi\.config\.mjs:2: SyntaxError: Unexpected token/,
    ],
    [
      "wsgi.config.ts",
      "export default {\n  workers: :\n};",
      /^wsgi: cannot read the config file wsgi\.config\.ts: .*wsgi\.config\.ts:2:11/,
    ],
    [
      "wsgi.config.mjs",
      'throw new TypeError("no luck");',
      /^wsgi: cannot read the config file wsgi\.config\.mjs: TypeError: no luck\n {2}at .*\/wsgi\.config\.mjs:1:7\n$/,
    ],
    [
      "wsgi.config.mjs",
      'import "./gone.mjs";',
      /^wsgi: cannot read the config file wsgi\.config\.mjs: Cannot find module .*gone\.mjs/,
    ],
  ])("is broken: %s with %j", async (name, text, message) => {
    const fault = await faultOf({ [name]: text });
    expect(fault).toMatch(message);
    expect(fault).not.toContain("node:internal");
  });

  it.each([
    ["export default 5;", "a number"],
    ["export default [];", "a list"],
    ["export default () => ({});", "a function"],
    ["export default null;", "null"],
    ['export default "text";', "a string"],
  ])("exports nonsense: %s", async (text, got) => {
    expect(await faultOf({ "wsgi.config.mjs": text })).toBe(
      `wsgi: wsgi.config.mjs: expected it to export an object of settings, got ${got}\n`,
    );
  });

  it.each([
    ['{ "wrokers": 2 }', 'there is no setting "wrokers"; did you mean workers?'],
    ['{ "graceful-timeout": 2 }', 'there is no setting "graceful-timeout"; did you mean gracefulTimeout?'],
    ['{ "somethingElseEntirely": 2 }', 'there is no setting "somethingElseEntirely"'],
    ['{ "workers": "four" }', 'workers: expected "auto" or a whole number, 0 or more, got "four"'],
    ['{ "workers": null }', 'workers: expected "auto" or a whole number, 0 or more, got null'],
    ['{ "reload": "yes" }', 'reload: expected true or false, got "yes"'],
    [
      '{ "gracefulTimeout": -1 }',
      "gracefulTimeout: expected a number of seconds, 0 or more, such as 30, 1.5, 500ms, 2m or 1h, got -1",
    ],
    [
      '{ "bind": [":1", 2] }',
      'bind: expected an address such as :8000, 127.0.0.1:8000 or unix:/run/app.sock, got [":1",2]',
    ],
    ['{ "maxSize": 0 }', "maxSize: expected a whole number above 0, or Infinity, got 0"],
    ['{ "logLevel": "loud" }', 'logLevel: expected one of debug, info, warn, error, got "loud"'],
    ['{ "app": 5 }', "app: expected text, got 5"],
    ['{ "keyPassword": 12345 }', "keyPassword: expected text, got a number"],
    ['{ "log": 5 }', "log: expected a logger with info and debug, or an object with write, got 5"],
    ['{ "extensions": [{}] }', "extensions: expected a list of extensions, each an object with a name, got [{}]"],
    [
      '{ "certificates": 5 }',
      "certificates: expected a list of { certfile, keyfile, password, cert, key, serverNames }, got 5",
    ],
    ['{ "check": true }', "check: expected on the command line only"],
  ])("says so: %s", async (json, message) => {
    expect(await faultOf({ "wsgi.config.json": json })).toBe(`wsgi: wsgi.config.json: ${message}\n`);
  });

  it("holds a function where a value belongs", async () => {
    expect(await faultOf({ "wsgi.config.mjs": "export default { workers: () => 2 };" })).toBe(
      'wsgi: wsgi.config.mjs: workers: expected "auto" or a whole number, 0 or more, got a function\n',
    );
  });
});

describe("defineConfig", () => {
  it("returns what it is given", () => {
    const config = { workers: 2 };
    expect(defineConfig(config)).toBe(config);
  });

  it("has the types of every setting", () => {
    expectTypeOf<WsgiConfig["workers"]>().toEqualTypeOf<number | "auto" | undefined>();
    expectTypeOf<WsgiConfig["bind"]>().toEqualTypeOf<string | readonly string[] | undefined>();
    expectTypeOf<WsgiConfig["logLevel"]>().toEqualTypeOf<"debug" | "info" | "warn" | "error" | undefined>();
    expectTypeOf<WsgiConfig["reload"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<WsgiConfig["gracefulTimeout"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<WsgiConfig["tlsMinVersion"]>().toEqualTypeOf<
      "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3" | undefined
    >();
    expectTypeOf(defineConfig).parameter(0).toEqualTypeOf<WsgiConfig>();
    // @ts-expect-error a setting that is not there
    defineConfig({ wrokers: 2 });
    // @ts-expect-error the wrong type
    defineConfig({ workers: "four" });
    // @ts-expect-error of the command line only
    defineConfig({ check: true });
  });

  it("has every setting of the table that a file can hold, and no other", () => {
    expectTypeOf<Word<typeof COMMAND_KEYS | typeof OPTION_KEYS>>().toEqualTypeOf<keyof WsgiConfig>();
    const names = SETTING_TABLE.map(({ name }) => name).filter((name) => !ON_COMMAND_LINE_ONLY.includes(name));
    expect([...names, ...NOT_IN_TABLE].sort()).toEqual(`${COMMAND_KEYS} ${OPTION_KEYS}`.split(" ").sort());
  });
});

const ON_COMMAND_LINE_ONLY = ["config", "check", "printConfig", "completion"];
const NOT_IN_TABLE = [
  "app",
  "log",
  "customPool",
  "extensions",
  "certificates",
  "sniCallback",
  "secureContext",
  "ticketKeys",
  "alpnProtocols",
];
const COMMAND_KEYS =
  "app factory interface mount chdir envFile reload environ bind port backlog socketMode admin workers maxRequests maxRequestsJitter maxMemory maxAge workerTimeout bootTimeout user group umask pid python pythonWorkers threads pythonTimeout pythonMaxRequests pythonMaxRequestsJitter pythonMaxMemory gracefulTimeout drainDelay idleGrace accessLog errorLog logJson logLevel logXForwardedFor logFormat selfSigned";
const OPTION_KEYS =
  "certfile keyfile keyPassword certReqs caCerts crlfile ciphers tlsMinVersion tlsMaxVersion handshakeTimeout tlsSessionTimeout clientCertificateEnviron watchCertificates maxSize maxHttpVersion minimumChunkSize keepalive urlLengthLimit debug socketTimeout capitalizeResponseHeaders headTimeout maxFieldBytes maxHeadBytes maxFieldCount maxBodyBytes maxChunkExtensionBytes maxDiscardBytes minimumDataRate dataRateGrace lingerTimeout log customPool extensions certificates sniCallback secureContext ticketKeys alpnProtocols";

type Word<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Word<Rest> : Text;
