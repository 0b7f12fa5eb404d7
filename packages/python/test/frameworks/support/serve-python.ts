// A Python application behind this server for the tests of one file, and what it writes. It starts and ends both.

import { join } from "node:path";
import { type Application, listen, type Options, server } from "@wsgi/core";
import { type PostHooks, postHooks } from "@wsgi/posthooks";
import { type PythonApplication, type PythonOptions, pythonApplication } from "../../../src/index.ts";

export const apps = join(import.meta.dirname, "../apps");

export interface ServeOptions {
  readonly python: Omit<PythonOptions, "log">;
  readonly server?: Options;
  /** What is put around the Python application. */
  readonly wrap?: (application: Application) => Application;
}

export class ServedPython implements AsyncDisposable {
  readonly application: PythonApplication;
  readonly hooks: PostHooks;
  /** What Python, this server and its access log have written. */
  log = "";
  port = 0;
  readonly #options: ServeOptions;
  readonly #waiting = new Set<() => void>();
  #running: ReturnType<typeof server> | undefined;

  private constructor(options: ServeOptions) {
    this.#options = options;
    const { env, ...python } = options.python;
    const quiet = { PYTHONDONTWRITEBYTECODE: "1", ...env };
    this.application = pythonApplication({ cwd: apps, ...python, env: quiet, log: this.#sink });
    this.hooks = postHooks();
  }

  static async start(options: ServeOptions): Promise<ServedPython> {
    const served = new ServedPython(options);
    await served.#listen();
    return served;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves with what matches in the log, as soon as it is there. */
  logs(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(this.log);
        if (found === null) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.close({ timeout: 5 });
    await this.application.close();
  }

  async #listen(): Promise<void> {
    await this.application.ready;
    const listener = listen(["127.0.0.1", 0]);
    const { wrap = (application: Application) => application, server: options } = this.#options;
    const application = wrap(this.application);
    this.#running = server(listener, application, { log: this.#sink, extensions: [this.hooks], ...options });
    await this.#running.ready;
    this.port = this.#running.addresses[0]?.port ?? 0;
  }

  readonly #sink = {
    write: (text: string): void => {
      this.log += text;
      for (const look of this.#waiting) look();
    },
  };
}
