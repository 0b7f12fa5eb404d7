// All settings of a run: flags over environment variables over the config file over defaults, each value checked, each
// with where it came from. It reads files and the environment once, and starts nothing.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { OPTION_TABLE, type Options } from "@wsgi/core";
import type { CertificateOptions, WrapSslOptions } from "@wsgi/tls";
import type { CommandLine } from "./command-line.ts";
import { loadConfig } from "./config-file.ts";
import { CommandError, messageOf } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { SETTING_TABLE, type Setting, variableOf } from "./setting-table.ts";

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
  /** Every setting with where it came from, in the order of the table. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Keys of a config file that no flag can hold, handed to `server()` as they are. */
const CONFIG_ONLY = ["log", "customPool", "extensions"] as const;
/** Keys of a config file that go to `wrapSsl()` as they are. */
const CONFIG_ONLY_TLS = ["certificates", "sniCallback", "secureContext", "ticketKeys", "alpnProtocols"] as const;

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
  checkKeys(config.values, config.name);
  const origins = new Map<string, Origin>();
  for (const setting of SETTING_TABLE) {
    origins.set(setting.name, fromFlag(setting, flags) ?? fromVariable(setting, env) ?? fromConfig(setting, config));
  }
  const value = (name: string): unknown => origins.get(name)?.value;
  const command = Object.fromEntries(
    SETTING_TABLE.filter(({ owner }) => owner === "command").map(({ name }) => [name, value(name)]),
  ) as unknown as CommandSettings;
  return {
    ...command,
    app: commandLine.app ?? (config.values["app"] as string | undefined),
    server: serverOptions(origins, config.values, command),
    tls: tlsOptions(origins, config.values, command),
    origins,
  };
}

function fromFlag({ name }: Setting, flags: ReadonlyMap<string, unknown>): Origin | undefined {
  const value = flags.get(name);
  return value === undefined ? undefined : { value, source: "flag" };
}

function fromVariable(setting: Setting, env: NodeJS.ProcessEnv): Origin | undefined {
  for (const name of [variableOf(setting), setting.variable]) {
    const text = name === undefined ? undefined : env[name];
    if (text === undefined || text === "") continue;
    const texts = setting.isList ? text.split(",") : [text];
    const values = texts.map((one) => setting.kind.parse(one));
    if (!values.every((value) => value !== undefined && setting.kind.accepts(value))) {
      throw new CommandError(`${name}: expected ${setting.kind.expected}, got ${JSON.stringify(text)}`);
    }
    return { value: setting.isList ? values : values[0], source: `environment ${name}` };
  }
  return undefined;
}

function fromConfig(setting: Setting, config: { name: string; values: Readonly<Record<string, unknown>> }): Origin {
  const given = config.values[setting.name];
  if (given === undefined || (setting.name === "environ" && !Array.isArray(given))) {
    return { value: setting.default, source: "default" };
  }
  const values = setting.isList && !Array.isArray(given) ? [given] : given;
  const all: unknown[] = setting.isList ? (values as unknown[]) : [values];
  if (!all.every((value) => setting.kind.accepts(value))) {
    throw new CommandError(
      `${config.name}: ${setting.name}: expected ${setting.kind.expected}, got ${JSON.stringify(given)}`,
    );
  }
  return { value: values, source: config.name };
}

function serverOptions(
  origins: ReadonlyMap<string, Origin>,
  config: Readonly<Record<string, unknown>>,
  { gracefulTimeout, environ }: CommandSettings,
): Options {
  const options: Record<string, unknown> = { shutdownTimeout: gracefulTimeout };
  for (const { name, owner } of SETTING_TABLE) if (owner === "server") options[name] = origins.get(name)?.value;
  for (const name of CONFIG_ONLY) {
    const value = config[name];
    if (value === undefined) continue;
    const row = OPTION_TABLE[name];
    if (!row.accepts(value)) throw new CommandError(`config file: ${name}: expected ${row.expected}`);
    options[name] = value;
  }
  const fromFile = typeof config["environ"] === "object" && !Array.isArray(config["environ"]) ? config["environ"] : {};
  options["environ"] = { ...fromFile, ...Object.fromEntries(environ.map(keyAndValue)) };
  return options as Options;
}

function tlsOptions(
  origins: ReadonlyMap<string, Origin>,
  config: Readonly<Record<string, unknown>>,
  { selfSigned }: CommandSettings,
): WrapSslOptions | undefined {
  const list = (name: string): readonly string[] => origins.get(name)?.value as readonly string[];
  const certfiles = list("certfile");
  const keyfiles = list("keyfile");
  const hasOwn = certfiles.length > 0 || config["certificates"] !== undefined;
  if (selfSigned && hasOwn) throw new CommandError("--self-signed: expected no --certfile beside it");
  if (!hasOwn && !selfSigned) {
    const [name] = keyfiles.length > 0 ? ["keyfile"] : list("caCerts").length > 0 ? ["caCerts"] : [];
    if (name !== undefined) throw new CommandError(`${name}: expected --certfile beside it`);
    return undefined;
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

function keyAndValue(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(`--environ: expected KEY=VALUE, got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function checkKeys(values: Readonly<Record<string, unknown>>, name: string): void {
  const known = ["app", ...SETTING_TABLE.map((setting) => setting.name), ...CONFIG_ONLY, ...CONFIG_ONLY_TLS];
  for (const key of Object.keys(values)) {
    if (!known.includes(key))
      throw new CommandError(`${name}: there is no setting ${JSON.stringify(key)}${suggestion(key, known)}`);
  }
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
    for (const [name, value] of Object.entries(parse(text))) env[name] ??= value;
  }
}

function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",");
}

/** The settings as lines for `--print-config`: name, value, where it came from. */
export function printedConfig({ origins, app }: Settings): string {
  const secret = new Set(["keyPassword"]);
  const rows = [
    ["app", app === undefined ? "none" : app, ""],
    ...[...origins].map(([name, { value, source }]) => [
      name,
      secret.has(name) && value !== undefined ? "(secret)" : shown(value),
      source,
    ]),
  ] as [string, string, string][];
  const widths = [0, 1].map((column) => Math.min(40, Math.max(...rows.map((row) => (row[column] as string).length))));
  return rows
    .map(([name, value, source]) =>
      `${name.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${source}`.trimEnd(),
    )
    .join("\n");
}

function shown(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "none";
  if (Array.isArray(value)) return value.map(String).join(", ");
  return String(value);
}
