// The responses of a connection that are over but not yet known to be sent, in their order; and how each is reported.
// Runs in, finished exchange records out, exactly once each. It reads the transport's books and decides nothing else.

import type { RequestRun } from "./request-run.ts";
import type { ServerContext } from "./server-context.ts";
import type { Transport } from "./transport.ts";

export class Ledger {
  readonly #transport: Transport;
  readonly #server: ServerContext;
  readonly #unsettled: RequestRun[] = [];

  constructor(transport: Transport, server: ServerContext) {
    this.#transport = transport;
    this.#server = server;
  }

  /** Whether every response that is over has been reported. */
  get isEmpty(): boolean {
    return this.#unsettled.length === 0;
  }

  /** The response is over: queued whole, broken off, or its client has gone. */
  add(run: RequestRun): void {
    this.#unsettled.push(run);
  }

  /** Reports the responses whose last byte has gone out. */
  settle(): void {
    while (this.#unsettled[0]?.record.isSent(this.#transport.bytesSent) === true) {
      this.#report(this.#unsettled.shift() as RequestRun, true);
    }
  }

  /** The socket is gone: reports everything that is left; what was not sent, the client left before. */
  abandon(reason: unknown): void {
    const { bytesSent } = this.#transport;
    for (const run of this.#unsettled.splice(0)) {
      const { record } = run;
      const isSent = record.isSent(bytesSent);
      if (!isSent && !run.broken) {
        record.disconnectPhase ??= record.isBegun(bytesSent) ? "response-body" : "before-head";
        record.error ??= reason;
      }
      this.#report(run, isSent);
    }
  }

  /** Closes the books of one response and tells the extensions. */
  #report({ record, response, broken }: RequestRun, isSent: boolean): void {
    record.completed = isSent && !broken && record.disconnectPhase === undefined;
    record.finish(this.#transport.bytesSent, this.#server.milliseconds(), response.bodyBytes, response.framingBytes);
    this.#server.onResponded(record);
  }
}
