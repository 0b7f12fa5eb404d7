// Counts what a piece of code does, instead of timing it: bytes looked at, copied, converted and allocated, characters looked at
// and searched. The same input gives the same count on every machine, so growth can be judged to the per cent.
// Text and bytes tell themselves: methods of String are wrapped while it counts, and buffers are handed out as proxies, the
// code's own ones too. A method of Buffer that it does not know is an error, never a silent zero. What it cannot see: joining
// and comparing text, and what is done to arrays and objects. growth.ts times the same inputs for that.

let count = 0;
let most = Number.POSITIVE_INFINITY;

/** Ends work that is too much already: quadratic work could take hours. */
const TOO_MUCH = Symbol("too much work");

/**
 * How much work the call does. It must be synchronous, and take its bytes from `metered`.
 *
 * @param atMost where it is broken off, and what is told then
 */
export function countWork(work: () => void, atMost = Number.POSITIVE_INFINITY): number {
  const restore = wrapEverything();
  count = 0;
  most = atMost;
  try {
    work();
    return count;
  } catch (error) {
    if (error === TOO_MUCH) return atMost;
    throw error;
  } finally {
    restore();
    most = Number.POSITIVE_INFINITY;
  }
}

function add(work: number): void {
  count += work;
  if (count > most) throw TOO_MUCH;
}

const bytesOf = new WeakMap<object, Buffer>();

/** The same bytes, which count every look at them. */
export function metered(bytes: Buffer): Buffer {
  const proxy = new Proxy(bytes, { get: read, set: write });
  bytesOf.set(proxy, bytes);
  return proxy;
}

function read(bytes: Buffer, key: string | symbol): unknown {
  if (isIndex(key)) {
    add(1);
    return Reflect.get(bytes, key);
  }
  const value: unknown = Reflect.get(bytes, key);
  if (typeof value !== "function") return value;
  const method = BUFFER_METHODS[key as string];
  if (method === undefined) throw new Error(`bench/guard/work.ts cannot count Buffer#${String(key)}: add it there`);
  return (...args: never[]) => method(bytes, ...args);
}

function write(bytes: Buffer, key: string | symbol, value: unknown): boolean {
  add(1);
  return Reflect.set(bytes, key, value);
}

function isIndex(key: string | symbol): boolean {
  const first = typeof key === "string" ? key[0] : undefined;
  return first !== undefined && first >= "0" && first <= "9";
}

const convert =
  (encoding: BufferEncoding) =>
  (bytes: Buffer, start = 0, end = bytes.length): string => {
    add(end - start);
    return bytes.toString(encoding, start, end);
  };

type Method = (bytes: Buffer, ...args: never[]) => unknown;

const BUFFER_METHODS: Readonly<Record<string, Method>> = {
  toString: (bytes: Buffer, encoding: BufferEncoding, start?: number, end?: number) =>
    convert(encoding)(bytes, start, end),
  latin1Slice: convert("latin1"),
  utf8Slice: convert("utf8"),
  subarray: (bytes, start?: number, end?: number) => metered(bytes.subarray(start, end)),
  copy(bytes, target: Buffer, at?: number, start?: number, end?: number) {
    const copied = bytes.copy(bytesOf.get(target) ?? target, at, start, end);
    add(copied);
    return copied;
  },
  set(bytes, source: Uint8Array, at?: number) {
    add(source.length);
    bytes.set(bytesOf.get(source) ?? source, at);
  },
  indexOf(bytes, value: string | number, start = 0) {
    const found = bytes.indexOf(value, start);
    add((found < 0 ? bytes.length : found) - start + 1);
    return found;
  },
};

type Text = (...args: never[]) => unknown;

/** What a call costs, from the text, its result and its arguments. */
type Cost = (text: string, result: unknown, args: readonly unknown[]) => number;

const one: Cost = () => 1;
const whole: Cost = (text) => text.length + 1;
/** A slice of 13 characters and more is a reference to the text that it was cut from. */
const slice: Cost = (_text, result) => Math.min((result as string).length, 13) + 1;
const search: Cost = (text, result, [, start]) => {
  const found = result as number;
  return Math.max(0, (found < 0 ? text.length : found) - Number(start ?? 0)) + 1;
};

const TEXT_METHODS: Readonly<Record<string, Cost>> = {
  ...{ charCodeAt: one, codePointAt: one, charAt: one, at: one, startsWith: one, endsWith: one },
  ...{ slice, substring: slice, indexOf: search },
  ...{ includes: whole, lastIndexOf: whole, toLowerCase: whole, toUpperCase: whole, trim: whole, split: whole },
  ...{ match: whole, matchAll: whole, replace: whole, replaceAll: whole, search: whole },
};

/** Wraps what is counted; returns how to undo it. */
function wrapEverything(): () => void {
  const undo: (() => void)[] = [];
  const wrap = (owner: object, name: string, wrapped: (original: Text) => Text): void => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
    Object.defineProperty(owner, name, { ...descriptor, value: wrapped(descriptor.value as Text) });
    undo.push(() => Object.defineProperty(owner, name, descriptor));
  };
  for (const [name, cost] of Object.entries(TEXT_METHODS)) {
    wrap(
      String.prototype,
      name,
      (original) =>
        function (this: string, ...args: never[]) {
          const result = original.apply(this, args);
          add(cost(this, result, args));
          return result;
        },
    );
  }
  wrap(
    RegExp.prototype,
    "exec", // every other way to match calls it
    (original) =>
      function (this: RegExp, ...args: never[]) {
        add(String(args[0]).length);
        return original.apply(this, args);
      },
  );
  for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow", "from", "concat"]) {
    wrap(
      Buffer,
      name,
      (original) =>
        function (this: unknown, ...args: never[]) {
          const bytes = original.apply(Buffer, args.map(unmetered) as never[]) as Buffer;
          add(bytes.length);
          return metered(bytes);
        },
    );
  }
  return () => {
    for (const restore of undo) restore();
  };
}

function unmetered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmetered);
  return typeof value === "object" && value !== null ? (bytesOf.get(value) ?? value) : value;
}
