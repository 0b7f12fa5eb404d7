// A Response that keeps its text or bytes as they were given, for a server to send in one write. The Fetch standard. What the
// runtime's constructor makes of a text is a stream, which costs more than the rest of a small response, and has to be read again.
// Where anything but text, bytes or nothing is given, and where more is asked for than what a server needs, the runtime's
// own Response does it. Knows of the runtime's Response only what is public.

export const NativeResponse: typeof Response = globalThis.Response;

/** A body as it can be sent: text as UTF-8. */
type KnownBody = string | Uint8Array<ArrayBuffer> | null;

/** What a server needs of a Response, without making the runtime's own. */
export interface KnownResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: KnownBody;
}

const TEXT_TYPE: readonly [string, string] = ["content-type", "text/plain;charset=UTF-8"];
const TEXT_PAIRS = [TEXT_TYPE] as const;
const NO_PAIRS = [] as const;
const JSON_HEADERS = Object.freeze({ "content-type": "application/json" });
const NULL_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** The types of Node have it as an interface; the values that may be given are those of the runtime's Response. */
type ResponseBody = ConstructorParameters<typeof Response>[0];

type Pairs = readonly (readonly [string, string])[];

class LightResponse {
  #body: KnownBody;
  #status: number;
  #statusText: string;
  /** As they were given, checked: plain pairs that mean themselves, their names in small letters. */
  #pairs: Pairs | undefined;
  #headers: Headers | undefined = undefined;
  #native: Response | undefined = undefined;
  /** Whether the body was read without the runtime's own Response. */
  #isRead = false;

  constructor(body?: ResponseBody, init?: ResponseInit) {
    const known = knownBody(body);
    const status = known === undefined ? undefined : plainStatus(init, known);
    const pairs = status === undefined ? undefined : plainPairs(init?.headers, known as KnownBody);
    if (pairs === undefined) this.#native = new NativeResponse(body, init);
    this.#body = known ?? null;
    this.#status = status ?? 200;
    this.#statusText = (pairs && init?.statusText) ?? "";
    this.#pairs = pairs;
  }

  /** Of what was checked already. The bytes are its own. */
  static make({ body, status, statusText }: KnownResponse, pairs: Pairs): LightResponse {
    const response = new LightResponse();
    response.#body = body;
    response.#status = status;
    response.#statusText = statusText;
    response.#pairs = pairs;
    return response;
  }

