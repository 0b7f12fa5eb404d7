// Completion scripts for shells, made of the table of settings. The name of a shell in, a script out. Pure.

import { SWITCH } from "./setting-kinds.ts";
import { flagOf, SETTING_TABLE, type Setting } from "./setting-table.ts";

export function completionScript(shell: "bash" | "zsh" | "fish"): string {
  if (shell === "bash") return bash();
  return shell === "zsh" ? zsh() : fish();
}

const flags = (): string[] => [...SETTING_TABLE.map(flagOf), "--help", "--version"];

const choices = ({ kind }: Setting): readonly string[] => kind.choices ?? [];

function bash(): string {
  const cases = SETTING_TABLE.filter((setting) => choices(setting).length > 0).map(
    (setting) =>
      `    ${flagOf(setting)}) COMPREPLY=($(compgen -W "${choices(setting).join(" ")}" -- "$word")); return ;;`,
  );
  return `# wsgi: eval "$(wsgi --completion bash)"
_wsgi() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$previous" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "${flags().join(" ")}" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _wsgi wsgi
`;
}

function zsh(): string {
  const lines = SETTING_TABLE.map((setting) => {
    const summary = setting.summary.replace(/[[\]:']/g, " ");
    if (setting.kind === SWITCH) return `    '${flagOf(setting)}[${summary}]'`;
    const values = choices(setting);
    return `    '${setting.isList ? "*" : ""}${flagOf(setting)}=[${summary}]:${setting.name}:${values.length > 0 ? `(${values.join(" ")})` : "_files"}'`;
  });
  return `#compdef wsgi
_wsgi() {
  _arguments \\
${lines.join(" \\\n")} \\
    '*:application:_files'
}
compdef _wsgi wsgi
`;
}

function fish(): string {
  const lines = SETTING_TABLE.map((setting) => {
    const summary = setting.summary.replaceAll("'", "");
    const values = choices(setting);
    const argument = setting.kind === SWITCH ? "" : values.length > 0 ? ` -x -a '${values.join(" ")}'` : " -r";
    return `complete -c wsgi -l ${flagOf(setting).slice(2)}${argument} -d '${summary}'`;
  });
  return `# wsgi: wsgi --completion fish | source\n${lines.join("\n")}\n`;
}
