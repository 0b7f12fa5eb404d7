// The table of settings: every flag of the command, its kind, group, environment variable, default and summary. The one
// place for all of these: flags, help, the config file, `--print-config` and the README are made of it.
//
// Options of the server and of TLS come from the tables of their packages, so that none is forgotten and none says
// something else here.

import { OPTION_TABLE, type OptionRow } from "@wsgi/core";
import { SSL_OPTION_TABLE } from "@wsgi/tls";
import type { Kind } from "./setting-kinds.ts";
import * as kinds from "./setting-kinds.ts";

export const GROUPS = [
  "Application",
  "Addresses",
  "Processes",
  "Python",
  "Shutdown",
  "Logs",
  "TLS",
  "Requests and limits",
  "Help",
] as const;
export type Group = (typeof GROUPS)[number];

/** One row of the table. */
export interface Setting {
  /** The key in a config file, and of the flag in kebab case. */
  readonly name: string;
  readonly kind: Kind;
  readonly group: Group;
  readonly default: unknown;
  readonly summary: string;
  readonly short?: string;
  /** May be given several times; the value is a list. */
  readonly isList?: boolean;
  /** The environment variable beside `WSGI_<NAME>` that users know from elsewhere. */
  readonly variable?: string;
  /** Whose option it becomes: of `server()`, of `wrapSsl()`, or of the command itself. */
  readonly owner: "command" | "server" | "tls";
  /** The name that its owner has for it. */
  readonly option: string;
}

function setting(
  name: string,
  kind: Kind,
  group: Group,
  value: unknown,
  summary: string,
  more: Partial<Setting> = {},
): Setting {
  return Object.freeze({ name, kind, group, default: value, summary, owner: "command", option: name, ...more });
}

const COMMAND_SETTINGS: readonly Setting[] = [
  setting("factory", kinds.SWITCH, "Application", false, "the export is a function that makes the application"),
  setting(
    "interface",
    kinds.oneOf("<kind>", "auto", "wsgi", "fetch", "node", "python"),
    "Application",
    "auto",
    "what APP is written for; auto = what it looks like",
    { short: "i" },
  ),
  setting("mount", kinds.TEXT, "Application", [], "/path=APP: serve another application there", { isList: true }),
  setting("chdir", kinds.FOLDER, "Application", undefined, "change to this folder first", { short: "C" }),
  setting("config", kinds.FILE, "Application", undefined, "read settings from this file instead of wsgi.config.*", {
    short: "c",
  }),
  setting("envFile", kinds.FILE, "Application", [], "read environment variables from this file", {
    short: "E", // Node looks for --env-file behind a script as well, nodejs/node#54232
    isList: true,
  }),
  setting("reload", kinds.SWITCH, "Application", false, "development: restart when a source file changes"),
  setting("environ", kinds.TEXT, "Application", [], "KEY=VALUE to be in every environ", { isList: true }),

  setting("bind", kinds.ADDRESS, "Addresses", [], "where to listen: host:port, unix:/path, fd://N", {
    short: "b",
    isList: true,
  }),
  setting("port", kinds.PORT, "Addresses", undefined, "the port on all interfaces, 8000 when nothing is said", {
    short: "p",
    variable: "PORT",
  }),
  setting("backlog", kinds.COUNT, "Addresses", 511, "connections that the system holds until they are accepted"),
  setting("socketMode", kinds.MODE, "Addresses", undefined, "permissions of unix sockets"),
  setting(
    "admin",
    kinds.ADDRESS,
    "Addresses",
    undefined,
    "answer /live, /ready and /status there; a bare port is of this machine only",
  ),

  setting(
    "workers",
    kinds.WORKERS,
    "Processes",
    0,
    "processes that serve; 0 = in this one, auto = one for each processor",
    { short: "w", variable: "WEB_CONCURRENCY" },
  ),
  setting("maxRequests", kinds.COUNT, "Processes", 0, "replace a worker after so many requests; 0 = never"),
  setting("maxRequestsJitter", kinds.COUNT, "Processes", 0, "and up to so many more, at random"),
  setting("maxMemory", kinds.BYTES, "Processes", 0, "replace a worker that takes more memory; 0 = never"),
  setting("maxAge", kinds.SECONDS, "Processes", 0, "replace a worker that is older; 0 = never"),
  setting(
    "workerTimeout",
    kinds.SECONDS,
    "Processes",
    30,
    "replace a worker whose event loop is stuck for so long; 0 = never",
  ),
  setting("bootTimeout", kinds.SECONDS, "Processes", 60, "seconds for a worker to load the application"),
  setting("user", kinds.TEXT, "Processes", undefined, "user that workers run as", { short: "u" }),
  setting("group", kinds.TEXT, "Processes", undefined, "group that workers run as", { short: "g" }),
  setting("umask", kinds.MODE, "Processes", undefined, "permissions that new files lack"),
  setting("pid", kinds.FILE, "Processes", undefined, "write the process id to this file"),

  setting(
    "python",
    kinds.FILE,
    "Python",
    undefined,
    "the interpreter; else that of the virtual environment, or python3",
  ),
  setting("pythonWorkers", kinds.POSITIVE, "Python", 1, "Python processes, of each worker"),
  setting("threads", kinds.POSITIVE, "Python", 1, "threads of each Python process that run the application"),
  setting(
    "pythonTimeout",
    kinds.SECONDS,
    "Python",
    30,
    "replace a Python process whose response does not begin; 0 = never",
  ),
  setting("pythonMaxRequests", kinds.COUNT, "Python", 0, "replace a Python process after so many requests; 0 = never"),
  setting("pythonMaxRequestsJitter", kinds.COUNT, "Python", 0, "and up to so many more, at random"),
  setting("pythonMaxMemory", kinds.BYTES, "Python", 0, "replace a Python process that takes more memory; 0 = never"),

  setting("gracefulTimeout", kinds.SECONDS, "Shutdown", 30, "seconds for requests to finish before they are cut"),
  setting("drainDelay", kinds.SECONDS, "Shutdown", 0, "seconds to serve on, not ready, before closing begins"),
  setting("idleGrace", kinds.SECONDS, "Shutdown", 1, "seconds for idle connections to send one more request"),

  setting("accessLog", kinds.FILE, "Logs", "-", "file for access lines; - = standard output, off = none"),
  setting("errorLog", kinds.FILE, "Logs", "-", "file for all other lines; - = standard error, off = none"),
  setting("logJson", kinds.SWITCH, "Logs", false, "log in JSON, one object a line"),
  setting(
    "logLevel",
    kinds.oneOf("<level>", "debug", "info", "warn", "error"),
    "Logs",
    "info",
    "what is logged at least",
  ),

  setting("selfSigned", kinds.SWITCH, "TLS", false, "HTTPS with a certificate made on the spot, for development"),

  setting("check", kinds.SWITCH, "Help", false, "load and check everything, serve nothing"),
  setting("printConfig", kinds.SWITCH, "Help", false, "show every setting and where it came from"),
  setting(
    "completion",
    kinds.oneOf("<shell>", "bash", "zsh", "fish"),
    "Help",
    undefined,
    "print a completion script for this shell",
  ),
];

