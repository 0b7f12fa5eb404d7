// The body of a request on its way into an IncomingMessage: pulled from `wsgi.input` when the message asks, one piece at a time, so that
// the rest stays with the client. Its end, its trailers and its faults become the message's. It knows no response.

import type { Environ } from "@wsgi/core";
import { addFields, hasBody, type Incoming } from "./incoming.ts";

/** Bytes asked of the client at a time. */
const PIECE_BYTES = 64 * 1024;

export class BodyPull {
  readonly #environ: Environ;
  readonly #request: Incoming;
  readonly #hasBody: boolean;
  readonly #onFailed: (error: Error) => void;
  #reading = false;
  /** What the end of the body, however it ends, lets go on. */
  #onEnd: (() => void) | undefined = undefined;
  /** A fault of the client's in the body, which can be answered. */
  #fault: Error | undefined = undefined;

  /** @param onFailed told of a fault that nobody listens for */
  constructor(environ: Environ, request: Incoming, onFailed: (error: Error) => void) {
    this.#environ = environ;
    this.#request = request;
    this.#onFailed = onFailed;
    this.#hasBody = hasBody(environ);
    if (!this.#hasBody) request.complete = true;
  }

  pull(): void {
    const request = this.#request;
    if (this.#reading || request.destroyed) return;
    if (!this.#hasBody) return void request.push(null);
    this.#reading = true;
    this.#environ["wsgi.input"].read1(PIECE_BYTES).then(this.#onBytes, this.#onFault);
  }

  /** Whether the listener goes on reading: the server would drop the body once the response is over. */
  get isReadOn(): boolean {
    const request = this.#request;
    if (!this.#hasBody || request.complete || request.destroyed) return false;
    return this.#reading || request.readableFlowing === true;
  }

  /** Calls back when there is nothing more to read. */
  onceEnded(callback: () => void): void {
    this.#onEnd = callback;
  }

  /** The message is destroyed before its end; true unless that was for a fault that is to be answered. */
  onDestroyed(error: Error | null): boolean {
    if (error !== null && error === this.#fault) return false;
    this.#goOn();
    return true;
  }

  /** Ends a message that nobody has read: what came is the server's to drop. */
  dump(): void {
    const request = this.#request;
    this.#reading = true;
    request.complete = true;
    request.removeAllListeners("data");
    request._readableState.readingMore = false;
    request._consuming = true;
    request.push(null);
    request.resume();
  }

  readonly #onBytes = (bytes: Uint8Array): void => {
    const request = this.#request;
    this.#reading = false;
    if (request.destroyed) return this.#goOn();
    if (bytes.length > 0) return void request.push(bytes);
    request.complete = true;
    addFields(request, this.#environ["wsgi.input"].trailers ?? []);
    request.push(null);
    this.#goOn();
  };

  /** The body is malformed, too large or too slow, or the client has left, or the response is over. */
  readonly #onFault = (error: Error): void => {
    const request = this.#request;
    this.#reading = false;
    const isTold = request.listenerCount("error") > 0;
    if (error.name === "ProtocolError") {
      this.#fault = error;
      request.destroy(error);
      if (!isTold) this.#onFailed(error);
    } else if (!request.destroyed) request.destroy(aborted());
    this.#goOn();
  };

  #goOn(): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.();
  }
}

/** Node's error for a connection that is gone. */
export function aborted(): Error {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}
