// The facts of one request and its response, gathered while they happen: what an Exchange is made of.
// A span in the transport's books tells what reached the socket. Written by the request run and the connection, read
// by extensions; it decides nothing.

import type { DisconnectPhase } from "./connection-info.ts";
import type { Endpoints, Header } from "./environ.ts";
import type { Exchange } from "./extension.ts";
import type { RequestHead } from "./request-head.ts";
import type { Environ } from "./types.ts";

export class ExchangeRecord implements Exchange {
  environ!: Environ;
  readonly endpoints: Endpoints;
  status = 0;
  headers: readonly Header[] = [];
  bodyBytes = 0;
  totalBytes = 0;
  bytesReceived = 0;
  readonly startTime: number;
  firstByteTime: number | undefined = undefined;
  finishTime = 0;
  completed = false;
  disconnectPhase: DisconnectPhase | undefined = undefined;
  error: unknown = undefined;
  readonly #head: RequestHead;
  /** Where in the transport's books the response begins. */
  readonly #startPosition: number;
  /** Where it ends, once its last byte is queued. */
  #endPosition = Number.POSITIVE_INFINITY;
  /** Bytes of interim responses, which come before it. */
  interimBytes = 0;
  headBytes = 0;

  constructor(head: RequestHead, endpoints: Endpoints, startTime: number, startPosition: number) {
    this.#head = head;
    this.endpoints = endpoints;
    this.startTime = startTime;
    this.#startPosition = startPosition;
  }

  get requestHeaders(): readonly Header[] {
    return this.#head.fields;
  }

  get requestLine(): string {
    return this.#head.requestLine;
  }

  /** The last byte is queued: the response ends at this position of the books. */
  endAt(position: number): void {
    this.#endPosition = position;
  }

  /** Whether the response's last byte has reached the socket. */
  isSent(bytesSent: number): boolean {
    return bytesSent >= this.#endPosition;
  }

  /** Whether any byte of the final response has. */
  isBegun(bytesSent: number): boolean {
    return bytesSent > this.#startPosition + this.interimBytes;
  }

  /** The first byte leaves with the last one as a rule, so nobody looks at the clock for it: only when it went before. */
  noteBegun(bytesSent: number, now: number): void {
    if (this.status !== 0 && this.isBegun(bytesSent)) this.firstByteTime ??= now;
  }

  /** Closes the books: what of the queued body bytes and the framing around them was sent. */
  finish(bytesSent: number, finishTime: number, bodyQueued: number, framingQueued: number): void {
    this.finishTime = finishTime;
    this.noteBegun(bytesSent, finishTime);
    this.totalBytes = Math.max(0, Math.min(bytesSent, this.#endPosition) - this.#startPosition);
    const payload = this.totalBytes - this.interimBytes - this.headBytes - framingQueued; // counts unsent framing: never too much
    this.bodyBytes = Math.max(0, Math.min(bodyQueued, payload));
  }
}
