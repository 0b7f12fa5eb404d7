// The documentation of the settings of the command, made of SETTING_TABLE: a table for each group in the package's README.

import { flagOf, GROUPS, SETTING_TABLE, type Setting, variableOf } from "../packages/cli/src/setting-table.ts";
import { show, table } from "./options-table.ts";

export function settingsTables(): string {
  return GROUPS.map((group) => {
    const rows = SETTING_TABLE.filter((setting) => setting.group === group).map(row);
    return `**${group}**\n\n${table(["flag", "variable", "key", "default", "what it is"], rows)}`;
  }).join("\n\n");
}

function row(setting: Setting): string[] {
  const { name, kind, short, variable, summary, isList, group } = setting;
  const isSwitch = kind.placeholder === undefined;
  const flag = isSwitch && setting.default === true ? flagOf(setting).replace("--", "--no-") : flagOf(setting);
  const flags = [flag, ...(short === undefined ? [] : [`-${short}`])].map((one) => `\`${one}\``).join(", ");
  const variables = [variableOf(setting), ...(variable === undefined ? [] : [variable])];
  const choices = kind.choices === undefined ? "" : `: ${kind.choices.map((choice) => `\`${choice}\``).join(", ")}`;
  return [
    isSwitch ? flags : `${flags} \`${kind.placeholder}\``,
    variables.map((one) => `\`${one}\``).join(", "),
    group === "Help" || name === "config" ? "–" : `\`${name}\``,
    shownDefault(setting),
    `${summary}${choices}${isList === true ? "; repeatable" : ""}`,
  ];
}

function shownDefault({ default: value }: Setting): string {
  const text = Array.isArray(value) && value.length === 0 ? "none" : show(value);
  return text.length > 20 ? "eventlet's line" : text;
}
