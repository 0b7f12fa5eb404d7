// All settings of a run: flags over environment variables over the config file over defaults, each value checked, each
// with where it came from. It reads files and the environment once, and starts nothing.

import { OPTION_TABLE, type OptionRow, type Options } from "@wsgi/core";
import { SSL_OPTION_TABLE, type WrapSslOptions } from "@wsgi/tls";
import type { CommandLine } from "./command-line.ts";
import { type ConfigFile, loadConfig } from "./config-file.ts";
import { changeFolder, readEnvFiles } from "./environment.ts";
import { CommandError } from "./errors.ts";
import type { Interface } from "./interfaces.ts";
import { suggestion } from "./nearest.ts";
import type { Origin } from "./origin.ts";
import { expectedInstead, TEXT } from "./setting-kinds.ts";
import { SETTING_TABLE, type Setting, variableOf } from "./setting-table.ts";
import { CONFIG_ONLY_TLS, tlsOptions } from "./tls-settings.ts";

/** What the command does and how, apart from the options that it hands on. */
export interface CommandSettings {
  readonly factory: boolean;
  readonly interface: Interface | "auto";
  readonly mount: readonly string[];
  readonly reload: boolean;
  readonly environ: readonly string[];
  readonly bind: readonly string[];
  readonly port: number | undefined;
  readonly backlog: number;
  readonly socketMode: number | undefined;
  readonly admin: string | undefined;
  readonly workers: number | "auto";
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  readonly maxMemory: number;
  readonly maxAge: number;
  readonly workerTimeout: number;
  readonly bootTimeout: number;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly umask: number | undefined;
  readonly pid: string | undefined;
  readonly python: string | undefined;
  readonly pythonWorkers: number;
  readonly threads: number;
  readonly pythonTimeout: number;
  readonly pythonMaxRequests: number;
  readonly pythonMaxRequestsJitter: number;
  readonly pythonMaxMemory: number;
  readonly gracefulTimeout: number;
  readonly drainDelay: number;
  readonly idleGrace: number;
  readonly accessLog: string;
  readonly errorLog: string;
  readonly logJson: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly selfSigned: boolean;
  readonly check: boolean;
  readonly printConfig: boolean;
  readonly completion: "bash" | "zsh" | "fish" | undefined;
}

