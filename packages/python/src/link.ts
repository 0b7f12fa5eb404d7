// The socket to one worker: frames out, few writes; frames in. What is sent in one turn of the event loop leaves in one write,
// so that a worker under load reads many requests at once. It knows bytes and turns, nothing of requests.

import type { Duplex } from "node:stream";
import { FrameReader, frameHead } from "./frames.ts";

export class Link {
  readonly #socket: Duplex;
  #text = "";
  #isScheduled = false;

  constructor(socket: Duplex, onFrame: (kind: number, id: number, payload: Buffer) => void) {
    this.#socket = socket;
    const reader = new FrameReader(onFrame);
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        socket.destroy(error as Error); // the worker is out of step: its process is ended with its socket
      }
    });
    socket.on("error", () => {}); // the end of the process is what counts, and tells more
  }

  /** Sends a frame whose payload is text, one byte a character. */
  send(kind: number, id: number, payload: string): void {
    this.#text += frameHead(kind, id, payload.length) + payload;
    this.#schedule();
  }

  /** Sends a frame whose payload is text, one byte a character, and bytes behind it. */
  sendBytes(kind: number, id: number, text: string, bytes: Buffer): void {
    this.#text += frameHead(kind, id, text.length + bytes.length) + text;
    if (bytes.length <= MAX_JOINED_BYTES) this.#text += bytes.toString("latin1");
    else {
      this.#write();
      if (this.#socket.writable) this.#socket.write(bytes);
    }
    this.#schedule();
  }

  /** No more is sent; the worker reads an end. */
  end(): void {
    this.#write();
    this.#socket.end();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    this.#write();
  };

  #write(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "" && this.#socket.writable) this.#socket.write(text, "latin1");
  }
}

/** Bodies up to this size are joined with the frames around them. */
const MAX_JOINED_BYTES = 4096;
