// Connections to a server as a test drives them: each send arrives as a read of its own. Two kinds: a TCP socket, where
// a send waits until the server has read it, and a pushed one, a Duplex that a Listener hands out, cheap enough for
// thousands of cuts.

import { once } from "node:events";
import net from "node:net";
import { Duplex } from "node:stream";
import type { BoundAddress, Listener, ListenerHandlers } from "../../src/index.ts";

/** A client's end of a connection. */
export interface Line {
  /** What the server knows the client by: REMOTE_PORT. */
  readonly port: string;
  /** Everything received, as latin-1. */
  readonly received: string;
  /** Whether the server closed its side. */
  readonly ended: boolean;
  /** Whether the connection broke. */
  readonly broken: boolean;
  /** Sends bytes, and resolves when the server has read them or the connection is gone. */
  send(bytes: Uint8Array): Promise<void>;
  /** Closes our side, and the server's when it does not, and resolves when the connection is gone. */
  close(): Promise<void>;
}

/** Lets the event loop go round: what was written is read, and what was read is served. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How long a server that is to say or read something is given: milliseconds, and turns, which a busy machine makes long. */
const PATIENCE = 4000;
const PATIENT_TURNS = 1000;

/** Waits for a condition; not for ever, so that what a server fails to do is told as a difference. */
export async function patiently(condition: () => boolean): Promise<void> {
  const start = performance.now();
  for (let turns = 0; !condition(); turns++) {
    if (turns > PATIENT_TURNS && performance.now() - start > PATIENCE) return;
    await turn();
  }
}

/** A Listener over a Listener that knows the server's end of each connection. */
export class WatchedListener implements Listener {
  readonly scheme = "http";
  readonly ready: Promise<BoundAddress>;
  readonly #inner: Listener;
  readonly #sockets = new Map<number, net.Socket>();

  constructor(inner: Listener) {
    this.#inner = inner;
    this.ready = inner.ready;
  }

  get served(): boolean {
    return this.#inner.served;
  }

  accept(handlers: ListenerHandlers): void {
    this.#inner.accept({
      ...handlers,
      onConnection: (socket) => {
        this.#sockets.set((socket as net.Socket).remotePort as number, socket as net.Socket);
        handlers.onConnection(socket);
      },
    });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async connect(): Promise<Line> {
    const socket = net.connect({ port: (await this.ready).port, host: "127.0.0.1", allowHalfOpen: true });
    socket.setNoDelay(true);
    await once(socket, "connect");
    const port = socket.localPort as number;
    await patiently(() => this.#sockets.has(port));
    const peer = this.#sockets.get(port) as net.Socket;
    this.#sockets.delete(port);
    return new TcpLine(socket, peer);
  }
}

class TcpLine implements Line {
  readonly port: string;
  received = "";
  ended = false;
  broken = false;
  readonly #socket: net.Socket;
  readonly #peer: net.Socket;
  readonly #closed: Promise<unknown>;
  #sent = 0;

  constructor(socket: net.Socket, peer: net.Socket) {
    this.port = String(socket.localPort);
    this.#socket = socket;
    this.#peer = peer;
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", () => {
      this.broken = true;
    });
    const closed = [socket, peer].map((end) => new Promise((resolve) => end.once("close", resolve)));
    this.#closed = Promise.all(closed);
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#sent += bytes.length;
    this.#socket.write(bytes);
    await patiently(() => this.#peer.bytesRead >= this.#sent || this.#peer.destroyed || this.#socket.destroyed);
  }

  async close(): Promise<void> {
    if (this.ended) this.#socket.end();
    else this.#socket.destroy();
    await this.#closed;
  }
}

/** A Listener whose connections are made by the test, in this process. */
export class PushedListener implements Listener {
  readonly scheme = "http";
  readonly ready = Promise.resolve<BoundAddress>({ kind: "tcp", host: "192.0.2.1", port: 80, url: "http://192.0.2.1" });
  #handlers: ListenerHandlers | undefined;
  #connections = 0;

  get served(): boolean {
    return this.#handlers !== undefined;
  }

  accept(handlers: ListenerHandlers): void {
    this.#handlers = handlers;
  }

  async close(): Promise<void> {
    this.#handlers?.onClose();
  }

  connect(): PushedLine {
    this.#connections++;
    const line = new PushedLine(this.#connections);
    this.#handlers?.onConnection(line);
    return line;
  }
}

/** Both ends in one: what is pushed is read by the server, what the server writes is received. */
export class PushedLine extends Duplex implements Line {
  readonly remoteAddress = "192.0.2.2";
  readonly remotePort: number;
  received = "";
  ended = false;
  broken = false;
  readonly #gone = new Promise<void>((resolve) => this.once("close", resolve));

  constructor(remotePort: number) {
    super();
    this.remotePort = remotePort;
    this.on("error", () => {
      this.broken = true;
    });
  }

  get port(): string {
    return String(this.remotePort);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.received += bytes.toString("latin1");
    done();
  }

  override _final(done: () => void): void {
    this.ended = true;
    done();
  }

  send(bytes: Uint8Array): Promise<void> {
    if (!this.destroyed) this.push(Buffer.from(bytes));
    return turn();
  }

  close(): Promise<void> {
    if (!this.ended) this.destroy();
    else if (!this.destroyed) this.push(null);
    return this.#gone;
  }
}
