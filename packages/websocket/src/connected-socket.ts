// The WebSocket that a handler is given: that of ws, with `wait()`, iteration and a `send()` that can be awaited, as eventlet's users
// know them. Messages come in by ws's own events and go out in their order; those that nobody has asked for yet are bounded in
// number, and then the client has to wait.

import type { Environ } from "@wsgi/core";
import { WebSocket } from "ws";

/** Text, or bytes. */
export type Message = string | Buffer;

/** Messages that wait for a handler; beyond them nothing is read from the client. */
const MAX_WAITING = 16;

export class ConnectedSocket extends WebSocket {
  /** The environ of the request that opened it. */
  environ!: Environ;
  readonly #messages: Message[] = [];
  /** What sends were rejected with. */
  readonly #losses = new WeakSet<Error>();
  readonly #waiters: ((message: Message | undefined) => void)[] = [];

  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    super.on("message", (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    super.on("close", () => this.#conclude());
  }

  /** The next message, text as a string; undefined when the connection closes. For handlers without 'message' listeners. */
  wait(): Promise<Message | undefined> {
    const message = this.#messages.shift();
    if (this.isPaused && this.#messages.length < MAX_WAITING) this.resume();
    if (message !== undefined) return Promise.resolve(message);
    if (this.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Messages until the connection closes; it is closed when the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    try {
      for (let message = await this.wait(); message !== undefined; message = await this.wait()) yield message;
    } finally {
      if (this.readyState === WebSocket.OPEN) this.close(1000);
    }
  }

  /**
   * Sends a message. The promise resolves when the system has taken it, so that awaiting it keeps the client's pace, and rejects when
   * the connection closes before; it need not be awaited.
   */
  override send(data: Parameters<WebSocket["send"]>[0], ...rest: unknown[]): Promise<void> {
    const callback = rest.find((one) => typeof one === "function") as ((error?: Error) => void) | undefined;
    const options = rest.find((one) => typeof one === "object" && one !== null) as object | undefined;
    const sent = new Promise<void>((resolve, reject) => {
      super.send(data, options ?? {}, (error) => {
        callback?.(error);
        if (error) this.#losses.add(error);
        if (error) reject(error);
        else resolve();
      });
    });
    sent.catch(() => {});
    return sent;
  }

  /** As in ws, which calls it, too, when the client has closed: from then on no message is waited for. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    this.#conclude();
  }

  #conclude(): void {
    for (const resolve of this.#waiters.splice(0)) resolve(undefined);
  }

  /** Whether an error only says that the connection closed before something was sent. */
  isLoss(error: unknown): boolean {
    return error instanceof Error && this.#losses.has(error);
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.readyState !== WebSocket.OPEN) return;
    if (this.listenerCount("message") > 1) return; // the handler listens itself
    const message = isBinary ? data : data.toString();
    const resolve = this.#waiters.shift();
    if (resolve !== undefined) return resolve(message);
    this.#messages.push(message);
    if (this.#messages.length >= MAX_WAITING) this.pause();
  }
}
