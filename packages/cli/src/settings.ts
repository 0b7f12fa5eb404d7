// All settings of a run: flags over environment variables over the config file over defaults, each value checked, each
// with where it came from. It reads files and the environment once, and starts nothing.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { OPTION_TABLE, type OptionRow, type Options } from "@wsgi/core";
import { type CertificateOptions, SSL_OPTION_TABLE, type WrapSslOptions } from "@wsgi/tls";
import type { CommandLine } from "./command-line.ts";
import { type ConfigFile, loadConfig } from "./config-file.ts";
import { CommandError, messageOf } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { expectedInstead, TEXT } from "./setting-kinds.ts";
import { flagOf, SETTING_TABLE, type Setting, variableOf } from "./setting-table.ts";

/** Where a value came from, as `--print-config` says it. */
export interface Origin {
  readonly value: unknown;
  readonly source: string;
}

/** What the command does and how, apart from the options that it hands on. */
export interface CommandSettings {
  readonly factory: boolean;
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
/** Keys of a config file that go to `wrapSsl()` as they are. */
const CONFIG_ONLY_TLS = ["certificates", "sniCallback", "secureContext", "ticketKeys", "alpnProtocols"] as const;
/** Settings that say what is to be done this time, or where the config file is: no config file can hold them. */
const NOT_IN_CONFIG: readonly string[] = ["config", "check", "printConfig", "completion"];
/** Variables that are read before the files of `--env-file`. */
const NOT_IN_ENV_FILE = ["WSGI_CHDIR", "WSGI_ENV_FILE"] as const;

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

function tlsOptions(
  origins: ReadonlyMap<string, Origin>,
  config: Readonly<Record<string, unknown>>,
  { selfSigned, bind }: CommandSettings,
): WrapSslOptions | undefined {
  const list = (name: string): readonly string[] => origins.get(name)?.value as readonly string[];
  const certfiles = list("certfile");
  const keyfiles = list("keyfile");
  if (selfSigned && (certfiles.length > 0 || config["certificates"] !== undefined)) {
    throw new CommandError("--self-signed: expected no certificate beside it");
  }
  if (!selfSigned && certfiles.length === 0 && CONFIG_ONLY_TLS.every((name) => config[name] === undefined)) {
    const useless = SETTING_TABLE.find(({ name, owner }) => owner === "tls" && isGiven(origins.get(name)));
    const secure = bind.find((address) => address.startsWith("https:"));
    if (useless === undefined && secure === undefined) return undefined;
    const what = useless === undefined ? `--bind ${secure}` : called(useless, origins);
    throw new CommandError(`${what}: expected --certfile or --self-signed beside it`); // never plain HTTP in silence
  }
  if (keyfiles.length > 0 && keyfiles.length !== certfiles.length) {
    throw new CommandError(
      `--keyfile: expected as many as there are --certfile (${certfiles.length}), or none when the keys are in them; got ${keyfiles.length}`,
    );
  }
  const options: Record<string, unknown> = {};
  for (const { name, owner, option, isList } of SETTING_TABLE) {
    const value = origins.get(name)?.value;
    if (owner !== "tls" || option === "certfile" || option === "keyfile" || option === "password") continue;
    if (value !== undefined && !(isList && (value as unknown[]).length === 0)) options[option] = value;
  }
  for (const name of CONFIG_ONLY_TLS) if (config[name] !== undefined) options[name] = config[name];
  const password = origins.get("keyPassword")?.value as string | undefined;
  const certificates = certfiles.map((certfile, index): CertificateOptions => {
    const keyfile = keyfiles[index];
    return { certfile, ...(keyfile !== undefined && { keyfile }), ...(password !== undefined && { password }) };
  });
  const all = [...certificates, ...((config["certificates"] as CertificateOptions[] | undefined) ?? [])];
  return { ...options, ...(all.length > 0 && { certificates: all }) } as WrapSslOptions;
}

function isGiven(origin: Origin | undefined): boolean {
  return (
    origin !== undefined && origin.source !== "default" && !(Array.isArray(origin.value) && origin.value.length === 0)
  );
}

/** A setting as whoever gave it called it. */
function called(setting: Setting, origins: ReadonlyMap<string, Origin>): string {
  const { source } = origins.get(setting.name) as Origin;
  if (source === "flag") return flagOf(setting);
  return source.startsWith("environment ") ? source.slice("environment ".length) : `${source}: ${setting.name}`;
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

function changeFolder(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw new CommandError(`--chdir: cannot change to ${resolve(folder)}: ${messageOf(error)}`, { cause: error });
  }
}

/** What is in the environment already stays: a file holds defaults for it. */
async function readEnvFiles(files: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (files.length === 0) return;
  const { parse } = await import("dotenv");
  for (const file of files) {
    let text: Buffer;
    try {
      text = readFileSync(file);
    } catch (error) {
      throw new CommandError(`--env-file: cannot read ${resolve(file)}: ${messageOf(error)}`, { cause: error });
    }
    const values = parse(text);
    const late = NOT_IN_ENV_FILE.find((name) => values[name] !== undefined);
    if (late !== undefined) throw new CommandError(`${file}: ${late}: expected in the environment, it is read before`);
    for (const [name, value] of Object.entries(values)) env[name] ??= value;
  }
}

function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",").map((one) => one.trim());
}
