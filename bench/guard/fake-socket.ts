// A server whose one connection is memory: bytes are handed to it by a call, and what it writes is encoded and counted. It goes
// in by the public doors only, a Listener and a Duplex, so that what is measured is the whole way of a request but the
// system's part of it.

import { Duplex } from "node:stream";
import type { Listener, ListenerHandlers } from "../../packages/core/src/listener.ts";
import type { Options } from "../../packages/core/src/options.ts";
import { server } from "../../packages/core/src/server.ts";
import type { Server } from "../../packages/core/src/server-types.ts";
import type { Application } from "../../packages/core/src/types.ts";

/** A stream of which no more is used than a program sees: Node's own cost of a stream is not ours to guard. */
class FakeSocket extends Duplex {
  written = 0;
  readonly #out = Buffer.alloc(256 * 1024);

  override _read(): void {}

  override write(data: string | Uint8Array, ...rest: unknown[]): boolean {
    this.written += typeof data === "string" ? this.#out.write(data, 0, "latin1") : this.#take(data);
    const callback = rest.at(-1);
    if (typeof callback === "function") process.nextTick(callback as () => void);
    return true;
  }

  #take(data: Uint8Array): number {
    this.#out.set(data);
    return data.length;
  }
}

/** One connection of a server of this application. */
export class FakeConnection {
  readonly #socket = new FakeSocket();
  readonly #server: Server;

  constructor(application: Application, options: Options = {}) {
    let handlers: ListenerHandlers | undefined;
    const listener: Listener = {
      scheme: "http",
      ready: Promise.resolve({ kind: "tcp", host: "127.0.0.1", port: 8090, url: "http://127.0.0.1:8090" }),
      served: false,
      accept: (given) => {
        handlers = given;
      },
      close: async () => {},
    };
    this.#server = server(listener, application, { ...options, logOutput: false });
    handlers?.onConnection(this.#socket);
  }

  /** Bytes come from the client; returns how many were written to it so far. */
  receive(bytes: Buffer): number {
    this.#socket.emit("data", bytes);
    return this.#socket.written;
  }

  /** Resolves when the server wants to read. */
  async readable(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#socket.isPaused());
  }

  async close(): Promise<void> {
    await this.#server.close({ timeout: 0 });
  }
}
