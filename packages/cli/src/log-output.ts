// Where lines go: two streams, one for access lines and one for everything else; to files, standard output or nowhere; as
// text or as JSON. Settings in, loggers for the server out. How lines get into a file, log-file.ts knows.

import { type Exchange, type Extension, type LoggerLike, logRecord, type WritableLike } from "@wsgi/core";
import type Picocolors from "picocolors";
import { messageOf } from "./errors.ts";
import { LogFile } from "./log-file.ts";
import { requireLibrary } from "./require-library.ts";

const { createColors } = requireLibrary("picocolors") as typeof Picocolors;

export type Level = "debug" | "info" | "warn" | "error";
const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

export interface LogSettings {
  readonly accessLog: string;
  readonly errorLog: string;
  readonly logJson: boolean;
  readonly logLevel: Level;
  readonly server?: { readonly logXForwardedFor?: boolean };
}

export class LogOutput {
  readonly #settings: LogSettings;
  readonly #messages: LogFile | undefined;
  readonly #access: LogFile | undefined;
  /** Of the lines of `logger`: none but on a terminal. */
  readonly colours: ReturnType<typeof createColors>;

  /** @throws {CommandError} when a file cannot be opened */
  constructor(settings: LogSettings) {
    const { accessLog, errorLog, logJson } = settings;
    this.#settings = settings;
    if (errorLog !== "off") {
      this.#messages = new LogFile({
        flag: "--error-log",
        target: errorLog,
        standard: 2,
        isBatched: false,
        report: (message) => this.#reportItself(message),
      });
    }
    if (accessLog !== "off") {
      const report = (message: string): void => this.#log("warn", `(${process.pid}) ${message}`);
      this.#access = new LogFile({ flag: "--access-log", target: accessLog, standard: 1, isBatched: true, report });
    }
    this.colours = createColors(this.#messages?.isTerminal === true && !logJson && wantsColour(process.env));
    process.once("exit", () => this.flush()); // whoever ends the process: the application, or what it did not catch
  }

  /** For the option `log` of a server, and for the command's own lines. */
  readonly logger: Required<LoggerLike> = {
    debug: (message) => this.#log("debug", message),
    info: (message) => this.#log("info", message),
    warn: (message) => this.#log("warn", message),
    error: (message) => this.#log("error", message),
  };

  /** For the option `accessLog` of a server; JSON lines are written by `extensions`. */
  get accessLog(): false | WritableLike {
    const access = this.#access;
    if (access === undefined || this.#settings.logJson) return false;
    const write = (lines: string): void => access.write(lines);
    return { write, writeLines: write };
  }

  /** What writes access lines in JSON. */
  get extensions(): Extension[] {
    const access = this.#access;
    const { logJson, server } = this.#settings;
    if (access === undefined || !logJson) return [];
    const forwarded = server?.logXForwardedFor !== false;
    return [
      {
        name: "access log in JSON",
        onResponded: (exchange) => access.write(jsonLine(accessRecord(exchange, forwarded))),
      },
    ];
  }

  /** Opens the files anew: what was there has been renamed by logrotate. */
  reopen(): void {
    for (const file of [this.#messages, this.#access]) file?.reopen();
  }

  /** Writes what is held, at the end. */
  flush(): void {
    for (const file of [this.#access, this.#messages]) file?.end();
  }

  #log(level: Level, message: string): void {
    if (!this.#tells(level)) return;
    if (this.#settings.logJson) {
      const record = { time: new Date().toISOString(), level, pid: process.pid, message };
      this.#messages?.write(jsonLine(record));
    } else {
      this.#messages?.write(`${this.#coloured(level, logRecord(message))}\n`);
    }
  }

  /** Tells at info what the command itself has coloured. */
  announce(message: string): void {
    if (this.#settings.logJson) this.#log("info", message);
    else if (this.#tells("info")) this.#messages?.write(`${message}\n`);
  }

  #tells(level: Level): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#settings.logLevel);
  }

  #coloured(level: Level, message: string): string {
    if (level === "error") return this.colours.red(message);
    if (level === "warn") return this.colours.yellow(message);
    return level === "debug" ? this.colours.dim(message) : message;
  }

  /** The log of messages itself cannot be written: standard error is what is left, unless it is that. */
  #reportItself(message: string): void {
    if (this.#settings.errorLog === "-") this.#log("warn", `(${process.pid}) ${message}`);
    else process.stderr.write(`wsgi: (${process.pid}) ${message}\n`);
  }
}

/**
 * One line, whatever is in it: the controls that JSON allows as they are would reach the terminal of whoever reads the log, and
 * some readers take U+2028 for the end of a line.
 */
function jsonLine(record: object): string {
  const text = JSON.stringify(record);
  if (!UNSAFE_IN_JSON.test(text)) return `${text}\n`;
  return `${text.replaceAll(/[\x7f-\x9f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

const UNSAFE_IN_JSON = /[\x7f-\x9f\u2028\u2029]/;

/** https://no-color.org, and terminals that show no colour. */
function wantsColour({ NO_COLOR: noColour = "", TERM: terminal }: NodeJS.ProcessEnv): boolean {
  return noColour === "" && terminal !== "dumb";
}

/** One response as an object; names after the OpenTelemetry conventions where these have one. */
function accessRecord(exchange: Exchange, forwarded: boolean): Record<string, unknown> {
  const { endpoints, requestLine, requestHeaders, error } = exchange;
  const headers = (name: string): string[] =>
    requestHeaders.flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
  const header = (name: string): string | undefined => headers(name)[0];
  return {
    time: new Date().toISOString(),
    level: "info",
    type: "access",
    pid: process.pid,
    client: endpoints.remoteAddress,
    clientPort: endpoints.remotePort,
    forwardedFor: (forwarded && headers("x-forwarded-for").filter(Boolean).join(", ")) || undefined, // what others say of it
    scheme: endpoints.scheme,
    method: requestLine.slice(0, requestLine.indexOf(" ")), // the environ is the application's by now
    request: requestLine,
    host: header("host"),
    status: exchange.status,
    bodyBytes: exchange.bodyBytes,
    totalBytes: exchange.totalBytes,
    bytesReceived: exchange.bytesReceived,
    milliseconds: Math.round((exchange.finishTime - exchange.startTime) * 1000) / 1000,
    completed: exchange.completed,
    disconnectPhase: exchange.disconnectPhase,
    referer: header("referer"),
    userAgent: header("user-agent"),
    error: error === undefined ? undefined : messageOf(error),
  };
}