export interface Settings extends CommandSettings {
  readonly app: string | undefined;
  /** Options of `server()`, those from a config file that no flag can hold included. */
  readonly server: Options;
  /** Options of `wrapSsl()`; undefined when nothing asks for TLS. */
  readonly tls: WrapSslOptions | undefined;
  /** APP and every setting with where it came from, in the order of the table; then what only a config file can hold. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Keys of a config file that no flag can hold, handed to `server()` as they are. */
const CONFIG_ONLY = ["log", "customPool", "extensions"] as const;
/** Settings that say what is to be done this time, or where the config file is: no config file can hold them. */
const NOT_IN_CONFIG: readonly string[] = ["config", "check", "printConfig", "completion"];

/**
 * @param env the environment variables; those of `--env-file` are added to it
 * @throws {CommandError} naming the setting, where it came from, what was expected and what came
 */
export async function resolveSettings(commandLine: CommandLine, env: NodeJS.ProcessEnv): Promise<Settings> {
  const flags = commandLine.values;
  const chdir = (flags.get("chdir") ?? env["WSGI_CHDIR"]) as string | undefined;
  if (chdir !== undefined) changeFolder(chdir);
  await readEnvFiles((flags.get("envFile") as string[] | undefined) ?? listOf(env["WSGI_ENV_FILE"]), env);
  const config = await loadConfig((flags.get("config") ?? env["WSGI_CONFIG"]) as string | undefined);
  checkConfig(config);
  const origins = new Map<string, Origin>([["app", appOrigin(commandLine, config)]]);
  for (const setting of SETTING_TABLE) {
    origins.set(setting.name, fromFlag(setting, flags) ?? fromVariable(setting, env) ?? fromConfig(setting, config));
  }
  const value = (name: string): unknown => origins.get(name)?.value;
  const command = Object.fromEntries(
    SETTING_TABLE.filter(({ owner }) => owner === "command").map(({ name }) => [name, value(name)]),
  ) as unknown as CommandSettings;
  const server = serverOptions(origins, config.values, command);
  const tls = tlsOptions(origins, config.values, command);
  showConfigOnly(origins, config);
  const settings = { ...command, app: value("app") as string | undefined, server, tls, origins };
  if (chdir === undefined && config.values["chdir"] !== undefined) changeFolder(config.values["chdir"] as string);
  if (origins.get("envFile")?.source === config.name) await readEnvFiles(value("envFile") as string[], env);
  return settings;
}

function appOrigin({ app }: CommandLine, { name, values }: ConfigFile): Origin {
  if (app !== undefined) return { value: app, source: "argument" };
  return values["app"] === undefined ? { value: undefined, source: "default" } : { value: values["app"], source: name };
}

/** What the table lacks, and an `environ` that is an object. */
function showConfigOnly(origins: Map<string, Origin>, { name, values }: ConfigFile): void {
  for (const key of [...CONFIG_ONLY, ...CONFIG_ONLY_TLS]) {
    if (values[key] !== undefined) origins.set(key, { value: values[key], source: name });
  }
  if (!isPlainObject(values["environ"])) return;
  const { value, source } = origins.get("environ") as Origin & { value: string[] };
  const inFile = Object.entries(values["environ"]).map(([key, one]) => `${key}=${String(one)}`);
  origins.set("environ", { value: [...inFile, ...value], source: value.length > 0 ? `${name}, ${source}` : name });
}

function fromFlag({ name }: Setting, flags: ReadonlyMap<string, unknown>): Origin | undefined {
  const value = flags.get(name);
  return value === undefined ? undefined : { value, source: "flag" };
}

function fromVariable(setting: Setting, env: NodeJS.ProcessEnv): Origin | undefined {
  for (const name of [variableOf(setting), setting.variable]) {
    const text = name === undefined ? undefined : env[name];
    if (text === undefined || text === "") continue;
    const texts = setting.isList ? listOf(text) : [text];
    const values = texts.map((one) => setting.kind.parse(one));
    const expected = firstFault(setting, values);
    if (expected !== undefined) throw new CommandError(`${name}: expected ${expected}, got ${JSON.stringify(text)}`);
    return { value: setting.isList ? values : values[0], source: `environment ${name}` };
  }
  return undefined;
}

function firstFault({ kind }: Setting, values: readonly unknown[]): string | undefined {
  return values.map((value) => expectedInstead(kind, value)).find((expected) => expected !== undefined);
}

function fromConfig(setting: Setting, { name, values }: ConfigFile): Origin {
  const given = values[setting.name];
  if (given === undefined || (setting.name === "environ" && isPlainObject(given))) {
    return { value: setting.default, source: "default" };
  }
  const all: readonly unknown[] = setting.isList && Array.isArray(given) ? given : [given];
  const expected = firstFault(setting, all);
  if (expected !== undefined) {
    const got = setting.name === "keyPassword" ? `a ${typeof given}` : described(given);
    throw new CommandError(`${name}: ${setting.name}: expected ${expected}, got ${got}`);
  }
  return { value: setting.isList ? all : given, source: name };
}

function serverOptions(
  origins: ReadonlyMap<string, Origin>,
  config: Readonly<Record<string, unknown>>,
  { gracefulTimeout, environ }: CommandSettings,
): Options {
  const options: Record<string, unknown> = { shutdownTimeout: gracefulTimeout };
  for (const { name, owner } of SETTING_TABLE) if (owner === "server") options[name] = origins.get(name)?.value;
  for (const name of CONFIG_ONLY) if (config[name] !== undefined) options[name] = config[name];
  const fromFile = isPlainObject(config["environ"]) ? config["environ"] : {};
  options["environ"] = { ...fromFile, ...Object.fromEntries(environ.map(keyAndValue)) };
  return options as Options;
}

function keyAndValue(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(`--environ: expected KEY=VALUE, got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Checks the keys, and the values of those that the table lacks. */
function checkConfig({ name, values }: ConfigFile): void {
  const known = ["app", ...SETTING_TABLE.map((setting) => setting.name), ...CONFIG_ONLY, ...CONFIG_ONLY_TLS];
  const rows: Readonly<Record<string, Pick<OptionRow, "expected" | "accepts">>> = {
    app: TEXT,
    ...Object.fromEntries(CONFIG_ONLY.map((key) => [key, OPTION_TABLE[key]])),
    ...Object.fromEntries(CONFIG_ONLY_TLS.map((key) => [key, SSL_OPTION_TABLE[key]])),
  };
  for (const [key, value] of Object.entries(values)) {
    if (!known.includes(key)) {
      throw new CommandError(`${name}: there is no setting ${JSON.stringify(key)}${suggestion(key, known)}`);
    }
    if (NOT_IN_CONFIG.includes(key)) throw new CommandError(`${name}: ${key}: expected on the command line only`);
    const row = value === undefined ? undefined : rows[key];
    if (row !== undefined && !row.accepts(value)) {
      throw new CommandError(`${name}: ${key}: expected ${row.expected}, got ${described(value)}`);
    }
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that is not what it has to be, in a message. */
function described(value: unknown): string {
  if (typeof value === "function") return "a function";
  return (typeof value === "bigint" ? undefined : JSON.stringify(value)) ?? String(value);
}

function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",").map((one) => one.trim());
}
