// Where lines go: two streams, one for access lines and one for everything else; to files, standard output or nowhere; as
// text or as JSON. Settings in, loggers for the server out. Lines in, bytes to files out, by sonic-boom.
//
// A log that cannot be written never harms a request: what is lost is counted and told when writing works again.

import type { Environ, Exchange, Extension, LoggerLike } from "@wsgi/core";
import pc from "picocolors";
import sonicBoom, { type SonicBoom, type SonicBoomOpts } from "sonic-boom";
import { CommandError, messageOf } from "./errors.ts";

export type Level = "debug" | "info" | "warn" | "error";
const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

export interface LogSettings {
  readonly accessLog: string;
  readonly errorLog: string;
  readonly logJson: boolean;
  readonly logLevel: Level;
}

export class LogOutput {
  readonly #settings: LogSettings;
  readonly #messages: LogFile;
  readonly #access: LogFile | undefined;

  /** @throws {CommandError} when a file cannot be opened */
  constructor(settings: LogSettings) {
    this.#settings = settings;
    this.#messages = new LogFile("--error-log", settings.errorLog, 2, false);
    this.#access = settings.accessLog === "off" ? undefined : new LogFile("--access-log", settings.accessLog, 1, true);
  }

  /** For the option `log` of a server, and for the command's own lines. */
  readonly logger: Required<LoggerLike> = {
    debug: (message) => this.#log("debug", message),
    info: (message) => this.#log("info", message),
    warn: (message) => this.#log("warn", message),
    error: (message) => this.#log("error", message),
  };

  /** For the option `accessLog` of a server; JSON lines are written by `extensions`. */
  get accessLog(): false | { write(text: string): void } {
    const access = this.#access;
    return access === undefined || this.#settings.logJson ? false : { write: (text) => access.write(text) };
  }

  /** What writes access lines in JSON. */
  get extensions(): Extension[] {
    const access = this.#access;
    if (access === undefined || !this.#settings.logJson) return [];
    return [
      {
        name: "access log in JSON",
        onResponded: (exchange) => access.write(`${JSON.stringify(accessRecord(exchange))}\n`),
      },
    ];
  }

  /** Opens the files anew: what was there has been renamed by logrotate. */
  reopen(): void {
    for (const file of [this.#messages, this.#access]) file?.reopen();
  }

  /** Writes what is held. */
  flush(): void {
    for (const file of [this.#messages, this.#access]) file?.flush();
  }

  #log(level: Level, message: string): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#settings.logLevel)) return;
    if (this.#settings.logJson) {
      const record = { time: new Date().toISOString(), level, pid: process.pid, message };
      this.#messages.write(`${JSON.stringify(record)}\n`);
    } else {
      this.#messages.write(`${this.#messages.isTerminal ? coloured(level, message) : message}\n`);
    }
  }
}

function coloured(level: Level, message: string): string {
  if (level === "error") return pc.red(message);
  if (level === "warn") return pc.yellow(message);
  return level === "debug" ? pc.dim(message) : message;
}

/** One response as an object; names after the OpenTelemetry conventions where these have one. */
function accessRecord(exchange: Exchange): Record<string, unknown> {
  const { endpoints, requestLine, requestHeaders, environ, error } = exchange;
  const header = (name: string): string | undefined => requestHeaders.find(([key]) => key.toLowerCase() === name)?.[1];
  return {
    time: new Date().toISOString(),
    level: "info",
    type: "access",
    pid: process.pid,
    client: endpoints.remoteAddress,
    clientPort: endpoints.remotePort,
    scheme: endpoints.scheme,
    method: (environ as Environ).REQUEST_METHOD,
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

/** Access lines are written together: a call of the system for each would be what they cost most. */
const BATCH_BYTES = 4096;
const BATCH_MILLISECONDS = 100;
/** How much waits for a disk that does not take it, before lines are dropped. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** One destination. */
class LogFile {
  readonly isTerminal: boolean;
  readonly #stream: SonicBoom;
  readonly #isFile: boolean;
  readonly #isBatched: boolean;
  #lost = 0;
  #failing = false;
  #flushTimer: NodeJS.Timeout | undefined;

  constructor(flag: string, target: string, standard: 1 | 2, isBatched: boolean) {
    this.#isFile = target !== "-" && target !== "off";
    this.isTerminal = !this.#isFile && (standard === 1 ? process.stdout : process.stderr).isTTY === true;
    this.#isBatched = isBatched && !this.isTerminal;
    try {
      this.#stream = new sonicBoom.SonicBoom({
        ...(this.#isFile ? { dest: target, append: true, mkdir: true } : { fd: standard }),
        sync: true, // a bad name is an error of the start, and nothing is out of order or lost at exit
        minLength: this.#isBatched ? BATCH_BYTES : 0,
        maxLength: MAX_HELD_BYTES,
      } as SonicBoomOpts);
    } catch (error) {
      throw new CommandError(`${flag}: cannot open ${target}: ${messageOf(error)}`, { cause: error });
    }
    this.#stream.on("error", () => {
      this.#failing = true; // a full disk, a closed pipe: the application's users must not notice
    });
    this.#stream.on("drop", () => {
      this.#lost++;
    });
    this.#stream.on("drain", () => {
      this.#failing = false;
    });
  }

  write(text: string): void {
    try {
      if (this.#lost > 0 && !this.#failing) {
        const lost = this.#lost;
        this.#lost = 0;
        this.#stream.write(`(${process.pid}) ${lost} log lines were lost: they could not be written\n`);
      }
      this.#stream.write(text);
      if (this.#isBatched) this.#flushTimer ??= setTimeout(this.#flushBatch, BATCH_MILLISECONDS).unref();
    } catch {
      this.#lost++;
    }
  }

  readonly #flushBatch = (): void => {
    this.#flushTimer = undefined;
    this.flush();
  };

  reopen(): void {
    if (this.#isFile) this.#stream.reopen();
  }

  flush(): void {
    try {
      this.#stream.flushSync();
    } catch {
      // nobody is left to tell
    }
  }
}
