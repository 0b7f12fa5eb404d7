// Completion: the scripts are understood by their shells, where these are installed, and complete flags, values and files.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { completionScript } from "../src/completion.ts";
import { flagOf, SETTING_TABLE } from "../src/setting-table.ts";
import { folderWith, runCommand } from "./support/command.ts";

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;
const FLAGS = [...SETTING_TABLE.map(flagOf), "--help", "--version"];

/** What bash offers for a command line whose last word is being typed, in a folder with `app.ts` and a space in a name. */
function inBash(...words: readonly string[]): string[] {
  const cwd = folderWith({ "app.ts": "", "two words.ts": "", "sub/x": "", script: completionScript("bash") });
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const line = `set -u; source ./script; COMP_WORDS=(wsgi ${quoted}); COMP_CWORD=${words.length}; COMPREPLY=(); _wsgi; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p wsgi`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", line], { cwd, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^complete .*-F _wsgi wsgi$/m);
  return stdout
    .split("\n")
    .filter((text) => text !== "" && !text.startsWith("complete "))
    .sort();
}

describe.runIf(has("bash"))("bash", () => {
  it("understands the script", () => {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: completionScript("bash"), encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.each([
    ["--work", ["--worker-timeout", "--workers"]],
    ["--graceful", ["--graceful-timeout"]],
    ["--no-such", []],
    ["--no-fac", ["--no-factory"]],
    ["--vers", ["--version"]],
  ])("completes %s to %j", (word, expected) => {
    expect(inBash(word)).toEqual(expected);
  });

  it("offers every flag", () => {
    expect(inBash("--").filter((flag) => !flag.startsWith("--no-"))).toEqual([...FLAGS].sort());
  });

  it.each([
    [
      ["--log-level", ""],
      ["debug", "error", "info", "warn"],
    ],
    [["--log-level", "w"], ["warn"]],
    [["app.ts", "--cert-reqs", "o"], ["optional"]],
    [["--completion", "z"], ["zsh"]],
    [["--log-level", "=", "w"], ["warn"]],
    [
      ["--log-level", "="],
      ["debug", "error", "info", "warn"],
    ],
  ])("completes the value in %j", (words, expected) => {
    expect(inBash(...words)).toEqual(expected);
  });

  it.each([
    ["ap", ["app.ts"]],
    ["two", ["two words.ts"]],
    ["s", ["script", "sub"]],
  ])("completes the file %s", (word, expected) => {
    expect(inBash(word)).toEqual(expected);
    expect(inBash("--config", word)).toEqual(expected);
  });
});

describe("zsh", () => {
  const script = completionScript("zsh");

  it("gets every flag, its quotes in pairs", () => {
    for (const flag of FLAGS) expect(script).toMatch(new RegExp(`^ +'\\*?${flag}(?:=|\\[)`, "m"));
    for (const line of script.split("\n")) expect((line.match(/'/g) ?? []).length % 2, line).toBe(0);
  });

  it.runIf(has("zsh"))("understands the script", () => {
    const { status, stderr } = spawnSync("zsh", ["-n"], { input: script, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe("fish", () => {
  const script = completionScript("fish");

  it("gets every flag, its quotes in pairs", () => {
    for (const flag of FLAGS)
      expect(script).toMatch(new RegExp(`^complete -c wsgi (?:-s \\w )?-l ${flag.slice(2)} `, "m"));
    for (const line of script.split("\n")) expect((line.match(/'/g) ?? []).length % 2, line).toBe(0);
  });

  it.runIf(has("fish"))("understands the script and completes", () => {
    const cwd = folderWith({ script });
    const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", "source script; complete -C 'wsgi --work'"], {
      cwd,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^--workers\t/m);
  });
});

describe("--completion", () => {
  it.each(["bash", "zsh", "fish"] as const)("prints the script of %s, whatever the folder holds", async (shell) => {
    const cwd = folderWith({ "wsgi.config.json": "{ broken" });
    expect(await runCommand(["--completion", shell], { cwd })).toEqual({
      code: 0,
      stdout: completionScript(shell),
      stderr: "",
    });
  });

  it.runIf(has("bash"))("can be evaluated as its first line says", async () => {
    const { stdout } = await runCommand(["--completion", "bash"]);
    expect(stdout.split("\n")[0]).toBe('# wsgi: eval "$(wsgi --completion bash)"');
    const cwd = folderWith({
      "bin/wsgi": `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, "../dist/wsgi.js")}' "$@"\n`,
    });
    const line = 'chmod +x bin/wsgi; PATH="$PWD/bin:$PATH"; eval "$(wsgi --completion bash)"; complete -p wsgi';
    expect(spawnSync("bash", ["--norc", "-c", line], { cwd, encoding: "utf8" }).stdout).toContain("_wsgi");
  });
});
