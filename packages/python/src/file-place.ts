// A file that a Python application has open: the place that its worker told in, the same file opened here out. So its bytes do not
// go through Python. It opens nothing that is not the very file that the worker holds, by device and inode.

import { type FileHandle, open } from "node:fs/promises";
import type { FileLike } from "@wsgi/core";

/** Where a worker's file is: paths to try, and what the file there must be. */
export interface FilePlace {
  readonly paths: readonly string[];
  readonly offset: number;
  readonly device: number;
  readonly inode: number;
}

const EMPTY = new Uint8Array(0);

/** A file to be sent from where the application had read it to. */
export class PlacedFile implements FileLike {
  /** Bytes from the offset to the end, when it was opened. */
  readonly size: number;
  readonly #handle: FileHandle;
  #position: number;
  #end: number;

  private constructor(handle: FileHandle, position: number, size: number) {
    this.#handle = handle;
    this.#position = position;
    this.size = size;
    this.#end = position + size;
  }

  /** No more than so many bytes are sent. */
  limit(bytes: number): void {
    this.#end = Math.min(this.#end, this.#position + bytes);
  }

  /** Undefined when none of the paths leads to the file. */
  static async open({ paths, offset, device, inode }: FilePlace): Promise<PlacedFile | undefined> {
    for (const path of paths) {
      const handle = await open(path, "r").catch(() => undefined);
      if (handle === undefined) continue;
      const stat = await handle.stat();
      if (stat.dev === device && stat.ino === inode && stat.isFile()) {
        return new PlacedFile(handle, offset, Math.max(stat.size - offset, 0));
      }
      await handle.close();
    }
    return undefined;
  }

  async read(size: number): Promise<Uint8Array> {
    const length = Math.min(size, this.#end - this.#position);
    if (length <= 0) return EMPTY;
    const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafeSlow(length), 0, length, this.#position);
    this.#position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
