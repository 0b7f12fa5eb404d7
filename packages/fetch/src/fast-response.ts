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
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: KnownBody;
}

const TEXT_TYPE: readonly [string, string] = ["content-type", "text/plain;charset=UTF-8"];
const TEXT_PAIRS = [TEXT_TYPE] as const;
const NO_PAIRS = [] as const;
const NULL_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** The types of Node have it as an interface; the values that may be given are those of the runtime's Response. */
type ResponseBody = ConstructorParameters<typeof Response>[0];

class LightResponse {
  readonly #body: KnownBody;
  readonly #status: number;
  /** As they were given, checked: plain pairs that mean themselves. */
  readonly #pairs: readonly (readonly [string, string])[] | undefined;
  #headers: Headers | undefined = undefined;
  #native: Response | undefined = undefined;

  constructor(body?: ResponseBody, init?: ResponseInit) {
    const known = knownBody(body);
    const status = known === undefined ? undefined : plainStatus(init, known);
    const pairs = status === undefined ? undefined : plainPairs(init?.headers, known as KnownBody);
    if (pairs === undefined) this.#native = new NativeResponse(body, init);
    this.#body = known ?? null;
    this.#status = status ?? 200;
    this.#pairs = pairs;
  }

  /** What a server needs; undefined when the runtime's own Response is there to be asked. */
  static known(response: unknown): KnownResponse | undefined {
    if (!(typeof response === "object" && response !== null && #native in response)) return undefined;
    if (response.#native !== undefined) return undefined;
    const headers = response.#headers ?? response.#pairs ?? [];
    return { status: response.#status, headers, body: response.#body };
  }

  /** The runtime's own Response, made when it is needed. */
  static unwrap(response: LightResponse): Response {
    response.#native ??= new NativeResponse(response.#body, {
      status: response.#status,
      headers: response.#headers ?? (response.#pairs as [string, string][] | undefined) ?? [],
    });
    return response.#native;
  }

  get status(): number {
    return this.#native?.status ?? this.#status;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? false;
  }

  get headers(): Headers {
    if (this.#native !== undefined) return this.#native.headers;
    this.#headers ??= new Headers((this.#pairs as [string, string][] | undefined) ?? []);
    return this.#headers;
  }
}

/** Undefined where the runtime has to look at it. Bytes are copied, as the runtime does: they may change after this. */
function knownBody(body: unknown): KnownBody | undefined {
  if (typeof body === "string") return body;
  if (body === undefined || body === null) return null;
  return body instanceof Uint8Array ? new Uint8Array(body) : undefined;
}

/** Undefined where the runtime has to look at it: to refuse it, or for the reason. */
function plainStatus(init: ResponseInit | undefined, body: KnownBody): number | undefined {
  if (init === undefined || init === null) return 200;
  const { status = 200, statusText } = init;
  if (statusText !== undefined && statusText !== "") return undefined;
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  return body !== null && NULL_BODY.has(status) ? undefined : status;
}

const PLAIN_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PLAIN_VALUE = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;

/** The headers of a plain object as pairs, with the type that a text has; undefined where the runtime has to look at them. */
function plainPairs(headers: unknown, body: KnownBody): readonly (readonly [string, string])[] | undefined {
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
 * A Response in every respect, whose text or bytes the server sends without a stream. Handlers may return it where that counts;
 * `useFastGlobals()` puts it in the place of the global Response.
 */
export const FastResponse = LightResponse as unknown as typeof Response;
