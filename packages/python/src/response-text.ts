// The payload of a RESPONSE frame in, status, headers and the beginning of a body out. Pure. Whether they make a valid response
// is for the server to say.

import type { Header } from "@wsgi/core";
import { RESPONSE_FLAGS } from "./frames.ts";

/** What a worker says of a response when it begins. */
export interface ResponseStart {
  readonly status: string;
  readonly headers: readonly Header[];
  readonly isComplete: boolean;
  readonly hooksWait: boolean;
  readonly isSlow: boolean;
  /** The first bytes of the body, all of it when complete; of a FILE frame the place of the file. */
  readonly rest: Buffer;
}

const HEAD_BYTES = 7;
/** WSGI forbids these, but many a program asks for what is given anyway: `Connection: keep-alive`, `Keep-Alive: timeout=5`. */
function asksToKeep([name, value]: Header): boolean {
  if (name.length !== 10) return false; // both are so long
  const lower = name.toLowerCase();
  return lower === "keep-alive" || (lower === "connection" && /^keep-alive$/i.test(value));
}

/** Headers without those that ask for a connection to be kept, which is the server's to say: gunicorn leaves them out too. */
function withoutKeeping(headers: readonly Header[]): readonly Header[] {
  return headers.some(asksToKeep) ? headers.filter((header) => !asksToKeep(header)) : headers;
}

export function decodeResponse(payload: Buffer): ResponseStart {
  const count = payload.readUInt16LE(0);
  const flags = payload[2] as number;
  const end = HEAD_BYTES + payload.readUInt32LE(3);
  const strings = payload.toString("latin1", HEAD_BYTES, end).split("\0");
  const headers = new Array<Header>(count);
  for (let i = 0; i < count; i++) headers[i] = [strings[2 * i + 1] as string, strings[2 * i + 2] as string];
  return {
    status: strings[0] as string,
    headers: withoutKeeping(headers),
    isComplete: (flags & RESPONSE_FLAGS.COMPLETE) !== 0,
    hooksWait: (flags & RESPONSE_FLAGS.HOOKS_WAIT) !== 0,
    isSlow: (flags & RESPONSE_FLAGS.SLOW) !== 0,
    rest: payload.subarray(end),
  };
}

/** Pairs of a CONTINUE or HINTS frame. */
export function decodePairs(payload: Buffer): Header[] {
  if (payload.length === 0) return [];
  const strings = payload.toString("latin1").split("\0");
  return Array.from({ length: strings.length >> 1 }, (_, i) => [
    strings[2 * i] as string,
    strings[2 * i + 1] as string,
  ]);
}
