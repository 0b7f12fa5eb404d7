// Reading from one socket: through the shared read buffer where it can be had, by 'data' events else; with pauses, and rests until the
// next turn of the event loop. Bytes out by callback. It knows nothing of what they mean, nor of writing.

import type { Duplex } from "node:stream";
import type { ReadBuffer } from "./read-buffer.ts";

export interface ReadEvents {
  /**
   * Bytes arrived: the first `length` of these. False lets others have their turn before more is read.
   *
   * @param isGiven whether this memory is the receiver's from now on; else it is valid during the call only
   */
  onBytes(bytes: Buffer, length: number, isGiven: boolean): boolean;
  /** The next turn of the event loop has come after a rest. */
  onTurn(): void;
  /** The peer closed its side. */
  onEnd(): void;
  /** Whether much more is to come that will be kept. */
  readonly expectsMuch: boolean;
}

export class SocketReader {
  readonly #socket: Duplex;
  readonly #events: ReadEvents;
  readonly #readBuffer: ReadBuffer;
  #reading = false;
  /** Whether nothing more is read in this turn of the event loop. */
  #resting = false;

  constructor(socket: Duplex, events: ReadEvents, readBuffer: ReadBuffer) {
    this.#socket = socket;
    this.#events = events;
    this.#readBuffer = readBuffer;
  }

  /** Attaches to the socket and begins to read. */
  start(): void {
    const socket = this.#socket;
    const attached = this.#readBuffer.attach(socket, this);
    if (!attached) socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    // What a TLS socket decrypted while it waited for its turn is in the stream: no 'data' event will bring it. Asked for by its
    // length, as read() alone gives the first piece only from Node 26 on.
    const early: Buffer | null = attached && socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
    this.resume();
    if (early !== null) this.#onData(early);
    else if (socket.readableEnded) this.#onEnd(); // the client left while it waited, and said nothing
  }

  /** Whether bytes are asked of the peer. */
  get reading(): boolean {
    return this.#reading;
  }

  get expectsMuch(): boolean {
    return this.#reading && this.#events.expectsMuch;
  }

  pause(): void {
    if (!this.#reading) return;
    this.#reading = false;
    if (!this.#resting) this.#socket.pause();
  }

  resume(): void {
    if (this.#reading || this.#socket.destroyed) return;
    this.#reading = true;
    if (!this.#resting) this.#socket.resume();
  }

  /**
   * Reads no more in this turn of the event loop, whatever else is said: the system's loop takes up to 32 full buffers, 2 MiB, from
   * one socket before it looks at the next.
   *
   * @param isStopped whether reading has ended already, with the callback that brought the bytes
   */
  rest(isStopped = false): void {
    if (this.#resting || this.#socket.destroyed) return;
    this.#resting = true;
    if (this.#reading && !isStopped) this.#socket.pause();
    setImmediate(SocketReader.#wake, this);
  }

  static #wake(reader: SocketReader): void {
    reader.#resting = false;
    reader.#events.onTurn();
    if (reader.#reading && !reader.#resting && !reader.#socket.destroyed) reader.#socket.resume();
  }

  /** Leaves the socket as an ordinary stream, paused. */
  release(): void {
    this.pause();
    this.#readBuffer.detach(this.#socket);
    this.#socket.removeListener("data", this.#onData);
    this.#socket.removeListener("end", this.#onEnd);
  }

  /**
   * From the read buffer; false stops the reading, which costs a tenth of what `pause()` of a stream does: with that, a large upload
   * took a quarter more of processor time.
   */
  onBytes(bytes: Buffer, length: number, isGiven: boolean): boolean {
    if (this.#events.onBytes(bytes, length, isGiven)) return true;
    this.rest(true);
    return !this.#resting;
  }

  readonly #onData = (bytes: Buffer): void => {
    if (!this.#events.onBytes(bytes, bytes.length, true)) this.rest();
  };

  readonly #onEnd = (): void => {
    this.#events.onEnd();
  };
}
