// A server with a Python application for tests: its source in, real processes, a real socket and what they log out.

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Application } from "@wsgi/core";
import { onTestFinished } from "vitest";
import type * as core from "../../../core/src/index.ts";
import { listen, server } from "../../../core/src/index.ts";
import { type PythonApplication, type PythonOptions, pythonApplication } from "../../src/index.ts";

/** Text that is written piece by piece, and can be waited for. */
export class Log {
  text = "";
  readonly #waiting = new Set<() => void>();

  write(text: string): void {
    this.text += text;
    for (const look of this.#waiting) look();
  }

  /** Resolves with the match, now or when it has been written. */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const match = pattern.exec(this.text);
        if (match === null) return;
        this.#waiting.delete(look);
        resolve(match);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A folder of its own for Python files, removed by `remove`. */
export class Folder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "wsgi-python-")));

  /** Writes a file; its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A folder for one test. */
export function folderForTest(): Folder {
  const folder = new Folder();
  onTestFinished(() => folder.remove());
  return folder;
}

const PRELUDE = "from wsgi_checked import checked, choose\n";

/**
 * A module: functions of the source are called by the first segment of the path, each behind the validator but those in
 * `UNCHECKED`. A source with an `application` of its own stays as it is.
 */
export function moduleOf(source: string): string {
  const text = source.replace(/^\n/, "");
  return /^(application =|def application|class application)/m.test(text)
    ? PRELUDE + text
    : `${PRELUDE}${text}\napplication = choose(globals())\n`;
}

export interface ServedPython {
  readonly python: PythonApplication;
  readonly server: core.Server;
  readonly folder: Folder;
  readonly port: number;
  readonly url: string;
  readonly log: Log;
  readonly exchanges: core.Exchange[];
  close(): Promise<void>;
}

export interface ServeOptions extends Partial<PythonOptions> {
  /** Of the server. */
  readonly core?: core.Options;
  /** Puts something between the server and Python. */
  readonly around?: (python: PythonApplication) => Application;
}

/** For `python` without a server. */
export function optionsFor(folder: Folder, log: Log, options: Partial<PythonOptions> = {}): PythonOptions {
  const env = { PYTHONPATH: import.meta.dirname, PYTHONDONTWRITEBYTECODE: "1", ...options.env };
  return { app: "module", cwd: folder.path, log, ...options, env };
}

/** Writes `module.py`, starts its processes and a server; to be closed by the caller. */
export async function startPython(
  source: string,
  { core = {}, around, ...options }: ServeOptions = {},
): Promise<ServedPython> {
  const folder = new Folder();
  const log = new Log();
  folder.write("module.py", moduleOf(source));
  const python = pythonApplication(optionsFor(folder, log, options));
  const exchanges: core.Exchange[] = [];
  const recorder = { name: "recorder", onResponded: (exchange: core.Exchange) => void exchanges.push(exchange) };
  const application = (around?.(python) ?? python) as unknown as core.Application;
  const running = server(listen(["127.0.0.1", 0]), application, {
    log,
    logFormat: "%(request_line)s %(status_code)s",
    ...core,
    extensions: [...(core.extensions ?? []), recorder],
  });
  await Promise.all([running.ready, python.ready]);
  const port = running.addresses[0]?.port as number;
  const close = async (): Promise<void> => {
    await running.close({ timeout: 0 });
    await python.close();
    folder.remove();
  };
  return { python, server: running, folder, port, url: `http://127.0.0.1:${port}`, log, exchanges, close };
}

/** The same for one test, which closes it. */
export async function servePython(source: string, options: ServeOptions = {}): Promise<ServedPython> {
  const served = await startPython(source, { gracefulTimeout: 0, ...options });
  onTestFinished(() => served.close());
  return served;
}
