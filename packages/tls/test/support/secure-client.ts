// Clients of node:tls that keep what came and wait for it by event, and one that only tries.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { onTestFinished } from "vitest";

export const GET = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** What came of a whole connection. */
export interface Outcome {
  /** Everything received, as latin-1. */
  readonly text: string;
  /** What ended it early. */
  readonly error: (Error & { code?: string }) | undefined;
  /** Whether the handshake was finished on the client's side, and resumed a session. */
  readonly resumed: boolean | undefined;
  readonly socket: tls.TLSSocket;
}

/** Connects, sends a request, and resolves when the connection is gone, however that came. Never rejects. */
export async function attempt(port: number, options: tls.ConnectionOptions, request = GET): Promise<Outcome> {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ...options });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let error: Error | undefined;
  let resumed: boolean | undefined;
  socket.on("secureConnect", () => {
    resumed = socket.isSessionReused();
    socket.write(request, "latin1");
  });
  socket.setEncoding("latin1").on("data", (piece) => {
    text += piece;
  });
  socket.on("error", (reason) => {
    error ??= reason;
  });
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return { text, error, resumed, socket };
}

export class SecureClient {
  readonly socket: tls.TLSSocket;
  received = "";
  ended = false;
  closed = false;
  error: (Error & { code?: string }) | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.#wake();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    socket.on("error", (error) => {
      this.error ??= error;
    });
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    onTestFinished(() => void socket.destroy());
  }

  /** Resolves when the handshake is done. */
  static async connect(port: number, options: tls.ConnectionOptions): Promise<SecureClient> {
    const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ...options });
    const client = new SecureClient(socket);
    await once(socket, "secureConnect");
    return client;
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.socket.write(data, "latin1");
    else this.socket.write(data);
  }

  /** Resolves with everything received once it matches; rejects when the connection ends before. */
  async receive(pattern: RegExp | string): Promise<string> {
    const matches = (): boolean =>
      typeof pattern === "string" ? this.received.includes(pattern) : pattern.test(this.received);
    await this.#until(() => matches() || this.ended || this.closed);
    if (!matches())
      throw new Error(
        `the connection ended before ${String(pattern).slice(0, 200)} came; got ${this.received.slice(0, 1000)}`,
      );
    return this.received;
  }

  /** Resolves with everything received when the server has closed its side or broken the connection. */
  async end(): Promise<string> {
    await this.#until(() => this.ended || this.closed);
    return this.received;
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

/** A TCP socket that is connected, for a client that does with TLS what it likes. It ends with the test. */
export async function connectPlain(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves when the connection is gone, also by a reset; what comes until then is dropped. */
export async function closed(socket: net.Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

/** The first flight of a client of node:tls, taken off the wire. */
export async function clientHello(options: tls.ConnectionOptions = {}): Promise<Buffer> {
  const trap = net.createServer();
  trap.listen(0, "127.0.0.1");
  await once(trap, "listening");
  const accepted = once(trap, "connection") as Promise<[net.Socket]>;
  const { port } = trap.address() as net.AddressInfo;
  const client = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ...options });
  client.on("error", () => {});
  const [socket] = await accepted;
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  trap.close();
  return bytes;
}
