// Reading every socket of a server through one reused buffer. It knows Node's internals, as only reset-socket.ts does too.
//
// `net.Socket` takes an `onread` buffer only when a program connects; for accepted sockets no public option reaches it.
// The pieces it is made of are there all the same: two symbol-keyed fields and the handle's `useUserBuffer`. They are
// looked for, and where one is missing (another runtime, a future Node, Windows, a stream that is no socket) the caller
// reads by 'data' events instead. Worth it: no allocation for each read; hello-world requests went up by a third.
//
// One buffer serves all sockets because a POSIX read is made when data is there and handed over before the next one.
// On Windows a read is begun with the buffer and completes later, so it is never shared there.

import type { Duplex } from "node:stream";

const READ_BUFFER_BYTES = 64 * 1024;

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void;
}

interface Internals {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** Who is given what was read. */
interface Reader {
  /** False stops the reading until `resume()` of the socket. */
  onBytes(bytes: Buffer, length: number): boolean;
}

type Hooked = Duplex & { [key: symbol]: unknown; _handle?: Handle | null };

export class ReadBuffer {
  readonly #bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #internals: Internals | undefined;

  /**
   * Makes the socket read into the shared buffer and tell the reader how many bytes of it are valid, during the call
   * only. A view of them for each read would cost 0.15 µs.
   *
   * @returns false where that is not to be had; then nothing was changed
   */
  attach(socket: Duplex, reader: Reader): boolean {
    const hooked = socket as Hooked;
    if (process.platform === "win32" || typeof hooked._handle?.useUserBuffer !== "function") return false;
    this.#internals ??= findInternals(hooked);
    if (this.#internals === undefined || !(this.#internals.buffer in hooked)) return false;
    const bytes = this.#bytes;
    hooked[this.#internals.buffer] = bytes;
    hooked[this.#internals.callback] = (count: number): boolean => reader.onBytes(bytes, count);
    hooked._handle.useUserBuffer(bytes);
    return true;
  }

  /** Turns an attached socket back into an ordinary stream: what is read from now on is pushed, copied. */
  detach(socket: Duplex): void {
    if (this.#internals === undefined || !(this.#internals.buffer in socket)) return;
    const bytes = this.#bytes;
    (socket as Hooked)[this.#internals.callback] = (count: number): boolean =>
      socket.push(Buffer.from(bytes.subarray(0, count)));
  }
}

function findInternals(socket: Duplex): Internals | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find((symbol) => symbol.description === "kBuffer");
  const callback = symbols.find((symbol) => symbol.description === "kBufferCb");
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
