// A raw client: exact bytes out, what came in, waited for by event.

import net from "node:net";
import { onTestFinished } from "vitest";

export class Client {
  readonly socket: net.Socket;
  /** Everything received, as latin-1. */
  received = "";
  /** Whether the server closed its side. */
  ended = false;
  closed = false;
  error: Error | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      this.#wake();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    socket.on("error", (error) => {
      this.error = error;
      this.#wake();
    });
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static connect(target: number | string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const options = typeof target === "number" ? { port: target, host: "127.0.0.1" } : { path: target };
      const socket = net.connect({ ...options, allowHalfOpen: true });
      const client = new Client(socket);
      onTestFinished(() => {
        socket.destroy();
      });
      socket.once("connect", () => resolve(client));
      socket.once("error", reject);
    });
  }

  /** Sends text as latin-1 bytes, or bytes. */
  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.socket.write(data, "latin1");
    else this.socket.write(data);
  }

  /** Sends and waits until the system took it. */
  sendAll(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (typeof data === "string") this.socket.write(data, "latin1", done);
      else this.socket.write(data, done);
    });
  }

  /** Resolves with everything received once it matches; rejects when the connection ends before. */
  async receive(pattern: RegExp | string): Promise<string> {
    const matches = (): boolean =>
      typeof pattern === "string" ? this.received.includes(pattern) : pattern.test(this.received);
    await this.#until(() => matches() || this.ended || this.closed);
    if (!matches()) throw new Error(`the connection ended before ${String(pattern)} came; got ${this.received}`);
    return this.received;
  }

  /** Resolves with everything received when the server has closed its side or broken the connection. */
  async end(): Promise<string> {
    await this.#until(() => this.ended || this.closed);
    return this.received;
  }

  /** Resolves when something more has come; rejects when the connection ends before. */
  async more(): Promise<void> {
    const { length } = this.received;
    await this.#until(() => this.received.length > length || this.ended || this.closed);
    if (this.received.length === length) throw new Error(`the connection ended; got ${this.received}`);
  }

  /** Closes our sending side only. */
  finish(): void {
    this.socket.end();
  }

  /** Leaves: FIN, nothing read any more. */
  leave(): void {
    this.socket.destroy();
  }

  /** Leaves with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}
