// One socket: bytes out in few writes, books on how many really went to the system, and its end. What comes in, its reader brings.
// Knows sockets and nothing of HTTP. The connection decides what is read and written; this only does it.
//
// The books: `bytesQueued` counts what was handed to this file, `bytesSent` what the system took. Both only grow, so a
// response is the span between two positions, and it is out when `bytesSent` has passed its end.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ReadBuffer } from "./read-buffer.ts";
import { resetSocket } from "./reset-socket.ts";
import { type ReadEvents, SocketReader } from "./socket-reader.ts";

/** Above this many unsent bytes nothing more is to be queued; at half of it those who wait go on. */
const HIGH_WATER_BYTES = 64 * 1024;

/** How long a peer may be silent before the system asks whether it is there; without a delay Linux refuses to ask. */
const PROBE_DELAY_MILLISECONDS = 60_000;

/** Bodies up to this size leave in one string with their head. */
const MAX_COPIED_BYTES = 2048;

/** Web streams give plain bytes, which are looked at as a Buffer in 0.1 µs. */
function latin1Of(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1");
}

export interface TransportEvents extends ReadEvents {
  /** `bytesSent` grew. */
  onProgress(): void;
  /** The socket is gone; nothing comes after this. */
  onClose(error: Error | undefined): void;
}

export class Transport {
  readonly socket: Duplex;
  readonly reader: SocketReader;
  bytesQueued = 0;
  bytesSent = 0;
  readonly #events: TransportEvents;
  /** Latin-1 text and bytes not yet written; `#text` comes after `#parts`. */
  readonly #parts: (string | Uint8Array)[] = [];
  #text = "";
  #flushed = 0;
  #closed = false;
  /** Whether the system takes what is written before the call returns: a plain socket nearly always does, TLS never. */
  #isPrompt: boolean;
  #flushIsDue = false;
  #onWritten: ((error?: Error | null) => void) | undefined = undefined;
  /** Who waits for the peer to take more. */
  #onWritable: (() => void)[] = [];
  #error: Error | undefined;

  constructor(socket: Duplex, events: TransportEvents, readBuffer: ReadBuffer) {
    this.socket = socket;
    this.#events = events;
    this.reader = new SocketReader(socket, events, readBuffer);
    this.#isPrompt = isPlain(socket);
  }

