// One request on its way through a listener: between the messages that Node's listeners know and what WSGI asks of an application.
// Calls of the messages in; startResponse, write and a body, or the error of a listener, out. It owns neither the socket nor the
// bytes: a response that is complete when the listener returns leaves without a promise.

import type { Socket } from "node:net";
import type { Body, Environ, Header, Item, StartResponse, Write } from "@wsgi/core";
import { aborted, BodyPull } from "./body-pull.ts";
import { IdleTimeout } from "./idle-timeout.ts";
import { type Incoming, type IncomingSource, makeIncoming } from "./incoming.ts";
import { type Ending, makeOutgoing, type Outgoing, type OutgoingSink, type Written } from "./outgoing.ts";
import { PacedOutput } from "./paced-output.ts";
import { emitClose, hasAudience, whenSent } from "./sent.ts";

/** Complete bodies up to this size leave with their head; larger ones at the client's pace. */
const MAX_WHOLE_LENGTH = 64 * 1024;

/** What a listener made of its request. */
type Outcome = { readonly body: Body } | { readonly error: unknown };

export class NodeExchange implements IncomingSource, OutgoingSink {
  readonly environ: Environ;
  readonly request: Incoming;
  readonly response: Outgoing;
  ending: Ending | undefined = undefined;
  readonly #startResponse: StartResponse;
  readonly #socketOf: (environ: Environ) => Socket | null;
  readonly #body: BodyPull;
  readonly #output: PacedOutput;
  #timeout: IdleTimeout | undefined = undefined;
  #statusLine = "";
  #headers: Header[] = [];
  #write: Write | undefined = undefined;
  /** The listener's part is over: complete, failed, or the client gone. */
  #over = false;
  /** 'finish' was emitted, or never will be: the response has no socket any more. */
  #detached = false;
  #closesAfterwards = false;
  #finished: Written | undefined = undefined;
  #outcome: Outcome | undefined = undefined;
  #settle: ((outcome: Outcome) => void) | undefined = undefined;

