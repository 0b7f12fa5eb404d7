// The README says what is: settings, signals, libraries, answers and deployment files exist, and none is left out.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withOptionsTable } from "../../../scripts/options-table.ts";
import { settingsTables } from "../../../scripts/settings-table.ts";
import { below, firstColumn, read, root } from "../../core/test/support/pages.ts";
import { flagOf, SETTING_TABLE } from "../src/setting-table.ts";
import { folderWith, HELLO, runCommand, serve, startCommand, textOf } from "./support/command.ts";

const page = "packages/cli/README.md";
const deploy = join(root, "examples/deploy");

test("the tables of settings are those that `pnpm run docs` makes", () => {
  expect(read(page)).toBe(withOptionsTable(read(page), settingsTables()));
});

test("every flag that is named exists", () => {
  const flags = SETTING_TABLE.flatMap((setting) => [flagOf(setting), flagOf(setting).replace("--", "--no-")]);
  const known = [...flags, "--help", "--version"];
  const foreign = ["--init", "--noEmit", "--omit", "--from"]; // of docker, tsc and npm
  for (const [flag] of read(page).matchAll(/(?<![\w-])--[a-zA-Z][\w-]+/g)) {
    if (!foreign.includes(flag)) expect(known).toContain(flag);
  }
});

test("every signal that is handled is in the table", () => {
  const source = read("packages/cli/src/signals.ts");
  const handled = [...source.matchAll(/^ {4}SIG(\w+):/gm)].map(([, name]) => name);
  expect(handled.length).toBeGreaterThan(7);
  expect(firstColumn(below(page, "### Signals")).sort()).toEqual(handled.sort());
});

test("every path of the admin server is in the table, and answers", async () => {
  const { stderr } = await serve(["-b", "127.0.0.1:0", "--admin", "127.0.0.1:0", "app.mjs"]);
  const [, admin] = [...stderr.matchAll(/wsgi starting up on (\S+)/g)].map(([, url]) => url);
  const paths = [...below(page, "### Admin").matchAll(/^\| `(\/\w+)` \|/gm)].map(([, path]) => path);
  expect(await textOf(`${admin}/`)).toBe("there is /live, /ready and /status\n");
  expect(paths).toEqual(["/live", "/ready", "/status"]);
  for (const path of paths) expect((await fetch(`${admin}${path}`)).status).toBe(200);
});

test("every library that is installed has its reason", () => {
  const { dependencies } = JSON.parse(read("packages/cli/package.json")) as { dependencies: Record<string, string> };
  const named = [...below(page, "## Libraries").matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual(
    Object.keys(dependencies)
      .filter((name) => !name.startsWith("@wsgi/"))
      .sort(),
  );
});

test("an access line in JSON has the keys that are named", async () => {
  const running = startCommand(["-b", "127.0.0.1:0", "--log-json", "app.mjs"], {
    cwd: folderWith({ "app.mjs": HELLO }),
  });
  const [, url = ""] = await running.printed(/starting up on (\S+?)"/);
  await fetch(url, { headers: { referer: "http://a/", "x-forwarded-for": "192.0.2.1" } });
  const [line] = await running.printed(/^.*"type":"access".*$/m);
  const named = [...below(page, "## Logs").matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
  const keys = Object.keys(JSON.parse(line) as object);
  const [first, last] = [named.indexOf("client"), named.indexOf("userAgent")];
  for (const key of named.slice(first, last + 1)) if (key !== "disconnectPhase") expect(keys).toContain(key);
});

describe("deployment files", () => {
  test.each(readdirSync(deploy))("%s is quoted as it is", (name) => {
    const text = readFileSync(join(deploy, name), "utf8");
    expect(read(page)).toContain(`\n# ${name}\n${text}\`\`\`\n`);
  });

  const words = (text: string): string[] => text.trim().split(/\s+/);
  const file = (name: string): string => readFileSync(join(deploy, name), "utf8");
  const commandLines: [name: string, args: string[]][] = [
    ["wsgi.service", words(/^ExecStart=\S+ (.+)$/m.exec(file("wsgi.service"))?.[1] ?? "")],
    ["Dockerfile", JSON.parse(/^CMD (.+)$/m.exec(file("Dockerfile"))?.[1] ?? "") as string[]],
    [
      "deployment.yaml",
      words((/args:\n([\s\S]+?)\n {10}\w/.exec(file("deployment.yaml"))?.[1] ?? "").replaceAll(/^ +- /gm, "")),
    ],
  ];

  test.each(commandLines)("%s calls the command as it wants to be called", async (_name, args) => {
    expect(args.at(-1)).toBe("dist/app.js");
    const { code, stdout } = await runCommand(["--print-config", ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^workers .* flag$/m);
  });

  test("the times that systemd and Kubernetes wait are longer than those of the command", () => {
    const number = (pattern: RegExp, name: string): number => Number(pattern.exec(file(name))?.[1]);
    const defaults = (name: string): number => SETTING_TABLE.find((one) => one.name === name)?.default as number;
    const ours = defaults("drainDelay") + defaults("gracefulTimeout") + 3;
    expect(number(/TimeoutStopSec=(\d+)/, "wsgi.service")).toBeGreaterThan(ours);
    const drain = number(/--drain-delay=(\d+)/, "deployment.yaml");
    const graceful = number(/--graceful-timeout=(\d+)/, "deployment.yaml");
    const preStop = number(/"sleep", "(\d+)"/, "deployment.yaml");
    expect(number(/terminationGracePeriodSeconds: (\d+)/, "deployment.yaml")).toBeGreaterThan(
      preStop + drain + graceful + 3,
    );
  });
});