  /** Attaches to the socket and begins to read. */
  start(): void {
    this.socket.on("error", this.#onError);
    this.socket.on("close", this.#onClose);
    this.reader.start();
  }

  /** Bytes queued that the system has not taken yet. */
  get pendingBytes(): number {
    return this.bytesQueued - this.bytesSent;
  }

  /** Whether the peer has more to take than may be queued. */
  get isBehind(): boolean {
    return this.pendingBytes > HIGH_WATER_BYTES;
  }

  get closed(): boolean {
    return this.#closed || this.socket.destroyed;
  }

  /** Queues text, every character a byte. */
  writeText(text: string): void {
    this.#text += text;
    this.bytesQueued += text.length;
  }

  /**
   * Queues bytes; they must not change until they are sent. Few bytes are copied into the text, every byte a character:
   * writing one string costs 0.4 µs less than gathering a string and 1 KiB, and more from 4 KiB on.
   */
  writeBytes(bytes: Uint8Array): void {
    if (bytes.length <= MAX_COPIED_BYTES) return this.writeText(latin1Of(bytes));
    if (this.#text !== "") {
      this.#parts.push(this.#text);
      this.#text = "";
    }
    this.#parts.push(bytes);
    this.bytesQueued += bytes.length;
  }

  /** Writes what is queued, in one call of the system where it can be; true when more may be queued. */
  flush(): boolean {
    const { socket } = this;
    if (this.#flushed !== this.bytesQueued && socket.writable) this.#write(socket);
    return !this.isBehind;
  }

  /**
   * Writes what is queued by the end of this turn of the event loop: what an application gives piece by piece without
   * waiting in between leaves in one write, and nothing else could have run before. True when more may be queued.
   */
  flushSoon(): boolean {
    if (this.isBehind) return this.flush();
    if (!this.#flushIsDue) process.nextTick(Transport.#flushDue, this);
    this.#flushIsDue = true;
    return true;
  }

  static #flushDue(transport: Transport): void {
    transport.#flushIsDue = false;
    transport.flush();
  }

  /** Calls back when the peer has taken enough, or the socket is gone; a socket that broke tells so soon. */
  onceWritable(callback: () => void): void {
    if (this.#closed) callback();
    else this.#onWritable.push(callback);
  }

  /**
   * A write whose callback nobody gives costs no turn of the tick queue: 0.4 µs of a hello-world request's 10. So none is
   * given where the system takes what is written at once, as it nearly always does; where it did not after all, an empty
   * write behind the rest tells when it has.
   */
  #write(socket: Duplex): void {
    this.#flushed = this.bytesQueued;
    const text = this.#text;
    this.#text = "";
    const onWritten = this.#isPrompt ? undefined : this.#whenWritten;
    if (this.#parts.length === 0) {
      socket.write(text, "latin1", onWritten);
    } else {
      socket.cork();
      for (const part of this.#parts) socket.write(part, "latin1", onWritten);
      if (text !== "") socket.write(text, "latin1", onWritten);
      this.#parts.length = 0;
      socket.uncork();
    }
    this.#sample();
    const wasPrompt = this.#isPrompt;
    this.#isPrompt = this.bytesSent === this.#flushed;
    if (wasPrompt && !this.#isPrompt) socket.write("", this.#whenWritten);
  }

  /** Sends what is queued, then closes our side. */
  end(): void {
    this.flush();
    if (this.socket.writable) this.socket.end();
  }

  /**
   * Sends what is queued and closes both sides without waiting for the peer's end. For a peer that has no more to say only:
   * its bytes would be answered with a reset. Where the system has taken all, one call closes: it sends what it has, and its
   * FIN; that saves a new connection a sixth of its time. TLS has its own end to send before.
   *
   * @returns false where the stream offers no such thing; then nothing was closed
   */
  endAtOnce(): boolean {
    const socket = this.socket as Duplex & Partial<Pick<Socket, "destroySoon">>;
    this.flush();
    if (this.pendingBytes === 0 && isPlain(socket)) socket.destroy();
    else if (socket.destroySoon !== undefined) socket.destroySoon();
    else return false;
    return true;
  }

  /** Lets the system ask, after a minute's silence, whether the peer is still there. */
  probe(): void {
    (this.socket as Partial<Socket>).setKeepAlive?.(true, PROBE_DELAY_MILLISECONDS);
  }

  /** Closes both sides now; what is queued is lost. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Breaks the connection so that the peer cannot take what it got for the whole. */
  reset(): void {
    resetSocket(this.socket);
  }

  /** Hands the socket over as an ordinary stream; only its end is still followed. `rest` is put back to be read again. */
  release(rest: Uint8Array): Duplex {
    const { socket } = this;
    this.flush();
    this.reader.release();
    if (rest.length > 0) socket.unshift(rest);
    // As node:http does on upgrade: the next 'data' listener or pipe starts the flow again, which pause() forbids.
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    return socket;
  }

  /**
   * What the stream no longer holds, the system has: looked up right after a write and when its callback comes. A write
   * that failed is no longer held either; `errored` tells it at once, the callback and 'close' only later.
   */
  #sample(): void {
    const { socket } = this;
    if (!socket.destroyed && !socket.errored) this.bytesSent = this.#flushed - socket.writableLength;
  }

  #callWritable(): void {
    if (this.#onWritable.length === 0) return;
    const callbacks = this.#onWritable;
    this.#onWritable = [];
    for (const callback of callbacks) callback();
  }

  /** The callback of writes; made when the first is needed. */
  get #whenWritten(): (error?: Error | null) => void {
    this.#onWritten ??= (error) => {
      if (error) return; // 'close' follows
      this.#sample();
      this.#events.onProgress();
      if (this.pendingBytes <= HIGH_WATER_BYTES / 2) this.#callWritable();
    };
    return this.#onWritten;
  }

  readonly #onError = (error: Error): void => {
    this.#error = error;
  };

  readonly #onClose = (): void => {
    this.#closed = true;
    this.#events.onClose(this.#error);
    this.#callWritable();
  };
}

/** Whether it is a connection of the system itself, with nothing like TLS in between. */
function isPlain(socket: Duplex): boolean {
  return Object.getPrototypeOf(socket) === Socket.prototype;
}
