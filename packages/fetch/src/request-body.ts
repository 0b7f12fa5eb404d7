// The body of a request: as a web stream, whose bytes are read from wsgi.input when it is read and not before, so that what nobody
// reads stays with the kernel; or whole, past the stream, which costs a tenth. An input in; a stream, or what was read, out.

import type { Environ, Input } from "@wsgi/core";

const MAX_PIECE = 64 * 1024;
const ON_DEMAND = { highWaterMark: 0 };
const UTF_8 = new TextDecoder();

/** Whether the message has a body: it said so, or middleware has put another input in place. */
export function hasBody(environ: Environ): boolean {
  const { CONTENT_LENGTH: length, REQUEST_METHOD: method } = environ;
  if (method === "GET" || method === "HEAD") return false;
  if (length !== undefined) return length !== "0";
  return environ["HTTP_TRANSFER_ENCODING"] !== undefined || environ["wsgi.input"] !== environ["eventlet.input"];
}

export class RequestBody {
  readonly #input: Pick<Input, "read" | "read1">;
  #stream: ReadableStream<Uint8Array> | undefined = undefined;
  /** Read whole, or begun to be read as a stream. */
  #used = false;

  constructor(environ: Environ) {
    this.#input = environ["wsgi.input"];
  }

  /** Whether somebody reads it, or has. */
  get used(): boolean {
    return this.#used || this.#stream?.locked === true;
  }

  /** One stream, made when it is asked for. */
  get stream(): ReadableStream<Uint8Array> {
    this.#stream ??= new ReadableStream({ type: "bytes", pull: (controller) => this.#pull(controller) }, ON_DEMAND);
    return this.#stream;
  }

  /** Reads everything and tells a stream that there is that it was read; undefined when it is in use already. */
  #readWhole(): Promise<Uint8Array> | undefined {
    if (this.used) return undefined;
    this.#used = true;
    void this.#stream?.cancel();
    return this.#input.read();
  }

  text(): Promise<string> | undefined {
    return this.#readWhole()?.then((bytes) => UTF_8.decode(bytes));
  }

  json(): Promise<unknown> | undefined {
    return this.#readWhole()?.then((bytes) => JSON.parse(UTF_8.decode(bytes)));
  }

  arrayBuffer(): Promise<ArrayBuffer> | undefined {
    return this.#readWhole()?.then((bytes) => ownBytes(bytes).buffer);
  }

  async #pull(controller: PullController): Promise<void> {
    this.#used = true;
    const bytes = await this.#input.read1(MAX_PIECE);
    if (bytes.length > 0) return controller.enqueue(ownBytes(bytes));
    controller.close();
    controller.byobRequest?.respond(0); // a reader that brought its buffer waits for it
  }
}

/** What the runtime hands to `pull` of a byte stream. */
interface PullController {
  readonly byobRequest: { respond(bytes: number): void } | null | undefined;
  enqueue(bytes: Uint8Array): void;
  close(): void;
}

/** Bytes with a buffer of their own: a byte stream takes the buffer away, and small ones of Node share theirs. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isOwn = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isOwn ? new Uint8Array(bytes.buffer as ArrayBuffer) : new Uint8Array(bytes);
}
