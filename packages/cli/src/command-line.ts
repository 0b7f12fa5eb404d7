// The command line: arguments in, what they say out, or help and version. Flags are made of the table; what a value
// means, its kind says. It reads no file and no environment variable.

import type * as Commander from "commander";
import { CommandError, EXIT } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { requireLibrary } from "./require-library.ts";
import { expectedInstead, SWITCH } from "./setting-kinds.ts";
import { flagOf, SETTING_TABLE, type Setting } from "./setting-table.ts";

const { Command, CommanderError, InvalidArgumentError, Option } = requireLibrary("commander") as typeof Commander;

/** What a command line says. */
export interface CommandLine {
  /** APP; undefined when none was given. */
  readonly app: string | undefined;
  /** Values by the name of their setting; lists for those that can be repeated. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** Help or the version, which were asked for instead of serving. */
export class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const HELP_COLUMNS = 80;

/**
 * @param args without the program itself
 * @throws {CommandError} with the nearest flag when one is unknown, and what was expected when a value is bad
 */
export function parseCommandLine(args: readonly string[], version: string): CommandLine | Printed {
  let printed = "";
  const program = buildProgram(version);
  program.configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} });
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return new Printed(printed);
    throw new CommandError(`${faultOf(error, program)}\nSee wsgi --help.`, { exitCode: EXIT.USAGE, cause: error });
  }
  return { app: program.args[0], values: new Map(Object.entries(program.opts())) };
}

/** Commander's message as ours; its own suggestions leave out the flags that help does not show. */
function faultOf({ code, message }: Commander.CommanderError, program: Commander.Command): string {
  const [, flag = ""] = /^error: unknown option '(.*?)(?:=.*)?'/s.exec(message) ?? [];
  if (code !== "commander.unknownOption") return message.replace(/^error: /, "");
  const flags = program.options.flatMap(({ long }) => long ?? []);
  if (flags.includes(flag)) return `option '${flag}' takes no value`;
  return `unknown option '${flag}'${suggestion(flag, flags)}`;
}

function buildProgram(version: string): Commander.Command {
  const program = new Command("wsgi");
  program
    .usage("[options] APP")
    .argument("[APP]", "a file or package, and :export when it is not the default one")
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .configureHelp({ helpWidth: HELP_COLUMNS, minWidthToWrap: 20, optionTerm: (option) => option.flags })
    .addHelpText("after", EXAMPLES)
    .exitOverride();
  for (const setting of SETTING_TABLE) for (const option of optionsOf(setting)) program.addOption(option);
  program.addOption(new Option("-V, --version", "show the version").helpGroup("Help:"));
  program.on("option:version", () => {
    program.configureOutput().writeOut?.(`${version}\n`);
    throw new CommanderError(0, "commander.version", version);
  });
  program.helpOption(false).addOption(new Option("-h, --help", "show this help").helpGroup("Help:"));
  program.on("option:help", () => program.outputHelp());
  program.on("option:help", () => {
    throw new CommanderError(0, "commander.help", "");
  });
  return program;
}

/** The flag of a setting; for a switch that is on by default, the one that turns it off too. */
function optionsOf(setting: Setting): Commander.Option[] {
  const { kind, isList = false } = setting;
  const summary = setting.summary.replaceAll("`", "");
  const flag = flagOf(setting);
  const short = setting.short === undefined ? "" : `-${setting.short}, `;
  const group = `${setting.group}:`;
  const off = new Option(flag.replace("--", "--no-"), `not: ${summary}`).helpGroup(group);
  if (kind === SWITCH) {
    const on = new Option(`${short}${flag}`, summary).helpGroup(group);
    if (setting.default === true) return [on.hideHelp(), off];
    return [on, off.hideHelp()];
  }
  const option = new Option(`${short}${flag} ${kind.placeholder}`, withDefault(setting)).helpGroup(group);
  option.argParser((text: string, previous: unknown) => {
    const value = kind.parse(text);
    const expected = expectedInstead(kind, value);
    if (expected !== undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
    return isList ? [...((previous as unknown[] | undefined) ?? []), value] : value;
  });
  return kind.accepts(false) ? [option, off.hideHelp()] : [option]; // --keepalive 5, --no-keepalive
}

function withDefault({ kind, summary, default: value }: Setting): string {
  const isShown = (typeof value === "number" && value !== 0) || (typeof value === "string" && value.length < 12);
  const choices = kind.choices === undefined ? "" : `: ${kind.choices.join(", ")}`;
  const told = `${summary.replaceAll("`", "")}${choices}`;
  return isShown && !summary.includes(String(value)) ? `${told} (${value})` : told;
}

const EXAMPLES = `
Examples:
  wsgi app.ts                         serve the default export on port 8000
  wsgi --reload app.ts                the same, and restart when a file changes
  wsgi -w auto -b :80 dist/app.js     one process for each processor
  wsgi -b :443 --certfile fullchain.pem --keyfile privkey.pem app.js

Every flag can be in wsgi.config.ts, .js or .json (gracefulTimeout: 30) and in
an environment variable (WSGI_GRACEFUL_TIMEOUT=30). A flag goes before a
variable, a variable before the file.
`;
