// Notices that files have changed: names of files in, one call for each change that has settled. It knows nothing of what
// is in them.
//
// It looks instead of waiting for file events: an event of a folder does not tell that a symbolic link further up was
// swapped, as Kubernetes does with secrets and certbot with its archive, and network file systems tell nothing at all.

import { type Stats, unwatchFile, watchFile } from "node:fs";

export class FileWatch {
  readonly #files: readonly string[];
  readonly #intervalMilliseconds: number;
  readonly #onChange: () => void;
  #settling: NodeJS.Timeout | undefined;

  /** @param interval seconds between two looks; a change is told when for as long no other came */
  constructor(files: readonly string[], interval: number, onChange: () => void) {
    this.#files = files;
    this.#intervalMilliseconds = Math.ceil(interval * 1000);
    this.#onChange = onChange;
  }

  /** Begins to look; it keeps no process alive. */
  start(): void {
    const options = { interval: this.#intervalMilliseconds, persistent: false };
    for (const file of this.#files) watchFile(file, options, this.#onStats);
    this.#settle(); // what changed between the first reading and now has no event
  }

  stop(): void {
    clearTimeout(this.#settling);
    for (const file of this.#files) unwatchFile(file, this.#onStats);
  }

  /** A renewal writes certificate and key one after the other: both are there when it has been quiet. */
  readonly #onStats = (current: Stats, previous: Stats): void => {
    // The time of the inode tells of `chmod`, and of a copy that kept size and time of the old file.
    if (current.ino !== previous.ino || current.ctimeMs !== previous.ctimeMs) this.#settle();
  };

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(this.#onChange, this.#intervalMilliseconds).unref();
  }
}
