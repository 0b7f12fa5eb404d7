// A raw client for bodies too large to keep: counts what comes, stops and goes on reading at will.

import net from "node:net";
import { onTestFinished } from "vitest";

export class Download {
  readonly socket: net.Socket;
  /** Bytes received. */
  bytes = 0;
  /** The first 64 KiB, as latin-1: the head and a little more. */
  start = "";
  /** The last 64 bytes. */
  tail = Buffer.alloc(0);
  /** Whether the server closed its side properly. */
  ended = false;
  closed = false;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.bytes += bytes.length;
      if (this.start.length < 65536) this.start += bytes.toString("latin1");
      this.tail = Buffer.concat([this.tail, bytes.subarray(-64)]).subarray(-64);
      this.#wake();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Connects, sends the request and begins to read. */
  static begin(port: number, request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"): Promise<Download> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      onTestFinished(() => {
        socket.destroy();
      });
      socket.once("error", reject);
      socket.once("connect", () => {
        const download = new Download(socket);
        socket.write(request, "latin1");
        resolve(download);
      });
    });
  }

  /** Resolves once that many bytes came; rejects when the connection ends before. */
  async receive(count: number): Promise<void> {
    await this.#until(() => this.bytes >= count || this.ended || this.closed);
    if (this.bytes < count) throw new Error(`the connection ended after ${this.bytes} of ${count} bytes`);
  }

  /** Resolves when the server has closed its side or broken the connection. */
  end(): Promise<void> {
    return this.#until(() => this.ended || this.closed);
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
