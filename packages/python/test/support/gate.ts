// Where Python applications wait until the test lets them go on: a port in, who has come out.

import { once } from "node:events";
import net from "node:net";
import { onTestFinished } from "vitest";

/** For the Python side: `gate(name)` returns when the test opens. */
export const GATE = `
import os, socket

def gate(name):
    with socket.create_connection(("127.0.0.1", int(os.environ["GATE"]))) as waiting:
        waiting.sendall(name.encode())
        waiting.recv(1)
`;

export class Gate {
  /** Names of those that have come, in their order. */
  readonly names: string[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #isOpen = false;
  #look: () => void = () => {};

  private constructor(server: net.Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      socket.once("data", (name) => {
        this.names.push(name.toString());
        if (this.#isOpen) socket.end("x");
        this.#look();
      });
    });
  }

  /** A gate for one test. */
  static async make(): Promise<Gate> {
    const server = net.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const gate = new Gate(server);
    onTestFinished(() => {
      gate.open();
      server.close();
    });
    return gate;
  }

  /** For the option `env`. */
  get env(): { GATE: string } {
    return { GATE: String((this.#server.address() as net.AddressInfo).port) };
  }

  /** Resolves when so many have come. */
  async entered(count = 1): Promise<void> {
    while (this.names.length < count) {
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }

  /** Lets everybody go on, now and later. */
  open(): void {
    this.#isOpen = true;
    this.release();
  }

  /** Lets those go on that wait now. */
  release(): void {
    for (const socket of this.#sockets) socket.end("x");
  }
}
