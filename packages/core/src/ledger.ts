// The responses of a connection that are over but not yet known to be sent, in their order; and how each is reported.
// Runs in, finished exchange records out, exactly once each. It reads the transport's books and decides nothing else.

import type { RequestRun } from "./request-run.ts";
import type { ServerContext } from "./server-context.ts";
import type { Transport } from "./transport.ts";

export class Ledger {
  readonly #transport: Transport;
  readonly #server: ServerContext;
  /** The oldest that is not reported; nearly always the only one. */
  #first: RequestRun | undefined = undefined;
  /** Those after it. Made when it is needed: an array is larger than all else that a quiet connection keeps here. */
  #others: RequestRun[] | undefined = undefined;

  constructor(transport: Transport, server: ServerContext) {
    this.#transport = transport;
    this.#server = server;
  }

  /** Whether every response that is over has been reported. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** The response is over: queued whole, broken off, or its client has gone. */
  add(run: RequestRun): void {
    if (this.#first === undefined) this.#first = run;
    else if (this.#others === undefined) this.#others = [run];
    else this.#others.push(run);
  }

  /** Reports the responses whose last byte has gone out: together, those that did so in one write. */
  settle(): void {
    if (this.#first === undefined) return;
    const { bytesSent } = this.#transport;
    const now = this.#server.milliseconds();
    for (let run: RequestRun | undefined = this.#first; run !== undefined; run = this.#first) {
      if (!run.record.isSent(bytesSent)) return run.record.noteBegun(bytesSent, now);
      this.#first = this.#others?.shift();
      this.#report(run, true, now);
    }
  }

  /** The socket is gone: reports everything that is left; what was not sent, the client left before. */
  abandon(reason: unknown): void {
    const { bytesSent } = this.#transport;
    const now = this.#server.milliseconds();
    const left = this.#first === undefined ? [] : [this.#first, ...(this.#others ?? [])];
    this.#first = undefined;
    this.#others = undefined;
    for (const run of left) {
      const { record } = run;
      const isSent = record.isSent(bytesSent);
      if (!isSent && !run.broken) {
        record.disconnectPhase ??= record.isBegun(bytesSent) ? "response-body" : "before-head";
        record.error ??= reason;
      }
      this.#report(run, isSent, now);
    }
  }

  /** Closes the books of one response and tells the extensions. */
  #report({ record, response, broken }: RequestRun, isSent: boolean, now: number): void {
    record.completed = isSent && !broken && record.disconnectPhase === undefined;
    record.finish(this.#transport.bytesSent, now, response.bodyBytes, response.framingBytes);
    this.#server.onResponded(record);
  }
}