  /** As the runtime's, which it is told of by what cannot be JSON. */
  static json(data: unknown, init: ResponseInit = {}): LightResponse {
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined) return NativeResponse.json(data, init) as unknown as LightResponse;
    if (init.headers === undefined) return new LightResponse(text, { ...init, headers: JSON_HEADERS });
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new LightResponse(text, { ...init, headers });
  }

  /** What a server needs; undefined when the runtime's own Response is there to be asked. */
  static known(response: unknown): KnownResponse | undefined {
    if (!(typeof response === "object" && response !== null && #native in response)) return undefined;
    if (response.#native !== undefined || response.#isRead) return undefined;
    const headers = response.#headers ?? response.#pairs ?? NO_PAIRS;
    return { status: response.#status, statusText: response.#statusText, headers, body: response.#body };
  }

  /** The runtime's own Response, made when it is needed. */
  static unwrap(response: LightResponse): Response {
    return response.#native ?? response.#makeNative();
  }

  #makeNative(): Response {
    const { headers } = this;
    const native = new NativeResponse(this.#body, { status: this.#status, statusText: this.#statusText, headers });
    if (!headers.has("content-type")) native.headers.delete("content-type"); // of a text, which has none any more
    if (this.#isRead) void native.body?.cancel(); // who asks for the body must find that it was read
    this.#native = native;
    return native;
  }

  get status(): number {
    return this.#native?.status ?? this.#status;
  }

  get statusText(): string {
    return this.#native?.statusText ?? this.#statusText;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? this.#isRead;
  }

  text(): Promise<string> {
    if (this.#native !== undefined || this.#isRead) return LightResponse.unwrap(this).text();
    const body = this.#read();
    return Promise.resolve(typeof body === "string" ? asDecoded(body) : UTF_8.decode(body));
  }

  json(): Promise<unknown> {
    return this.text().then(JSON.parse);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#native !== undefined || this.#isRead) return LightResponse.unwrap(this).arrayBuffer();
    const body = this.#read();
    return Promise.resolve(ownBuffer(typeof body === "string" ? TO_UTF_8.encode(body) : body));
  }

  /** Where there is no body there is nothing that would be used up. */
  #read(): string | Uint8Array<ArrayBuffer> {
    this.#isRead = this.#body !== null;
    return this.#body ?? "";
  }

  get headers(): Headers {
    if (this.#native !== undefined) return this.#native.headers;
    this.#headers ??= new Headers((this.#pairs as [string, string][] | undefined) ?? []);
    return this.#headers;
  }
}

const UTF_8 = new TextDecoder();
const TO_UTF_8 = new TextEncoder();

/** A text as it comes out when it was made bytes and these are read as UTF-8. */
function asDecoded(text: string): string {
  return /^\ufeff|\p{Surrogate}/u.test(text) ? UTF_8.decode(TO_UTF_8.encode(text)) : text;
}

function ownBuffer({ buffer, byteLength, byteOffset }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

/** Undefined where the runtime has to look at it. Bytes are copied, as the runtime does: they may change after this. */
function knownBody(body: unknown): KnownBody | undefined {
  if (typeof body === "string") return body;
  if (body === undefined || body === null) return null;
  return body instanceof Uint8Array ? new Uint8Array(body) : undefined;
}

const PLAIN_REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Undefined where the runtime has to look at it, to refuse it. */
function plainStatus(init: ResponseInit | undefined, body: KnownBody): number | undefined {
  if (init === undefined || init === null) return 200;
  const { status = 200, statusText = "" } = init;
  if (typeof statusText !== "string" || !PLAIN_REASON.test(statusText)) return undefined;
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  return body !== null && NULL_BODY.has(status) ? undefined : status;
}

const PLAIN_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PLAIN_VALUE = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;

/** The headers of a plain object as pairs, with the type that a text has; undefined where the runtime has to look at them. */
function plainPairs(headers: unknown, body: KnownBody): Pairs | undefined {
  if (headers === undefined) return typeof body === "string" ? TEXT_PAIRS : NO_PAIRS;
  if (typeof headers !== "object" || headers === null) return undefined;
  let hasType = typeof body !== "string";
  if (headers instanceof Headers) {
    const pairs = [...headers] as (readonly [string, string])[];
    return hasType || headers.has("content-type") ? pairs : [...pairs, TEXT_TYPE];
  }
  if (Symbol.iterator in headers) return undefined;
  const pairs: (readonly [string, string])[] = [];
  for (const name in headers) {
    const value: unknown = (headers as Record<string, unknown>)[name];
    if (typeof value !== "string" || !PLAIN_VALUE.test(value) || !PLAIN_NAME.test(name)) return undefined;
    const lower = name.toLowerCase();
    for (let i = 0; i < pairs.length; i++) if (pairs[i]?.[0] === lower) return undefined;
    if (lower === "content-type") hasType = true;
    pairs.push([lower, value]);
  }
  if (!hasType) pairs.push(TEXT_TYPE);
  return pairs;
}

/** Gives LightResponse the rest of a Response: properties of the runtime's own, its static methods, the symbols of its inside. */
function dressAsResponse(): void {
  const { prototype } = LightResponse;
  const sample = new NativeResponse();
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(NativeResponse.prototype))) {
    if (name in prototype) continue;
    const forward = get
      ? { get: forwarding(name) }
      : { value: function (this: LightResponse, ...args: unknown[]) { return Reflect.apply(value, LightResponse.unwrap(this), args); }, writable: true }; // biome-ignore format: one line
    Object.defineProperty(prototype, name, { ...forward, configurable: true });
  }
  for (const symbol of Object.getOwnPropertySymbols(sample)) {
    Object.defineProperty(prototype, symbol, { get: forwarding(symbol), configurable: true });
  }
  Object.setPrototypeOf(prototype, NativeResponse.prototype);
  Object.setPrototypeOf(LightResponse, NativeResponse);
  Object.defineProperty(LightResponse, "name", { value: "Response" });
  Object.defineProperty(LightResponse, Symbol.hasInstance, {
    value: function (this: unknown, value: unknown) {
      return value instanceof NativeResponse && (this === LightResponse || isInstance(this, value));
    },
  });
}

/** The ordinary `instanceof`, for classes that extend this one. */
function isInstance(ofClass: unknown, value: unknown): boolean {
  return Reflect.apply(Function.prototype[Symbol.hasInstance], ofClass, [value]);
}

function forwarding(key: string | symbol): (this: LightResponse) => unknown {
  return function (this: LightResponse) {
    return Reflect.get(LightResponse.unwrap(this), key);
  };
}

dressAsResponse();

/** What a server needs of a Response of this class; undefined when only the runtime's own can say. */
export const knownResponse: (response: unknown) => KnownResponse | undefined = LightResponse.known;

/**
 * A Response of what was checked already: names of headers in small letters, bytes that nobody else has. It is a light one where Fetch
 * is undici's, that is on Node, which never takes a Response itself; where a runtime serves Responses they must be its own.
 */
export function makeResponse(known: KnownResponse & { readonly headers: Pairs }): Response {
  const { Response } = globalThis;
  if (IS_UNDICI && (Response === NativeResponse || Response === FastResponse)) {
    return LightResponse.make(known, known.headers) as unknown as Response;
  }
  const headers = known.headers as [string, string][];
  const isTyped = typeof known.body !== "string" || headers.some(([name]) => name === "content-type");
  return new Response(isTyped ? known.body : TO_UTF_8.encode(known.body as string), { ...known, headers });
}

const { process } = globalThis as { process?: { versions?: { undici?: string } } };
const IS_UNDICI = process?.versions?.undici !== undefined;

/**
 * A Response in every respect, whose text or bytes the server sends without a stream. Handlers may return it where that counts;
 * `useFastGlobals()` puts it in the place of the global Response.
 */
export const FastResponse = LightResponse as unknown as typeof Response;
