// Completion: the scripts are understood by their shells, where these are installed, and complete flags, values and files.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { completionScript } from "../src/completion.ts";
import { flagOf, SETTING_TABLE } from "../src/setting-table.ts";
import { folderWith, runCommand } from "./support/command.ts";

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;
for (const shell of ["bash", "zsh", "fish"]) {
  if (!has(shell)) console.warn(`There is no ${shell} here: its completion is tested as text only.`);
}
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

/** Writes down what is offered, and ends; calls that only ask what would be offered are passed on. */
const ZSHRC = `PS1=
autoload -Uz compinit
compinit -u -D
source ./script
compadd() {
  local -a found
  (( \${@[(I)-[OAD]*]} )) || { builtin compadd -O found "$@"; print -rl -- $found >> offered; }
  builtin compadd "$@"
}
offer() { _main_complete; exit }
zle -C offer list-choices offer
bindkey '^I' offer
`;

describe("zsh", () => {
  const script = completionScript("zsh");

  it("gets every flag, its quotes in pairs", () => {
    for (const flag of FLAGS) expect(script).toMatch(new RegExp(`^ +'(?:\\*?|.*,)${flag}(?:=|\\[|})`, "m"));
    for (const line of script.split("\n")) expect((line.match(/'/g) ?? []).length % 2, line).toBe(0);
  });

  /** What an interactive zsh offers for a line when Tab is pressed at its end. */
  const offered = (line: string): string[] => {
    const cwd = folderWith({ "app.ts": "", "sub/x.ts": "", script, ".zshrc": ZSHRC, offered: "" });
    const drive = `zmodload zsh/zpty; zpty inner env ZDOTDIR=$PWD zsh -i; zpty -w -n inner "$1"$'\\t'; while zpty -r inner seen; do :; done`;
    const { status, stderr } = spawnSync("zsh", ["-f", "-c", drive, "zsh", line], {
      cwd,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect([status, stderr]).toEqual([0, ""]);
    const words = readFileSync(join(cwd, "offered"), "utf8").split("\n");
    return [...new Set(words.filter((word) => word !== ""))].sort();
  };

  describe.runIf(has("zsh"))("itself", () => {
    it("understands the script", () => {
      const { status, stderr } = spawnSync("zsh", ["-n"], { input: script, encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
    });

    it.each<[line: string, words: readonly string[]]>([
      ["wsgi --work", ["--worker-timeout", "--workers"]],
      ["wsgi --no-fac", ["--no-factory"]],
      ["wsgi --log-level ", ["debug", "error", "info", "warn"]],
      ["wsgi --log-level=w", ["warn"]],
      ["wsgi app.ts --cert-reqs o", ["optional"]],
      ["wsgi -i p", ["python"]],
      ["wsgi -ip", ["python"]],
      ["wsgi ap", ["app.ts"]],
      ["wsgi -w 2 ap", ["app.ts"]],
      ["wsgi -c ap", ["app.ts"]],
      ["wsgi --workers 2 --work", ["--worker-timeout"]],
      ["wsgi -w 2 --work", ["--worker-timeout"]],
      ["wsgi -b :80 --bi", ["--bind"]],
    ])("completes %j to %j", (line, words) => {
      expect(offered(line)).toEqual(words);
    });
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