  constructor(environ: Environ, startResponse: StartResponse, socketOf: (environ: Environ) => Socket | null) {
    this.environ = environ;
    this.#startResponse = startResponse;
    this.#socketOf = socketOf;
    this.request = makeIncoming(environ, this);
    this.#body = new BodyPull(environ, this.request, (error) => {
      if (!this.#over) this.fail(error);
    });
    this.response = makeOutgoing(this.request, this);
    this.#output = new PacedOutput(this.response);
  }

  /** Calls the listener; what the application returns, or throws. */
  run(listener: (request: Incoming, response: Outgoing) => unknown): Body | Promise<Body> {
    try {
      const result = listener(this.request, this.response);
      if (isPromise(result)) result.then(undefined, (error) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
    const outcome = this.#outcome;
    if (outcome === undefined) return this.#later();
    if ("error" in outcome) throw outcome.error;
    return outcome.body;
  }

  #later(): Promise<Body> {
    const signal = this.environ["wsgi.signal"];
    const onAbort = (): void => this.#abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const promise = new Promise<Body>((resolve, reject) => {
      this.#settle = (outcome) => {
        if ("error" in outcome) return reject(outcome.error);
        resolve(outcome.body);
        void promise.then(() => this.#afterLastWrite()); // behind the server, which waits for it too
      };
    });
    if (signal.aborted) onAbort();
    return promise;
  }

  /** The listener threw or rejected. */
  fail(error: unknown): void {
    if (this.#over) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.environ["wsgi.errors"].write(`the listener failed after its response was over: ${text}\n`);
      return;
    }
    this.#end({ error });
    this.request.destroy();
    this.#close();
  }

  #end(outcome: Outcome): void {
    this.#over = true;
    this.#outcome = outcome;
    if (this.#timeout?.isSet === true) this.setTimeout(0);
    if (this.#settle !== undefined) this.#settle(outcome);
    else if ("body" in outcome) this.#afterLastWrite(); // in this turn the server has it, and has written it at its end
  }

  // ---- for the request -----------------------------------------------------------------------------------------

  get socket(): Socket | null {
    return this.#detached || this.ending !== undefined ? null : this.#socketOf(this.environ);
  }

  pull(): void {
    this.#body.pull();
  }

  onDestroyed(error: Error | null): boolean {
    if (!this.#body.onDestroyed(error)) return false;
    this.onGivenUp();
    return true;
  }

  // ---- for the response ----------------------------------------------------------------------------------------

  /** Whether the end of the response has to wait for a listener that goes on reading. */
  get #isReadOn(): boolean {
    return !this.#closesAfterwards && this.#body.isReadOn;
  }

  onHead(statusLine: string, headers: Header[], contentLength: string | undefined): void {
    const { response } = this;
    this.#statusLine = statusLine;
    this.#headers = headers;
    // Node says nothing of a length to HEAD here, though it knows it as well as for GET.
    const length = response._contentLength;
    if (contentLength === undefined && this.request.method === "HEAD" && length !== null && length > 0) {
      headers.push(["Content-Length", String(length)]);
    }
    this.#closesAfterwards = headers.some(([name, value]) => name === "Connection" && value === "close");
  }

  onPiece(piece: Item, written: Written | undefined): boolean {
    const write = this.#over ? undefined : this.#begin();
    return write !== undefined && this.#output.push(write, piece, written);
  }

  get needDrain(): boolean {
    return this.#output.needDrain;
  }

  onEnd({ piece, finished }: Ending): void {
    if (this.#over) return;
    this.#finished = finished ?? (() => {});
    this.response.emit("prefinish");
    const isWhole = this.#write === undefined && (piece === undefined || piece.length <= MAX_WHOLE_LENGTH);
    if (isWhole && !this.#isReadOn) return this.#endWhole(piece);
    if (this.#write === undefined && piece !== undefined) this.#declareLength(piece);
    const write = this.#begin();
    if (write === undefined) return;
    if (piece !== undefined) this.#output.pushLast(write, piece);
    const end = (): void => {
      if (!this.#over) this.#end({ body: [] });
    };
    if (this.#isReadOn) this.#body.onceEnded(end);
    else end();
  }

  /** Nothing was sent before: head and body leave together. */
  #endWhole(piece: Item | undefined): void {
    try {
      this.#startResponse(this.#statusLine, this.#headers);
    } catch (error) {
      return this.fail(error);
    }
    // A list has a length, which would be told; nobody knows what the answer to HEAD would have had.
    const isUnknown = piece === undefined && this.request.method === "HEAD";
    this.#end({ body: isUnknown ? new Set<Item>() : piece === undefined ? [] : [piece] });
  }

  #declareLength(piece: Item): void {
    if (this.#headers.some(([name]) => name.toLowerCase() === "content-length")) return;
    const length = typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    this.#headers.push(["Content-Length", String(length)]);
  }

  /** Calls startResponse for a response that comes bit by bit; undefined when the server refuses it. */
  #begin(): Write | undefined {
    try {
      this.#write ??= this.#startResponse(this.#statusLine, this.#headers);
      return this.#write;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  onInterim(status: number, headers: Header[]): void {
    const { environ } = this;
    if (this.#statusLine !== "") return; // it would come before the head that was decided already
    try {
      if (status === 100) environ["eventlet.input"].sendHundredContinueResponse();
      else if (status === 103) environ["wsgi.early_hints"]?.(headers);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "INTERIM_TOO_LATE") throw error; // Node lets it pass
    }
  }

  /** Breaks the connection off, while it is this request's. */
  onGivenUp(): void {
    if (this.#over) return;
    const { connection } = this.environ["eventlet.input"];
    if (connection !== undefined) connection.socket.destroy();
    else this.fail(new Error("the listener destroyed its request or response"));
  }

  setTimeout(milliseconds: number): void {
    const socket = this.environ["eventlet.input"].connection?.socket as Socket | undefined;
    if (typeof socket?.setTimeout !== "function" || (this.#over && milliseconds !== 0)) return;
    this.#timeout ??= new IdleTimeout(this.request, this.response, () => this.onGivenUp());
    this.#timeout.set(socket, milliseconds);
  }

  // ---- how it ends ---------------------------------------------------------------------------------------------

  #afterLastWrite(): void {
    this.#output.afterLast(
      () => process.nextTick(NodeExchange.#conclude, this),
      () => this.#close(),
    );
  }

  /** The server has it all: 'finish' comes when the system has, too. */
  static #conclude(exchange: NodeExchange): void {
    const socket = exchange.environ["eventlet.input"].connection?.socket;
    whenSent(
      socket,
      () => exchange.#finish(),
      () => exchange.#close(),
    );
  }

  /** 'finish', the end of a request that nobody read, and 'close', in Node's order. */
  #finish(): void {
    const { request, response } = this;
    this.#detached = true;
    this.#finished?.();
    if (!request._consuming && !request.destroyed && hasAudience(request)) this.#body.dump();
    process.nextTick(emitClose, response);
  }

  /** The client has left, or the listener broke off. */
  #abort(reason: unknown): void {
    if (this.#over) return;
    this.#end({ error: reason });
    if (!this.request.destroyed) this.request.destroy(aborted());
    this.#close();
  }

  #close(): void {
    this.#detached = true;
    emitClose(this.response);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
