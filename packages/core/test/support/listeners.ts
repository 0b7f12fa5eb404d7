// Listeners whose sockets are read in different ways, and one whose sockets are not the system's at all.

import { Duplex } from "node:stream";
import { type Listener, type ListenerHandlers, listen } from "../../src/index.ts";

/** A listener on a free port whose sockets go through `change` first. */
export function listenWith(change: (socket: Duplex) => Duplex): Listener {
  const inner = listen(["127.0.0.1", 0]);
  return {
    scheme: "http",
    ready: inner.ready,
    get served() {
      return inner.served;
    },
    accept: (handlers) =>
      inner.accept({ ...wrapped(handlers), onConnection: (socket) => handlers.onConnection(change(socket)) }),
    close: () => inner.close(),
  };
}

function wrapped(handlers: ListenerHandlers): ListenerHandlers {
  return {
    logger: handlers.logger,
    onConnection: (socket, facts) => handlers.onConnection(socket, facts),
    onClose: () => handlers.onClose(),
    onError: (error) => handlers.onError(error),
  };
}

/** Sockets without the piece of Node that lets them read into a buffer of ours. */
export function withoutUserBuffer(socket: Duplex): Duplex {
  const { _handle: handle } = socket as unknown as { _handle: { useUserBuffer: unknown } };
  handle.useUserBuffer = undefined;
  return socket;
}

/** A stream that is no socket, over one. */
export function asPlainDuplex(socket: Duplex): Duplex {
  const plain = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk, encoding, callback) => void socket.write(chunk, encoding, callback),
    final: (callback) => void socket.end(callback),
    destroy: (error, callback) => {
      socket.destroy();
      callback(error);
    },
  });
  socket.on("data", (bytes) => {
    if (!plain.push(bytes)) socket.pause();
  });
  socket.on("end", () => plain.push(null));
  socket.on("error", (error) => plain.destroy(error));
  socket.on("close", () => plain.destroy());
  return plain;
}

/** The ways in which the server reads: name, listener, whether it goes through the reused buffer. */
export const READING_PATHS: readonly [name: string, makeListener: () => Listener, reused: boolean][] = [
  ["through the reused buffer", () => listen(["127.0.0.1", 0]), true],
  ["by 'data' events", () => listenWith(withoutUserBuffer), false],
  ["from a plain Duplex", () => listenWith(asPlainDuplex), false],
];

/** A listener in memory: `connect()` gives the server one end of a stream and returns how to play the other. */
export class MemoryListener implements Listener {
  readonly scheme = "http";
  readonly ready = Promise.resolve({ kind: "fd", host: "", port: 0, url: "http:memory" } as const);
  #handlers: ListenerHandlers | undefined;

  get served(): boolean {
    return this.#handlers !== undefined;
  }

  accept(handlers: ListenerHandlers): void {
    this.#handlers = handlers;
  }

  async close(): Promise<void> {
    this.#handlers?.onClose();
  }

  connect(prepare: (socket: Duplex) => void = () => {}): MemoryPeer {
    const peer = new MemoryPeer();
    prepare(peer.socket);
    this.#handlers?.onConnection(peer.socket);
    return peer;
  }

  /** Gives the server a socket of the test's own. */
  handOut(socket: Duplex): void {
    this.#handlers?.onConnection(socket);
  }

  /** Says that accepting failed. */
  failAccept(error: Error): void {
    this.#handlers?.onError(error);
  }
}

/** The client's end: takes what the server writes only when told to. */
export class MemoryPeer {
  readonly socket: Duplex;
  received = "";
  /** Whether writes are taken at once. */
  taking = true;
  /** Writes that were made. */
  writes = 0;
  #held: [chunk: Buffer, callback: () => void][] = [];

  constructor() {
    this.socket = new Duplex({
      allowHalfOpen: true,
      read: () => {},
      write: (chunk: Buffer, _encoding, callback) => {
        this.writes++;
        if (this.taking) this.#take(chunk, callback);
        else this.#held.push([chunk, callback]);
      },
    });
  }

  /** Writes that were not taken yet. */
  get held(): number {
    return this.#held.length;
  }

  send(text: string): void {
    this.socket.push(Buffer.from(text, "latin1"));
  }

  /** Sends the end of file. */
  finish(): void {
    this.socket.push(null);
  }

  /** Takes what was held back and everything to come. */
  take(): void {
    this.taking = true;
    for (const [chunk, callback] of this.#held.splice(0)) this.#take(chunk, callback);
  }

  /** Takes the next write only. */
  takeOne(): void {
    const [next] = this.#held.splice(0, 1);
    if (next !== undefined) this.#take(...next);
  }

  #take(chunk: Buffer, callback: () => void): void {
    this.received += chunk.toString("latin1");
    callback();
  }
}
