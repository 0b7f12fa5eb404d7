// Watches the files that an application was read from, by chokidar. Names of files in, one call for each burst of changes
// out. It knows nothing of processes.

import { dirname, resolve } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** Editors write a file in several steps. */
const SETTLE_MILLISECONDS = 30;

export class SourceWatch {
  readonly #watcher: FSWatcher;
  readonly #files = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(files: readonly string[], onChange: (file: string) => void) {
    this.#watcher = watch([], { ignoreInitial: true });
    this.#watcher.on("all", (_event, path) => {
      const file = resolve(path);
      if (!this.#files.has(file)) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => onChange(file), SETTLE_MILLISECONDS);
    });
    this.add(files);
  }

  /** The folders are watched: a file that an editor replaces is another one afterwards, and one that fails may not be there. */
  add(files: readonly string[]): void {
    for (const file of files.map((path) => resolve(path))) {
      if (this.#files.has(file)) continue;
      this.#files.add(file);
      this.#watcher.add(dirname(file));
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
  }
}
