// Completion scripts for shells, made of the table of settings. The name of a shell in, a script out. Pure.

import { FILE, FOLDER, SWITCH } from "./setting-kinds.ts";
import { flagOf, SETTING_TABLE } from "./setting-table.ts";

export function completionScript(shell: "bash" | "zsh" | "fish"): string {
  if (shell === "bash") return bash();
  return shell === "zsh" ? zsh() : fish();
}

interface Flag {
  readonly flag: string;
  readonly short?: string;
  readonly summary: string;
  readonly canRepeat: boolean;
  /** What comes after it: nothing, one of few values, a file, or what only the user knows. */
  readonly value: "none" | "file" | "text" | readonly string[];
}

const FLAGS: readonly Flag[] = [
  ...SETTING_TABLE.flatMap((setting): Flag[] => {
    const { kind, isList = false, short } = setting;
    const flag = flagOf(setting);
    const summary = setting.summary.replace(/['`]/g, "");
    const base = { flag, summary, canRepeat: isList, ...(short !== undefined && { short }) };
    if (kind === SWITCH) {
      return [
        { ...base, value: "none" },
        { flag: flag.replace("--", "--no-"), summary: `not: ${summary}`, canRepeat: false, value: "none" },
      ];
    }
    return [{ ...base, value: kind.choices ?? (kind === FILE || kind === FOLDER ? "file" : "text") }];
  }),
  { flag: "--help", short: "h", summary: "show the help", canRepeat: false, value: "none" },
  { flag: "--version", short: "V", summary: "show the version", canRepeat: false, value: "none" },
];

/** `--flag=value` comes as three words, of which the second is `=`. It has to do with the bash 3.2 of macOS. */
function bash(): string {
  const cases = FLAGS.filter(({ value }) => typeof value === "object").map(
    ({ flag, value }) =>
      `    ${flag}) COMPREPLY=($(compgen -W "${(value as readonly string[]).join(" ")}" -- "$word")); return ;;`,
  );
  return `# wsgi: eval "$(wsgi --completion bash)"
_wsgi() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  if [[ "$word" == "=" ]]; then
    word=""
  elif [[ "$previous" == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  case "$previous" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "${FLAGS.map(({ flag }) => flag).join(" ")}" -- "$word"))
  else
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _wsgi wsgi
`;
}

function zsh(): string {
  const lines = FLAGS.map(({ flag, short, summary, canRepeat, value }) => {
    const told = summary.replace(/[[\]:]/g, " ");
    const [takes, action] =
      value === "none"
        ? ["", ""]
        : ["=", value === "file" ? "_files" : value === "text" ? " " : `(${value.join(" ")})`];
    const end = value === "none" ? `[${told}]` : `[${told}]:${flag.slice(2)}:${action}`;
    if (short === undefined) return `    '${canRepeat ? "*" : ""}${flag}${takes}${end}'`;
    // Either of the two, and the value of the short one in the same word or in the next.
    const others = canRepeat ? "*" : `(-${short} ${flag})`;
    return `    '${others}'{-${short}${value === "none" ? "" : "+"},${flag}${takes}}'${end}'`;
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
  const lines = FLAGS.map(({ flag, short, summary, value }) => {
    const argument =
      { none: "", file: " -r -F", text: " -x" }[value as string] ?? ` -x -a '${[value].flat().join(" ")}'`;
    return `complete -c wsgi${short === undefined ? "" : ` -s ${short}`} -l ${flag.slice(2)}${argument} -d '${summary}'`;
  });
  return `# wsgi: wsgi --completion fish | source\n${lines.join("\n")}\n`;
}
