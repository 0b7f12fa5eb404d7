// Where the server's words go: eventlet's `log` option. A logger, or a thing with `write`, in; one Logger out.
// Knows nothing of requests; the access log is an extension of its own (access-log.ts).

import type { EventEmitter } from "node:events";
import { inspect } from "node:util";
import { logRecord } from "./log-record.ts";
import { atTurnEnd } from "./turn-end.ts";

/** A logger: `console` and the loggers of most libraries fit. Without `warn` or `error`, `info` is used. */
export interface LoggerLike {
  info(message: string): void;
  debug(message: string): void;
  warn?(message: string): void;
  error?(message: string): void;
}

/** A thing with `write`, such as `process.stderr` or a file stream. Debug messages are not written to it. */
export interface WritableLike {
  /** Gets one record with its line end; or text of an application, which may be without. A stream gets more at a time, as below. */
  write(text: string): unknown;
  /** Gets the lines of the access log instead, all of a turn of the event loop in one call: half of what a line costs is its call. */
  writeLines?(lines: string): unknown;
}

export interface Logger {
  info(message: string): void;
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** Text without a line end added: `wsgi.errors`. */
  write(text: string): void;
}

/** What `log` was made into. */
export interface ServerLogger extends Logger {
  /** Whole lines that need no care, several at a time; undefined where each goes alone. */
  readonly writeLines: ((lines: string) => void) | undefined;
}

/** What was thrown, for people: it may be anything, and showing it must not throw. */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.stack ?? thrown.message);
    return typeof thrown === "string" ? thrown : inspect(thrown);
  } catch {
    return "something that cannot be shown";
  }
}

const ignore = (): void => {};

/** A logger that drops everything: `logOutput: false`. */
export const SILENT: ServerLogger = Object.freeze({
  info: ignore,
  debug: ignore,
  warn: ignore,
  error: ignore,
  write: ignore,
  writeLines: ignore,
});

/**
 * Makes one Logger of whatever the `log` option holds. A log that throws, rejects or emits errors never harms a request. A
 * logger gets messages as they are: it knows its own format. To what has `write`, each goes as one record.
 */
export function resolveLogger(log: LoggerLike | WritableLike | undefined): ServerLogger {
  hearErrors(process.stderr, ignore); // warnings go there, too: that it fails, nobody can be told
  if (log === undefined) return writingLogger(new LineBatch(process.stderr), ignore);
  const warn = makeWarn();
  if (!isLogger(log)) {
    hearErrors(log, warn);
    return writingLogger(log, warn);
  }
  const info = guarded((message) => log.info(message), warn);
  return {
    info,
    debug: guarded((message) => log.debug(message), warn),
    warn: guarded((message) => (log.warn === undefined ? log.info(message) : log.warn(message)), warn),
    error: guarded((message) => (log.error === undefined ? log.info(message) : log.error(message)), warn),
    write: (text) => info(text.replace(/\n$/, "")),
    writeLines: undefined,
  };
}

/** Whether `log` is a logger: it has `info` and `debug`. */
function isLogger(log: unknown): log is LoggerLike {
  const { info, debug } = log as Partial<Record<keyof LoggerLike, unknown>>;
  return typeof info === "function" && typeof debug === "function";
}

/** Told what a log failed with. */
type Warn = (error: unknown) => void;

/** A log that fails may do so for every line: its operator is told once in so long. */
const WARNING_INTERVAL_MILLISECONDS = 60_000;

function makeWarn(): Warn {
  let next = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (now < next) return;
    next = now + WARNING_INTERVAL_MILLISECONDS;
    process.emitWarning(`the log threw: ${describeThrown(error).split("\n")[0]}`, {
      type: "WsgiWarning",
      code: "WSGI_LOG_THREW",
    });
  };
}

/** A stream tells by an event that its disk is full or its reader gone, and one that nobody hears ends the process. */
function hearErrors(log: WritableLike, warn: Warn): void {
  const { on, listeners } = log as Partial<EventEmitter>;
  if (typeof on !== "function" || typeof listeners !== "function") return;
  if (listeners.call(log, "error").some((listener) => LISTENER in listener)) return; // of another server with this log
  on.call(
    log,
    "error",
    Object.assign((error: unknown) => warn(error), { [LISTENER]: true }),
  );
}

/** Marks the listeners of this file. */
const LISTENER = Symbol("log");

function writingLogger(stream: WritableLike, warn: Warn): ServerLogger {
  const writeText = guarded((text) => stream.write(text), warn);
  const write = (text: string): void => writeText(logRecord(text));
  const writeLine = (message: string): void => write(`${message}\n`);
  const writeLines =
    typeof stream.writeLines === "function"
      ? guarded((lines) => stream.writeLines?.(lines), warn)
      : isStream(stream)
        ? writeText
        : undefined;
  return { info: writeLine, debug: ignore, warn: writeLine, error: writeLine, write, writeLines };
}

/** Whether text is only bytes to it, however it is cut. */
function isStream(log: WritableLike): boolean {
  return typeof (log as Partial<EventEmitter>).on === "function";
}

/** @param call what it returns may be a promise, though nobody waits for it */
function guarded(call: (text: string) => unknown, warn: Warn): (text: string) => void {
  return (text) => {
    try {
      const result = call(text);
      if (typeof result === "object" && result !== null) Promise.resolve(result).catch(warn);
    } catch (error) {
      warn(error);
    }
  };
}

/** How much may wait. */
const BATCH_LENGTH = 16 * 1024;

/**
 * Joins the lines of one turn of the event loop into one write: writing to stderr is synchronous, and a write for each
 * request is what an access log costs most.
 */
class LineBatch implements WritableLike {
  readonly #stream: WritableLike;
  #text = "";
  #isDue = false;

  constructor(stream: WritableLike) {
    this.#stream = stream;
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= BATCH_LENGTH) return this.#flush();
    if (this.#isDue) return;
    this.#isDue = true;
    atTurnEnd(this.#onTurnEnd);
  }

  writeLines(lines: string): void {
    this.write(lines);
  }

  readonly #onTurnEnd = (): void => {
    this.#isDue = false;
    this.#flush();
  };

  #flush(): void {
    const text = this.#text;
    this.#text = "";
    try {
      if (text !== "") this.#stream.write(text);
    } catch {
      // a full disk, as some versions of Node tell it
    }
  }
}
