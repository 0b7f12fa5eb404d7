// The Requests that handlers get, made of an environ and a URL. The Fetch standard. Knows the runtime's Request and, of its inside,
// only whether it is kept under symbols.
//
// A Request costs a tenth of a whole small response, and most handlers look at its method and URL only. So there are two kinds.
// LightRequest makes the runtime's own Request when more is asked for. But copies (`new Request(request)`, `fetch(request)`) read
// the inside of a Request, past its properties. Where the runtime keeps that under symbols (Node 20 and 22) they are properties
// too, and are answered as such. Where it is in private fields (Node 24) a light one can be copied only by globals that know it
// (fast-globals.ts); without them requests are FullRequests there, which the runtime's own constructor made.

import type { Environ } from "@wsgi/core";
import type { RequestBody } from "./request-body.ts";

export const NativeRequest: typeof Request = globalThis.Request;

/** What a request is made of. */
export interface RequestParts {
  readonly environ: Environ;
  readonly url: string;
  readonly body: RequestBody | undefined;
  readonly ip: string;
  readonly waitUntil: (work: unknown) => void;
}

/** What the requests of this package have beyond Fetch, at the names where H3 and others look for it. */
export interface WsgiRequest extends Request {
  /** The client's address; with `trustProxy`, what the proxies say it is. */
  readonly ip: string;
  readonly waitUntil: (work: unknown) => void;
}

function makeNative<R>(make: new (url: string, init: RequestInit | undefined) => R, parts: RequestParts): R {
  const { environ, url, body } = parts;
  const { REQUEST_METHOD: method, headers_raw: fields } = environ;
  const isUsed = body?.used === true;
  const stream = isUsed ? new ReadableStream<Uint8Array>() : body?.stream;
  const init = stream === undefined ? { method } : { method, body: stream, duplex: "half" };
  const request = new make(url, (method === "GET" ? undefined : init) as RequestInit | undefined);
  const { headers, body: made } = request as Request;
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i] as readonly [string, string];
    headers.append(name, value);
  }
  if (isUsed) void made?.cancel(); // a copy must find that it was read
  return request;
}

const METHODS: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** The methods that Fetch writes in capitals; others are left as they are. */
export function normalizeMethod(method: string): string {
  if (METHODS.has(method)) return method;
  const upper = method.toUpperCase();
  return METHODS.has(upper) ? upper : method;
}

/** A clone has the signal of its request: the runtime's own would never fire. */
function withSignalOf(request: { readonly signal: AbortSignal | undefined }, clone: Request): Request {
  return Object.defineProperty(clone, "signal", { get: () => request.signal, configurable: true });
}

export class LightRequest {
  readonly ip: string;
  readonly waitUntil: (work: unknown) => void;
  readonly #parts: RequestParts;
  #native: Request | undefined = undefined;

  constructor(parts: RequestParts) {
    this.ip = parts.ip;
    this.waitUntil = parts.waitUntil;
    this.#parts = parts;
  }

  /** The runtime's own Request, made when it is needed. */
  static unwrap(request: LightRequest): Request {
    request.#native ??= makeNative(NativeRequest, request.#parts);
    return request.#native;
  }

  get method(): string {
    return normalizeMethod(this.#parts.environ.REQUEST_METHOD);
  }

  get url(): string {
    return this.#parts.url;
  }

  get signal(): AbortSignal {
    return this.#parts.environ["wsgi.signal"];
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? this.#parts.body?.used ?? false;
  }

  text(): Promise<string> {
    return this.#parts.body?.text() ?? LightRequest.unwrap(this).text();
  }

  json(): Promise<unknown> {
    return this.#parts.body?.json() ?? LightRequest.unwrap(this).json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#parts.body?.arrayBuffer() ?? LightRequest.unwrap(this).arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  clone(): Request {
    return withSignalOf(this, LightRequest.unwrap(this).clone());
  }
}

/** Whether the runtime keeps the inside of a Request under symbols. */
export const hasSymbols = dressAsRequest();

/** Gives LightRequest the rest of a Request: every property of the runtime's own, and the symbols of its inside. */
function dressAsRequest(): boolean {
  const { prototype } = LightRequest;
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(NativeRequest.prototype))) {
    if (name in prototype) continue;
    const forward = get
      ? { get: forwarding(name) }
      : { value: function (this: LightRequest, ...args: unknown[]) { return Reflect.apply(value, LightRequest.unwrap(this), args); } }; // biome-ignore format: one line
    Object.defineProperty(prototype, name, { ...forward, configurable: true });
  }
  const symbols = Object.getOwnPropertySymbols(new NativeRequest("http://localhost/"));
  for (const symbol of symbols) {
    const get = symbol.description === "signal" ? signalOf : forwarding(symbol);
    Object.defineProperty(prototype, symbol, { get, configurable: true });
  }
  Object.setPrototypeOf(prototype, NativeRequest.prototype);
  return symbols.some(({ description }) => description === "state");
}

function forwarding(key: string | symbol): (this: LightRequest) => unknown {
  return function (this: LightRequest) {
    return Reflect.get(LightRequest.unwrap(this), key);
  };
}

function signalOf(this: LightRequest): AbortSignal {
  return this.signal;
}

/** The runtime's class as one that can be extended: its types have properties where it has methods. */
interface Extensible {
  clone(): Request;
  text(): Promise<string>;
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
}
const Native = NativeRequest as unknown as new (url: string, init: RequestInit | undefined) => Extensible;

/** Made by the runtime; the signal and the bodies are put off. */
class FullRequest extends Native {
  #parts: RequestParts | undefined = undefined;

  static make(parts: RequestParts): WsgiRequest {
    const request = makeNative(FullRequest, parts);
    request.#parts = parts;
    const { ip, waitUntil } = parts;
    return Object.assign(request, { ip, waitUntil }) as unknown as WsgiRequest;
  }

  override text(): Promise<string> {
    return this.#parts?.body?.text() ?? super.text();
  }

  override json(): Promise<unknown> {
    return this.#parts?.body?.json() ?? super.json();
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#parts?.body?.arrayBuffer() ?? super.arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  get signal(): AbortSignal | undefined {
    return this.#parts?.environ["wsgi.signal"];
  }

  override clone(): Request {
    return withSignalOf(this, super.clone());
  }
}

/** @param isLight whether it may be a light one */
export function makeRequest(parts: RequestParts, isLight: boolean): WsgiRequest {
  return isLight ? (new LightRequest(parts) as unknown as WsgiRequest) : FullRequest.make(parts);
}
