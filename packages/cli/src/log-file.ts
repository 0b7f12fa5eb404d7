// One destination of log lines: a file, standard output or standard error. Lines in, bytes out, by sonic-boom.
//
// A log that cannot be written never harms a request. Lines are held as long as there is room, tried again, and then lost:
// somebody else is told when that begins, and how many were lost when it ends.

import { closeSync, openSync } from "node:fs";
import sonicBoom, { type SonicBoom, type SonicBoomOpts } from "sonic-boom";
import { CommandError, messageOf } from "./errors.ts";

export interface LogFileOptions {
  /** The flag that names it, for messages. */
  readonly flag: string;
  /** A path, or `-` for the standard stream. */
  readonly target: string;
  readonly standard: 1 | 2;
  /** Whether lines are written together: a call of the system for each would be what they cost most. */
  readonly isBatched: boolean;
  /** Told in words what happens to the lines. */
  readonly report: (message: string) => void;
}

/** Lines that are written together to a file. Files that are opened to append take any size in one piece. */
const FILE_BATCH_BYTES = 16 * 1024;
/** The same to a pipe: what is larger than POSIX's PIPE_BUF may be mixed with what other workers write. */
const PIPE_BATCH_BYTES = 4096;
const RETRY_MILLISECONDS = 100;
/** How much waits for a disk or a reader that does not take it, before lines are dropped. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
/** How long the end waits for a reader that is slow. */
const END_MILLISECONDS = 1000;

export class LogFile {
  readonly isTerminal: boolean;
  readonly #options: LogFileOptions;
  readonly #stream: SonicBoom;
  readonly #isFile: boolean;
  readonly #isBatched: boolean;
  #failing = false;
  #told = false;
  /** Lines since a write that succeeded: those that wait, and those there was no room for. */
  #held = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #waitsUntil = 0;
  /** Lines not yet given to the stream, which takes 2 µs for each call. */
  #batch = "";

  /** @throws {CommandError} when a file cannot be opened */
  constructor(options: LogFileOptions) {
    const { flag, target, standard, isBatched } = options;
    this.#options = options;
    this.#isFile = target !== "-";
    this.isTerminal = !this.#isFile && (standard === 1 ? process.stdout : process.stderr).isTTY === true;
    this.#isBatched = isBatched && !this.isTerminal;
    try {
      this.#stream = new sonicBoom.SonicBoom({
        ...(this.#isFile ? { dest: target, append: true, mkdir: true } : { fd: standard }),
        sync: true, // a bad name is an error of the start, and nothing is out of order or lost at exit
        minLength: this.#isBatched ? 1 : 0, // it is given what is to be written at once; with 0 its flush() does nothing
        maxLength: MAX_HELD_BYTES,
        retryEAGAIN: () => performance.now() < this.#waitsUntil, // a reader that is slow must not stop the server
      } as SonicBoomOpts);
    } catch (error) {
      throw new CommandError(`${flag}: cannot open ${target}: ${messageOf(error)}`, { cause: error });
    }
    this.#stream.on("error", (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#stream.on("drop", (text: string) => {
      this.#lost += countLines(text);
    });
    this.#stream.on("drain", () => this.#onDrain());
  }

  /** @param lines one or more, whole */
  write(lines: string): void {
    this.#held += countLines(lines);
    const most = this.#isFile ? FILE_BATCH_BYTES : PIPE_BATCH_BYTES;
    let rest = lines;
    while (this.#batch.length + rest.length > most) {
      const end = rest.lastIndexOf("\n", most - this.#batch.length - 1) + 1;
      const isTooLong = end === 0 && this.#batch === ""; // a line as long as that goes alone
      const taken = isTooLong ? rest.indexOf("\n") + 1 || rest.length : end;
      this.#batch += rest.slice(0, taken);
      rest = rest.slice(taken);
      this.#passOn();
    }
    this.#batch += rest;
    if (this.#isBatched) this.#flushLater();
    else this.#passOn();
  }

  #passOn(): void {
    const text = this.#batch;
    this.#batch = "";
    if (text !== "") this.#stream.write(text);
  }

  /** Opens the file anew: what was there has been renamed by logrotate. */
  reopen(): void {
    if (!this.#isFile) return;
    const { target } = this.#options;
    this.#passOn();
    try {
      closeSync(openSync(target, "a")); // a failure of sonic-boom's own would close the old one twice, later
      this.#stream.reopen();
    } catch (error) {
      this.#tell(`cannot be opened again: ${messageOf(error)}; going on with the old one`);
    }
  }

  /** Writes what is held, at the end. */
  end(): void {
    clearTimeout(this.#timer);
    this.#waitsUntil = performance.now() + END_MILLISECONDS;
    try {
      this.#passOn();
      this.#stream.flushSync();
    } catch {
      if (this.#held > 0) this.#tell(`cannot be written: ${this.#held} lines were lost`);
      this.#held = 0;
    }
  }

  #onError(error: NodeJS.ErrnoException): void {
    this.#flushLater();
    this.#failing = true;
    if (this.#told || error.code === "EAGAIN") return; // a reader that is slow: nothing is lost yet
    this.#told = true;
    this.#tell(`cannot be written: ${messageOf(error)}`);
  }

  #onDrain(): void {
    this.#held = 0;
    if (!this.#failing) return;
    const lost = this.#lost;
    const wasTold = this.#told;
    this.#failing = this.#told = false;
    this.#lost = 0;
    if (lost > 0) this.#tell(`is written again: ${lost} lines were lost`);
    else if (wasTold) this.#tell("is written again: nothing was lost");
  }

  #flushLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#passOn();
      this.#stream.flush(); // without waiting for the disk, which flushSync does
    }, RETRY_MILLISECONDS).unref();
  }

  #tell(what: string): void {
    const { flag, target, report } = this.#options;
    report(`${flag} ${target} ${what}`);
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
