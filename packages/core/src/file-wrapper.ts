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
 * @param blockSize bytes read at a time. Default: 64 KiB; of a real file up to 256 KiB while the client keeps pace
 * @throws {UsageError} BAD_BODY when the file is none of these, or the block size no whole number above 0
 */
export type FileWrapper = (file: string | URL | FileHandle | FileLike, blockSize?: number) => FileBody;

export const DEFAULT_BLOCK_SIZE = 64 * 1024;
/** Each read is a hop to another thread and back: a file of 1 MiB takes 1.6 times the processor time in blocks of 64 KiB. */
const LARGEST_BLOCK_SIZE = 256 * 1024;
/** A client that has taken a block within this time keeps pace; what a slow one holds of our memory stays small. */
const PROMPT_MILLISECONDS = 1;

export const fileWrapper: FileWrapper = (file, blockSize) => {
  if (blockSize !== undefined && (!Number.isSafeInteger(blockSize) || blockSize <= 0)) {
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
  readonly #blockSize: number | undefined;
  #file: FileHandle | FileLike | undefined;
  /** Of a file that calls itself empty: what was in it nevertheless. */
  #first: Uint8Array | undefined = undefined;
  /** Of a regular file that was opened here. */
  #size: number | undefined = undefined;

  constructor(path: string | URL | undefined, file: FileHandle | FileLike | undefined, blockSize: number | undefined) {
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
    if (!stat.isFile()) return undefined;
    if (stat.size === 0) {
      this.#first = await readBlock(handle, this.#blockSize ?? DEFAULT_BLOCK_SIZE); // the files of /proc say 0
      return this.#first.length === 0 ? 0 : undefined;
    }
    this.#size = stat.size;
    return stat.size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | string, void, undefined> {
    if (this.#file === undefined) await this.open();
    const file = this.#file;
    if (file === undefined) return;
    if (this.#first !== undefined) yield this.#first;
    let size = this.#blockSize ?? DEFAULT_BLOCK_SIZE;
    let left = this.#size ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const asked = Math.min(size, left);
      const block = "fd" in file ? await readBlock(file, asked) : await file.read(asked);
      if (block === null || block.length === 0) return;
      left -= block.length;
      const given = performance.now();
      yield block;
      if (this.#blockSize !== undefined || !("fd" in file)) continue;
      const isPrompt = performance.now() - given < PROMPT_MILLISECONDS;
      size = isPrompt ? Math.min(size * 2, LARGEST_BLOCK_SIZE) : DEFAULT_BLOCK_SIZE;
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
