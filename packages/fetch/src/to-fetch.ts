// toFetch(): a WSGI application as a Fetch handler, for any runtime and for tests without a socket. PEP 3333 "The Server/Gateway
// Side". It puts the parts together: Request → environ → application → startResponse and a body → Response. It imports no runtime
// and nothing of the core but types: the core's index brings sockets.

import type { Application, Environ, Header, StartResponse } from "@wsgi/core";
import { describeThrown, FetchError, isPromise, show } from "./errors.ts";
import { makeResponse } from "./fast-response.ts";
import { buildEnviron } from "./fetch-environ.ts";
import { FetchInput } from "./fetch-input.ts";
import { bytesOf, OutgoingBody } from "./outgoing-body.ts";
import { checkStart, type Started } from "./start-response.ts";

/** Options of `toFetch`; `Rest` are the arguments that the runtime gives after the Request. */
export interface ToFetchOptions<Rest extends unknown[] = unknown[]> {
  /** Keys for every environ, or a function that makes them for a Request: REMOTE_ADDR, bindings. They replace what is there. */
  readonly environ?:
    | Readonly<Record<string, unknown>>
    | ((request: Request, ...rest: Rest) => Readonly<Record<string, unknown>>);
  /** Where `wsgi.errors` goes, and what went wrong. Default `console.error`. */
  readonly log?: (text: string) => void;
  /** What an application throws before its response began: false, answered with 500; true, thrown to the caller. Default false. */
  readonly throwErrors?: boolean;
}

const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a Fetch handler of a WSGI application.
 *
 * @throws {FetchError} BAD_APPLICATION, BAD_OPTION
 */
export function toFetch<Rest extends unknown[] = unknown[]>(
  application: Application,
  options: ToFetchOptions<Rest> = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { environ: extra = {}, log = (text) => console.error(text), throwErrors = false } = options;
  if (typeof application !== "function") throw new FetchError("BAD_APPLICATION", `got ${show(application)}`);
  if (typeof log !== "function") throw new FetchError("BAD_OPTION", `log: expected a function, got ${show(log)}`);
  if (extra === null || (typeof extra !== "object" && typeof extra !== "function")) {
    throw new FetchError("BAD_OPTION", `environ: expected an object or a function, got ${show(extra)}`);
  }
  const write = (text: string): void => log(text.replace(/\n$/, ""));
  const errors = { write, flush: () => {}, writelines: (lines: Iterable<string>) => write([...lines].join("")) };
  const base = { errors, keys: new Map<string, string>() };
  return async (request, ...rest) => {
    const input = new FetchInput(request.body, request.signal);
    const environ = buildEnviron(request, input, base, wrapFile);
    Object.assign(environ, typeof extra === "function" ? extra(request, ...rest) : extra);
    const report = (error: unknown): void => log(`the application failed: ${describeThrown(error)}`);
    const run = new Run(environ, request.method === "HEAD", input, report);
    try {
      return await run.answer(application);
    } catch (error) {
      run.body.close();
      if (throwErrors) throw error;
      report(error);
      return new Response(null, { status: 500, statusText: "Internal Server Error" });
    }
  };
}

/** One request being answered. */
class Run {
  readonly body: OutgoingBody;
  readonly #environ: Environ;
  readonly #isHead: boolean;
  readonly #input: FetchInput;
  #started: Started | undefined = undefined;
  #isSent = false;
  /** Called when the application writes: the response begins before it has returned. */
  #onWrite: () => void = () => {};

  constructor(environ: Environ, isHead: boolean, input: FetchInput, report: (error: unknown) => void) {
    this.#environ = environ;
    this.#isHead = isHead;
    this.#input = input;
    this.body = new OutgoingBody(report);
  }

  async answer(application: Application): Promise<Response> {
    const returned: unknown = application(this.#environ, this.#startResponse);
    if (!isPromise(returned) && !this.#isWriting) return this.#complete(returned) ?? (await this.#begin(returned));
    const writes = new Promise<void>((resolve) => {
      this.#onWrite = resolve;
    });
    if (this.#isWriting) this.#onWrite();
    const settled = Promise.resolve(returned).then((value) => {
      const whole = this.#isWriting ? undefined : this.#complete(value);
      if (whole === undefined) this.body.takeBody(value);
      return whole;
    });
    const whole = await Promise.race([settled, writes]);
    if (whole !== undefined) return whole;
    settled.catch((error) => this.body.takeBody(failing(error))); // the head is out: the body fails
    return await this.#respond();
  }

  #isWriting = false;

  readonly #startResponse: StartResponse = (status, headers: Iterable<Header>, excInfo) => {
    if (this.#started !== undefined) {
      if (excInfo === undefined || excInfo === null) throw new FetchError("RESPONSE_ALREADY_STARTED");
      if (this.#isSent) throw excInfo;
    }
    this.#started = checkStart(status, headers);
    return async (item) => {
      this.#isWriting = true;
      const written = this.body.write(item);
      this.#onWrite();
      await written;
    };
  };

  /** A body that is there as a whole, as a Response with its length; undefined for any other. */
  #complete(body: unknown): Response | undefined {
    const items = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
    if (!Array.isArray(items) || "close" in items) return undefined;
    const { declaredLength, status, statusText, headers } = this.#start();
    const whole = joinItems(items);
    if (declaredLength === undefined) {
      if (status !== 204 && status !== 304) headers.push(["content-length", String(whole.length)]);
    } else if (declaredLength !== whole.length) return undefined;
    const isSent = !this.#isHead && !NULL_BODY.has(status);
    return makeResponse({ status, statusText, headers, body: isSent ? whole : null });
  }

  async #begin(body: unknown): Promise<Response> {
    this.body.takeBody(body);
    return await this.#respond();
  }

  /** The head goes with the first item, or the end. */
  async #respond(): Promise<Response> {
    const first = await this.body.next();
    const started = this.#start();
    if (this.#isHead || NULL_BODY.has(started.status)) {
      this.body.close();
      return new Response(null, started);
    }
    return new Response(
      this.body.stream(first, started.declaredLength, (reason) => this.#input.abort(reason)),
      started,
    );
  }

  #start(): Started {
    if (this.#started === undefined) throw new FetchError("NO_RESPONSE");
    this.#isSent = true;
    return this.#started;
  }
}

/** A body that fails when it is asked for its first item. */
function failing(error: unknown): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

/** One text whose characters are its bytes stays what it is. */
function joinItems(items: readonly unknown[]): string | Uint8Array<ArrayBuffer> {
  const [first] = items;
  if (items.length === 1 && typeof first === "string" && /^[\0-\x7f]*$/.test(first)) return first;
  const pieces = items.map(bytesOf);
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

/** PEP 3333's wsgi.file_wrapper for what has `read(size)`; there is no file system to open paths in. */
async function* wrapFile(
  file: { read(size: number): unknown; close?(): unknown },
  blockSize = 64 * 1024,
): AsyncGenerator<Uint8Array> {
  if (typeof file?.read !== "function")
    throw new FetchError("BAD_BODY", `wsgi.file_wrapper: expected an object with read(), got ${show(file)}`);
  try {
    for (;;) {
      const piece = bytesOf(await file.read(blockSize));
      if (piece.length === 0) return;
      yield piece;
    }
  } finally {
    await file.close?.();
  }
}
