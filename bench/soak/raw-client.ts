// A connection of exact bytes: sends what it is given, keeps what comes, and can be slow or leave at any point. It knows nothing
// of HTTP.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

export class RawClient {
  readonly socket: net.Socket;
  received = "";
  #ended = false;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: net.Socket) {
    this.socket = socket;
    const wake = (): void => {
      for (const look of this.#waiting) look();
    };
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      this.received += text;
      wake();
    });
    socket.on("error", () => {}); // 'close' follows
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.#ended = true;
        wake();
      });
    }
  }

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(net.connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true }));
    await once(client.socket, "connect");
    return client;
  }

  static async connectSecurely(port: number): Promise<RawClient> {
    const client = new RawClient(tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }));
    await once(client.socket, "secureConnect");
    return client;
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Resolves once what came satisfies; rejects when the connection ends before. */
  async until(satisfies: (received: string) => boolean): Promise<string> {
    await this.#event(() => satisfies(this.received) || this.#ended);
    if (!satisfies(this.received)) throw new Error(`the connection ended after ${JSON.stringify(this.received)}`);
    return this.received;
  }

  /** Resolves with all that came when the server has closed its side. */
  async end(): Promise<string> {
    await this.#event(() => this.#ended);
    return this.received;
  }

  /** Takes no more for so many milliseconds. */
  async stall(milliseconds: number): Promise<void> {
    this.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    this.socket.resume();
  }

  /** Leaves with a FIN, and resolves when the socket is gone. */
  async leave(): Promise<void> {
    this.socket.end();
    await this.#gone(() => this.socket.destroy());
  }

  /** Leaves with a reset. */
  async reset(): Promise<void> {
    await this.#gone(() => this.socket.resetAndDestroy());
  }

  async #gone(go: () => void): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, "close");
    go();
    await closed;
  }

  #event(condition: () => boolean): Promise<void> {
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
}