/** Options of `server()` that no flag can hold; a config file can. `shutdownTimeout` is `gracefulTimeout` here. */
const NO_FLAG = new Set([
  "log",
  "environ",
  "customPool",
  "extensions",
  "signal",
  "logOutput",
  "shutdownTimeout",
  "accessLog",
]);

const SERVER_SETTINGS: readonly Setting[] = Object.entries(OPTION_TABLE)
  .filter(([name]) => !NO_FLAG.has(name))
  .map(([name, row]) =>
    setting(
      name,
      kindOf(row),
      name === "logFormat" || name === "logXForwardedFor" ? "Logs" : "Requests and limits",
      row.default,
      row.summary,
      {
        owner: "server",
      },
    ),
  );

/** Options of `wrapSsl()` as settings: those whose name says too little beside all the others have `tls` before it. */
const TLS_NAMES: Readonly<Record<string, { name?: string; kind?: Kind; isList?: boolean }>> = {
  certfile: { kind: kinds.FILE, isList: true },
  keyfile: { kind: kinds.FILE, isList: true },
  password: { name: "keyPassword", kind: kinds.TEXT },
  certReqs: { kind: kinds.oneOf("<need>", "none", "optional", "required") },
  caCerts: { kind: kinds.FILE, isList: true },
  crlfile: { kind: kinds.FILE, isList: true },
  ciphers: { kind: kinds.TEXT },
  minVersion: { name: "tlsMinVersion", kind: kinds.oneOf("<version>", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3") },
  maxVersion: { name: "tlsMaxVersion", kind: kinds.oneOf("<version>", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3") },
  handshakeTimeout: { kind: kinds.SECONDS },
  sessionTimeout: { name: "tlsSessionTimeout", kind: kinds.SECONDS },
  clientEnviron: { name: "clientCertificateEnviron", kind: kinds.SWITCH },
  watch: { name: "watchCertificates", kind: kinds.SWITCH },
};

const TLS_SETTINGS: readonly Setting[] = Object.entries(TLS_NAMES).map(
  ([option, { name = option, kind, isList = false }]) => {
    const row = SSL_OPTION_TABLE[option as keyof typeof SSL_OPTION_TABLE];
    return setting(name, kind as Kind, "TLS", isList ? [] : row.default, row.summary, { owner: "tls", option, isList });
  },
);

function kindOf(row: OptionRow): Kind {
  return row.expected === kinds.SWITCH.expected ? kinds.SWITCH : kinds.checkedBy(row.expected, row.accepts);
}

/** Every setting, in the order of the help. */
export const SETTING_TABLE: readonly Setting[] = Object.freeze(
  GROUPS.flatMap((group) =>
    [...COMMAND_SETTINGS, ...TLS_SETTINGS, ...SERVER_SETTINGS].filter((one) => one.group === group),
  ),
);

/** `gracefulTimeout` → `--graceful-timeout`. */
export function flagOf({ name }: Setting): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `gracefulTimeout` → `WSGI_GRACEFUL_TIMEOUT`. */
export function variableOf({ name }: Setting): string {
  return `WSGI_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
