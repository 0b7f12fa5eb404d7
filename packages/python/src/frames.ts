// What crosses the socket between this process and a Python worker: frames. Bytes in, frames out, and back. The same table
// stands in python/_wsgi_worker/frames.py, and a test keeps the two equal. It knows neither requests nor sockets.

/** A frame's head, little-endian: u32 length of the payload, u32 number of the request, u8 kind. */
export const FRAME_HEAD_BYTES = 9;

/** Kinds of frames to a worker. */
export const TO_WORKER = Object.freeze({
  /** Pairs of the environ u16, of headers u16, flags u8, length of the text u32, of PATH_INFO in it u32; the text; the whole body. */
  REQUEST: 0x52,
  /** Bytes of the request's body; none at its end. */
  BODY_PIECE: 0x44,
  /** Nobody waits for the response any more; the payload says why. */
  ABORT: 0x58,
  /** So many more bytes (u32) of the response's body may be sent. */
  CREDIT: 0x43,
  /** Whether the file of a FILE frame was opened: one byte, 0 or 1. */
  FILE_TAKEN: 0x46,
  /** JSON: what became of the response; the post hooks may run. */
  RECEIPT: 0x54,
  /** Say which files the application was read from. */
  LIST_FILES: 0x4d,
  /** Finish what is there, then end. */
  QUIT: 0x51,
});

/** Kinds of frames from a worker. */
export const FROM_WORKER = Object.freeze({
  /** JSON: the application is loaded. */
  READY: 0x50,
  /** JSON: why it is not. */
  NOT_LOADED: 0x55,
  /** Pairs of headers u16, flags u8, length of the text u32; the text; the first bytes of the body. */
  RESPONSE: 0x48,
  /** Bytes of the response's body. */
  ITEM: 0x42,
  /** The response is complete: flags u8. */
  END: 0x45,
  /** As RESPONSE, and JSON of where the body is to be read from. */
  FILE: 0x4c,
  /** Flags u8, 1 when the client was at fault, 2 when post hooks wait; then the traceback. */
  FAILED: 0x41,
  /** So many more bytes (u32) of the request's body may be sent. */
  WANT: 0x4e,
  /** Send 100 Continue with these headers. */
  CONTINUE: 0x4b,
  /** Send 103 Early Hints with these headers. */
  HINTS: 0x49,
  /** Text for wsgi.errors. */
  ERRORS: 0x57,
  /** JSON: a list of paths. */
  FILES: 0x6d,
  /** The post hooks of a request have run; the payload tells of those that failed. */
  HOOKS_DONE: 0x4f,
});

/** Flags of a REQUEST. */
export const REQUEST_FLAGS = Object.freeze({ STREAMED: 1, EXPECTS_CONTINUE: 2, SPEAKS_11: 4, HAS_HOOKS: 8 });
/** Flags of a RESPONSE and of an END. */
export const RESPONSE_FLAGS = Object.freeze({ COMPLETE: 1, HOOKS_WAIT: 2, SLOW: 4 });
/** Flags of a FAILED. */
export const FAILED_FLAGS = Object.freeze({ CLIENT: 1, HOOKS_WAIT: 2 });

/** Bytes of a request's body that may be on their way to the application. */
export const INPUT_WINDOW = 256 * 1024;

/** No frame of a worker is longer: bodies come in pieces. What says otherwise is not a worker. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** The head of a frame as latin-1 characters: requests are put together as text, which one write then encodes. */
export function frameHead(kind: number, id: number, length: number): string {
  return String.fromCharCode(
    length & 255,
    (length >>> 8) & 255,
    (length >>> 16) & 255,
    length >>> 24,
    id & 255,
    (id >>> 8) & 255,
    (id >>> 16) & 255,
    id >>> 24,
    kind,
  );
}

/** A whole number as four latin-1 characters. */
export function u32(value: number): string {
  return String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

/** Longer items are given away in parts, as they come: a join would copy every byte of a download. */
const MAX_JOINED_ITEM_BYTES = 4096;

/**
 * Takes bytes apart into frames. Payloads are views of what came, and the receiver's from then on. A frame comes out whole, but
 * for a long ITEM: its bytes are those of a body, where nothing depends on the pieces, so each part comes out as an ITEM at once.
 */
export class FrameReader {
  readonly #onFrame: (kind: number, id: number, payload: Buffer) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Bytes that the frame which has begun needs; a head's worth while its length is not known. */
  #needed = FRAME_HEAD_BYTES;
  /** Bytes that are to come of an item that is given away in parts, and its request. */
  #itemBytes = 0;
  #itemId = 0;

  constructor(onFrame: (kind: number, id: number, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws {RangeError} when what came is no frame of a worker */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#restBytes > 0) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      if (this.#restBytes < this.#needed) return; // joined once, however many pieces it comes in
      bytes = this.#join();
    }
    let at = this.#takeItemPart(bytes, 0);
    this.#needed = FRAME_HEAD_BYTES;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUInt32LE(at);
      if (length > MAX_FRAME_BYTES) throw new RangeError(`expected a frame of at most ${MAX_FRAME_BYTES} bytes`);
      const kind = bytes[at + 8] as number;
      const id = bytes.readUInt32LE(at + 4);
      const start = at + FRAME_HEAD_BYTES;
      const end = start + length;
      if (end > bytes.length) {
        if (kind === FROM_WORKER.ITEM && length > MAX_JOINED_ITEM_BYTES) {
          this.#itemBytes = length;
          this.#itemId = id;
          at = this.#takeItemPart(bytes, start);
        } else {
          this.#needed = end - at;
        }
        break;
      }
      at = end;
      this.#onFrame(kind, id, bytes.subarray(start, end));
    }
    if (at === bytes.length) return;
    const rest = bytes.subarray(at);
    this.#rest.push(rest);
    this.#restBytes = rest.length;
  }

  #join(): Buffer {
    const bytes = Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    return bytes;
  }

  /** Gives away what has come of an item; returns where it ends. */
  #takeItemPart(bytes: Buffer, start: number): number {
    const end = Math.min(start + this.#itemBytes, bytes.length);
    if (end === start) return start;
    this.#itemBytes -= end - start;
    this.#onFrame(FROM_WORKER.ITEM, this.#itemId, bytes.subarray(start, end));
    return end;
  }
}
