// One request at a Python worker: its body there, its response back, in the order of the frames. An environ and startResponse in;
// a promise of a body, as an Application returns it, out. It knows what a worker says, not which one it is, nor when its turn comes.

import type { Body, Environ, Exchange, StartResponse } from "@wsgi/core";
import { PythonError } from "./errors.ts";
import { type FilePlace, PlacedFile } from "./file-place.ts";
import { FAILED_FLAGS, FROM_WORKER, REQUEST_FLAGS, RESPONSE_FLAGS, TO_WORKER, u32 } from "./frames.ts";
import { receiptOf } from "./receipt.ts";
import type { PieceSink, RequestBody } from "./request-body.ts";
import { encodeRequest } from "./request-text.ts";
import { ResponseStream, type StreamOwner } from "./response-stream.ts";
import { decodePairs, decodeResponse, type ResponseStart } from "./response-text.ts";

/** A worker, as far as an exchange talks to it. */
export interface FrameSink {
  /** Sends the receipt; resolves when the post hooks have run, with what went wrong in them. */
  runHooks(id: number, receipt: object): Promise<string>;
  send(kind: number, id: number, payload: string): void;
  sendBytes(kind: number, id: number, text: string, bytes: Buffer): void;
}

/** Methods that do nothing but read: RFC 9110 §9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Bytes of a body that were taken, told at once: a quarter of the worker's window. */
const CREDIT_BYTES = 256 * 1024;
const EMPTY = Buffer.alloc(0);

export class PythonExchange implements PieceSink, StreamOwner {
  readonly environ: Environ;
  readonly id: number;
  readonly response: Promise<Body>;
  /** Milliseconds of `performance.now()`: when it began to wait, and when its worker could begin. */
  readonly queuedAt = performance.now();
  startedAt: number | undefined = undefined;
  /** When nobody waited for the rest any more. */
  abandonedAt: number | undefined = undefined;
  /** The application took longer than a moment. */
  isSlow = false;
  /** Workers that died with it. */
  attempts = 0;
  /** The worker has post hooks of it, which wait for the receipt. */
  hooksWait = false;
  readonly #startResponse: StartResponse;
  readonly #body: RequestBody | undefined;
  #resolve!: (body: Body) => void;
  #reject!: (error: unknown) => void;
  #worker: FrameSink | undefined = undefined;
  #stream: ResponseStream | undefined = undefined;
  #hasBegun = false;
  #spokeEarly = false;
  #takenBytes = 0;
  /** Told when the worker is done with a response that may be over before. */
  #tellHooks: ((hooksWait: boolean) => void) | undefined = undefined;

