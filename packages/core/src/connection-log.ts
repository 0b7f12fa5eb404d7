// What a connection tells the operator: who was refused, who timed out, what failed. Facts in, log lines out, each with the
// process and the peer. A peer's fault is one line; anything else is told with its stack.

import type { Endpoints } from "./environ.ts";
import { ProtocolError } from "./errors.ts";
import { describeThrown, type Logger } from "./log.ts";

export class ConnectionLog {
  readonly #logger: Logger;
  readonly #endpoints: Endpoints;

  constructor(logger: Logger, endpoints: Endpoints) {
    this.#logger = logger;
    this.#endpoints = endpoints;
  }

  /** In eventlet's way. */
  get #peer(): string {
    const { remoteAddress, remotePort } = this.#endpoints;
    return `('${remoteAddress}', ${remotePort === "" ? "''" : remotePort})`;
  }

  accepted(): void {
    this.#logger.debug(`(${process.pid}) accepted ${this.#peer}`);
  }

  timedOut(): void {
    this.#logger.debug(`(${process.pid}) timed out ${this.#peer}`);
  }

  gaveWay(): void {
    this.#logger.debug(`(${process.pid}) closed ${this.#peer} for one that waits`);
  }

  refused({ status, code, message }: ProtocolError): void {
    this.#logger.info(`(${process.pid}) refused ${this.#peer} with ${status} ${code}: ${message}`);
  }

  /** @param error undefined when `what` says it all */
  failed(what: string, error: unknown): void {
    if (error instanceof ProtocolError) {
      this.#logger.info(`(${process.pid}) ${what} for ${this.#peer}: ${error.code}: ${error.message}`);
      return;
    }
    const detail = describeThrown(error);
    this.#logger.error(`(${process.pid}) ${what}${error === undefined ? "" : `: ${detail}`}`);
  }
}
