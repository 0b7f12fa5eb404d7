// wsgi.file_wrapper: a file as a response body. PEP 3333 §"Optional Platform-Specific File Handling".
// A path, an open file, or anything with `read(size)` in; a body of bounded pieces out, closed by the server in every
// case. Knows files; it knows neither the response nor the socket.

import { type FileHandle, open } from "node:fs/promises";
import { UsageError } from "./errors.ts";

/** What PEP 3333 calls a file-like object: `read(size)` returns at most that many bytes, and nothing at the end. */
export interface FileLike {
  read(size: number): Uint8Array | string | null | Promise<Uint8Array | string | null>;
  close?(): unknown;
}

/**
 * Makes a response body of a file: a path or file URL (opened when the body is sent, with a Content-Length when the
 * application gave none), a FileHandle (read from its position), or an object with `read(size)`.
 *
 * @param blockSize bytes read at a time, default 65536
 * @throws {UsageError} BAD_BODY when the file is none of these, or the block size no whole number above 0
 */
export type FileWrapper = (file: string | URL | FileHandle | FileLike, blockSize?: number) => FileBody;

export const DEFAULT_BLOCK_SIZE = 64 * 1024;

export const fileWrapper: FileWrapper = (file, blockSize = DEFAULT_BLOCK_SIZE) => {
  if (!Number.isSafeInteger(blockSize) || blockSize <= 0) {
    throw new UsageError("BAD_BODY", `wsgi.file_wrapper: expected a block size above 0, got ${String(blockSize)}`);
  }
  if (typeof file === "string" || file instanceof URL) return new FileBody(file, undefined, blockSize);
  if (typeof file === "object" && file !== null && typeof file.read === "function") {
    return new FileBody(undefined, "fd" in file ? file : (file as FileLike), blockSize);
  }
  throw new UsageError("BAD_BODY", "wsgi.file_wrapper: expected a path, a FileHandle or an object with read(size)");
};

/** A file on its way out. */
export class FileBody implements AsyncIterable<Uint8Array | string> {
  readonly #path: string | URL | undefined;
  readonly #blockSize: number;
  #file: FileHandle | FileLike | undefined;

  constructor(path: string | URL | undefined, file: FileHandle | FileLike | undefined, blockSize: number) {
    this.#path = path;
    this.#file = file;
    this.#blockSize = blockSize;
  }

  /** Opens a path and tells its size; undefined for what was opened by others. Called before the head is sent. */
  async open(): Promise<number | undefined> {
    if (this.#path === undefined) return undefined;
    const handle = await open(this.#path, "r");
    this.#file = handle;
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new UsageError("BAD_BODY", `wsgi.file_wrapper: ${String(this.#path)} is a directory`);
    return stat.isFile() ? stat.size : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | string, void, undefined> {
    if (this.#file === undefined) await this.open();
    const file = this.#file;
    if (file === undefined) return;
    for (;;) {
      const block = "fd" in file ? await readBlock(file, this.#blockSize) : await file.read(this.#blockSize);
      if (block === null || block.length === 0) return;
      yield block;
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close?.();
  }
}

async function readBlock(handle: FileHandle, size: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(size), 0, size, null);
  return buffer.subarray(0, bytesRead);
}
