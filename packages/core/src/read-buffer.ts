// Reading every socket of a server through one reused buffer. It knows Node's internals, as only reset-socket.ts does too.
//
// `net.Socket` takes an `onread` buffer only when a program connects; for accepted sockets no public option reaches it.
// The pieces it is made of are there all the same: three symbol-keyed fields and the handle's `useUserBuffer`. They are
// looked for, and where one is missing (another runtime, a future Node, Windows, a stream that is no socket) the caller
// reads by 'data' events instead. Worth it: no allocation for each read; hello-world requests went up by a third.
//
// One buffer serves all sockets because a POSIX read is made when data is there and handed over before the next one.
// On Windows a read is begun with the buffer and completes later, so it is never shared there.
//
// What is read of a large body would be copied out of it. So a socket that brings one has a buffer of its own for each
// read, which is given away with what is in it, and the shared one again when it has become slow.

import type { Duplex } from "node:stream";

const READ_BUFFER_BYTES = 64 * 1024;
/** A read of fewer bytes is copied rather than given away with the whole buffer; TLS reads 16 KiB at a time. */
const LARGE_READ_BYTES = 32 * 1024;

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void;
}

interface Internals {
  readonly buffer: symbol;
  readonly callback: symbol;
  /** Called after the callback for the buffer of the next read, unless null. */
  readonly generator: symbol;
}

/** Who is given what was read. */
interface Reader {
  /**
   * The first `length` bytes are valid. False stops the reading until `resume()` of the socket.
   *
   * @param isGiven whether this memory is the reader's from now on; else it is valid during the call only
   */
  onBytes(bytes: Buffer, length: number, isGiven: boolean): boolean;
  /** Asked after a large read: whether more of the kind is to come, and to be kept. */
  readonly expectsMuch: boolean;
}

type Hooked = Duplex & { [key: symbol]: unknown; _handle?: Handle | null };

export class ReadBuffer {
  readonly #bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #internals: Internals | undefined;

  /**
   * Makes the socket read into the shared buffer and tell the reader how many bytes of it are valid. A view of them for
   * each read would cost 0.15 µs.
   *
   * @returns false where that is not to be had; then nothing was changed
   */
  attach(socket: Duplex, reader: Reader): boolean {
    const hooked = socket as Hooked;
    if (process.platform === "win32" || typeof hooked._handle?.useUserBuffer !== "function") return false;
    this.#internals ??= findInternals(hooked);
    if (this.#internals === undefined || !(this.#internals.buffer in hooked)) return false;
    const shared = this.#bytes;
    const { buffer, callback, generator } = this.#internals;
    hooked[buffer] = shared;
    hooked[callback] = (count: number, bytes: Buffer): boolean => {
      const isLarge = count >= LARGE_READ_BYTES;
      const isShared = bytes === shared;
      const goesOn = reader.onBytes(bytes, count, isLarge && !isShared);
      if (isShared && !isLarge) return goesOn;
      const next = isLarge && reader.expectsMuch ? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES) : shared;
      hooked[generator] = (): Buffer => {
        hooked[generator] = null; // so that small reads never ask
        return next;
      };
      return goesOn;
    };
    hooked._handle.useUserBuffer(shared);
    return true;
  }

  /** Turns an attached socket back into an ordinary stream: what is read from now on is pushed, copied. */
  detach(socket: Duplex): void {
    if (this.#internals === undefined || !(this.#internals.buffer in socket)) return;
    (socket as Hooked)[this.#internals.callback] = (count: number, bytes: Buffer): boolean =>
      socket.push(Buffer.from(bytes.subarray(0, count)));
  }
}

function findInternals(socket: Duplex): Internals | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (description: string): symbol | undefined =>
    symbols.find((symbol) => symbol.description === description);
  const [buffer, callback, generator] = [named("kBuffer"), named("kBufferCb"), named("kBufferGen")];
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  return { buffer, callback, generator };
}
