// `setTimeout()` of a request or its response: Node's timeout of the socket, for as long as it is this exchange's. Milliseconds in;
// 'timeout' on the messages, or the end of an exchange that nobody listens for, out.

import type { Socket } from "node:net";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";

export class IdleTimeout {
  readonly #request: Incoming;
  readonly #response: Outgoing;
  readonly #onUnheard: () => void;
  #onTimeout: (() => void) | undefined = undefined;

  /** @param onUnheard called when the time is over and no listener is told */
  constructor(request: Incoming, response: Outgoing, onUnheard: () => void) {
    this.#request = request;
    this.#response = response;
    this.#onUnheard = onUnheard;
  }

  /** Whether a time is set. */
  get isSet(): boolean {
    return this.#onTimeout !== undefined;
  }

  /** @param milliseconds 0 for none */
  set(socket: Socket, milliseconds: number): void {
    if (milliseconds !== 0 && this.#onTimeout === undefined) {
      this.#onTimeout = () => {
        const isTold = !this.#request.complete && this.#request.emit("timeout", socket);
        if (!this.#response.emit("timeout", socket) && !isTold) this.#onUnheard();
      };
      socket.on("timeout", this.#onTimeout);
    } else if (milliseconds === 0 && this.#onTimeout !== undefined) {
      socket.removeListener("timeout", this.#onTimeout);
      this.#onTimeout = undefined;
    }
    socket.setTimeout(milliseconds);
  }
}
