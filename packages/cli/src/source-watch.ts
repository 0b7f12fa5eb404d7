// Watches the files that an application was read from, by chokidar. Names of files in, one call for each burst of changes
// out. It knows nothing of processes.

import { existsSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** Editors write a file in several steps. */
const SETTLE_MILLISECONDS = 30;
/**
 * How often files are looked at besides: a change may come before its folder is watched, and volumes of containers and
 * network file systems tell of none.
 */
const LOOK_MILLISECONDS = 1000;

export class SourceWatch {
  readonly #watcher: FSWatcher;
  /** With the time of the last change that is known. */
  readonly #files = new Map<string, number>();
  readonly #looks: NodeJS.Timeout;
  readonly #onChange: (file: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(files: readonly string[], onChange: (file: string) => void) {
    this.#onChange = onChange;
    // Folders without what is below them: the folder of a project holds node_modules.
    this.#watcher = watch([], { ignoreInitial: true, depth: 0 });
    this.#watcher.on("all", (_event, path) => this.#notice(resolve(path)));
    this.#watcher.on("error", () => {}); // a folder that cannot be watched: the others can
    this.add(files);
    this.#looks = setInterval(() => this.#look(), LOOK_MILLISECONDS).unref();
  }

  /**
   * The folders are watched: a file that an editor replaces is another one afterwards, and one that was looked for in vain
   * may appear.
   */
  add(files: readonly string[]): void {
    for (const file of files.map((path) => resolve(path))) {
      if (this.#files.has(file)) continue;
      this.#files.set(file, changedAt(file));
      this.#watcher.add(nearestFolder(file));
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearInterval(this.#looks);
    await this.#watcher.close();
  }

  #notice(path: string): void {
    if (this.#files.has(path)) this.#report(path);
    // A folder on the way to a file that was looked for in vain; the file may be in it already.
    for (const file of this.#files.keys()) {
      if (!file.startsWith(path + sep)) continue;
      this.#watcher.add(nearestFolder(file));
      if (existsSync(file)) this.#report(file);
    }
  }

  #look(): void {
    for (const [file, known] of this.#files) if (changedAt(file) !== known) this.#report(file);
  }

  #report(file: string): void {
    this.#files.set(file, changedAt(file));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onChange(file), SETTLE_MILLISECONDS);
  }
}

/** Milliseconds since the epoch; 0 when the file is not there. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function nearestFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