  constructor(id: number, environ: Environ, startResponse: StartResponse, body: RequestBody | undefined) {
    this.id = id;
    this.environ = environ;
    this.#startResponse = startResponse;
    this.#body = body;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether the response has begun, or what came before it. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the worker waits for bytes of the client. */
  get waitsForClient(): boolean {
    return this.#body?.isReading === true;
  }

  /** Whether another worker may be given the request: nothing was said, and nothing of its body is used up. */
  get canMove(): boolean {
    const isWhole = this.#body === undefined || this.#body.whole !== undefined;
    return !this.#hasBegun && !this.#spokeEarly && isWhole;
  }

  /** Whether doing it twice does no harm. */
  get isSafe(): boolean {
    return SAFE_METHODS.has(this.environ.REQUEST_METHOD);
  }

  /** Gives the request to a worker. */
  begin(worker: FrameSink): void {
    this.#worker = worker;
    const { environ } = this;
    const body = this.#body;
    const whole = body === undefined ? EMPTY : body.whole;
    const expects = environ.HTTP_EXPECT !== undefined && whole === undefined;
    let flags = whole === undefined ? REQUEST_FLAGS.STREAMED : 0;
    if (expects) flags |= REQUEST_FLAGS.EXPECTS_CONTINUE;
    if (environ["wsgi.early_hints"] !== undefined) flags |= REQUEST_FLAGS.SPEAKS_11;
    if (Array.isArray(environ["eventlet.posthooks"])) flags |= REQUEST_FLAGS.HAS_HOOKS;
    const text = encodeRequest(environ, flags);
    if (whole === undefined || whole.length === 0) worker.send(TO_WORKER.REQUEST, this.id, text);
    else worker.sendBytes(TO_WORKER.REQUEST, this.id, text, whole);
    if (whole === undefined) void body?.forward(this, !expects);
  }

  /** Takes a frame of the worker; true when the worker is done with the request. */
  take(kind: number, payload: Buffer): boolean {
    switch (kind) {
      case FROM_WORKER.RESPONSE:
        return this.#takeResponse(decodeResponse(payload));
      case FROM_WORKER.ITEM:
        this.#stream?.push(payload);
        return false;
      case FROM_WORKER.END:
        this.#takeEnd(payload[0] as number);
        return true;
      case FROM_WORKER.FAILED:
        this.#takeFailure(payload);
        return true;
      case FROM_WORKER.FILE:
        void this.#takeFile(decodeResponse(payload));
        return false;
      case FROM_WORKER.WANT:
        this.#takeWant(payload.readUInt32LE(0));
        return false;
      case FROM_WORKER.ERRORS:
        this.environ["wsgi.errors"].write(payload.toString());
        return false;
      default:
        this.#sayEarly(kind, payload);
        return false;
    }
  }

  /** The request cannot be answered by Python, or no further: the worker died, was stuck, or none was to be had. */
  fail(error: PythonError, status: string): void {
    this.#body?.stop();
    const isWorking = error.code === "WORKER_STUCK";
    if (!isWorking) this.#tellHooks?.(false);
    if (this.#stream !== undefined) return this.#stream.fail(error);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (isWorking) this.#expectHooks();
    try {
      this.#startResponse(status, [["Content-Type", "text/plain; charset=utf-8"]]);
      this.#resolve(`${status}\r\n`);
    } catch (reason) {
      this.#reject(reason);
    }
  }

  /** It failed with an error that the server knows what to do with. */
  reject(error: unknown): void {
    this.#hasBegun = true;
    this.#body?.stop();
    this.#reject(error);
  }

  // ---- what the worker says --------------------------------------------------------------------------------------

  #takeResponse(start: ResponseStart): boolean {
    this.isSlow = start.isSlow;
    if (!this.#start(start)) return start.isComplete;
    if (!start.isComplete) {
      this.#expectHooks();
      this.#stream = new ResponseStream(this);
      this.#stream.push(start.rest);
      this.#resolve(this.#stream);
      return false;
    }
    this.#body?.stop();
    this.#takeHooks(start.hooksWait);
    this.#resolve(start.rest);
    return true;
  }

  /** False when the server refuses what the application said. */
  #start({ status, headers, isComplete }: ResponseStart): boolean {
    if (this.#hasBegun) return false; // it was answered without the worker
    this.#hasBegun = true;
    try {
      this.#startResponse(status, headers);
      return true;
    } catch (error) {
      this.#body?.stop();
      if (!isComplete) this.abandoned();
      this.#reject(error);
      return false;
    }
  }

  #takeEnd(flags: number): void {
    this.isSlow = (flags & RESPONSE_FLAGS.SLOW) !== 0;
    this.#body?.stop();
    this.#takeHooks((flags & RESPONSE_FLAGS.HOOKS_WAIT) !== 0);
    this.#stream?.end();
  }

  #takeFailure(payload: Buffer): void {
    const flags = payload[0] as number;
    const traceback = payload.toString("utf8", 1);
    const clientError = (flags & FAILED_FLAGS.CLIENT) !== 0 ? this.#body?.error : undefined;
    const error = clientError ?? new PythonError("APPLICATION_FAILED", lastLine(traceback), traceback);
    this.#body?.stop();
    this.#takeHooks((flags & FAILED_FLAGS.HOOKS_WAIT) !== 0);
    if (this.#stream !== undefined) this.#stream.fail(error);
    else if (!this.#hasBegun) this.reject(error);
  }

  async #takeFile(start: ResponseStart): Promise<void> {
    const file = await PlacedFile.open(JSON.parse(start.rest.toString()) as FilePlace).catch(() => undefined);
    this.#worker?.send(TO_WORKER.FILE_TAKEN, this.id, file === undefined ? "\0" : "\x01");
    const [, length] = start.headers.find(([name]) => name.toLowerCase() === "content-length") ?? [];
    if (length !== undefined) file?.limit(Number(length)); // as for a range
    const isLengthDue = file !== undefined && length === undefined;
    const headers = isLengthDue ? [...start.headers, contentLength(file.size)] : start.headers;
    if (!this.#start({ ...start, headers, isComplete: file !== undefined })) {
      await file?.close();
    } else if (file !== undefined) {
      this.#expectHooks();
      this.#resolve(this.environ["wsgi.file_wrapper"](file));
    } else {
      this.#expectHooks();
      this.#stream = new ResponseStream(this);
      this.#resolve(this.#stream);
    }
  }

  /** A response that has begun is sent first: a read before its head would send 100 Continue. */
  #takeWant(bytes: number): void {
    const body = this.#body;
    if (this.#hasBegun) setImmediate(() => body?.grant(bytes));
    else body?.grant(bytes);
  }

  /** 100 Continue and 103 Early Hints. */
  #sayEarly(kind: number, payload: Buffer): void {
    if (this.#hasBegun) return;
    this.#spokeEarly = true;
    try {
      if (kind === FROM_WORKER.HINTS) return this.environ["wsgi.early_hints"]?.(decodePairs(payload));
      const input = this.environ["eventlet.input"];
      input.setHundredContinueResponseHeaders(decodePairs(payload));
      input.sendHundredContinueResponse();
    } catch (error) {
      this.environ["wsgi.errors"].write(`an interim response was not sent: ${String(error)}\n`);
    }
  }

  /** A hook of the server's runs Python's, when the response is over. */
  #takeHooks(hooksWait: boolean): void {
    this.hooksWait = hooksWait;
    if (this.#tellHooks !== undefined) this.#tellHooks(hooksWait);
    else if (hooksWait) this.#pushHook((environ) => this.#runHooks(environ));
  }

  /** The response may be over before the worker is, as that to HEAD, or a file: what waits there is known at its end. */
  #expectHooks(): void {
    if (!Array.isArray(this.environ["eventlet.posthooks"])) return;
    const end = new Promise<boolean>((resolve) => {
      this.#tellHooks = resolve;
    });
    this.#pushHook(async (environ) => {
      if (await end) await this.#runHooks(environ);
    });
  }

  #pushHook(hook: (environ: Environ) => Promise<void>): void {
    (this.environ["eventlet.posthooks"] as unknown[]).push([hook]);
  }

  async #runHooks(environ: Environ): Promise<void> {
    const receipt = receiptOf(environ["wsgi.exchange"] as Exchange);
    const faults = await (this.#worker as FrameSink).runHooks(this.id, receipt);
    if (faults !== "") throw new PythonError("HOOK_FAILED", undefined, faults);
  }

  // ---- what the body of the request and that of the response say ---------------------------------------------------

  sendPiece(piece: Buffer): void {
    this.#worker?.sendBytes(TO_WORKER.BODY_PIECE, this.id, "", piece);
  }

  bodyFailed(reason: string): void {
    this.#abort(reason);
  }

  taken(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes < CREDIT_BYTES) return;
    this.#worker?.send(TO_WORKER.CREDIT, this.id, u32(this.#takenBytes));
    this.#takenBytes = 0;
  }

  abandoned(): void {
    this.#abort("the client has left, or the response is complete without the rest");
  }

  #abort(reason: string): void {
    this.abandonedAt ??= performance.now();
    this.#worker?.sendBytes(TO_WORKER.ABORT, this.id, "", Buffer.from(reason));
  }
}

function contentLength(size: number): readonly [string, string] {
  return ["Content-Length", String(size)];
}

function lastLine(text: string): string {
  const lines = text.trimEnd().split("\n");
  return lines[lines.length - 1] as string;
}
