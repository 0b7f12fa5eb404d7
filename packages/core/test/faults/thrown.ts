// Everything that JavaScript lets a program throw, the nastiest included: what throws when it is looked at. And every point of an
// application that can throw it. Their product is a table of faults.

import { ReadableStream } from "node:stream/web";
import { inspect } from "node:util";
import type { Application, Body, Item } from "../../src/index.ts";
import { brokenFor, type Fault, pageFor, wholeFor } from "./fault.ts";

const refuse = (): never => {
  throw new Error("do not look at me");
};

function errorWith(name: string): Error {
  return Object.defineProperty(new Error("seen"), name, { get: refuse });
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const cyclic = new Error("cyclic");
cyclic.cause = cyclic;

export const THROWN: readonly [name: string, thrown: unknown][] = [
  ["an Error", new Error("plain")],
  ["undefined", undefined],
  ["null", null],
  ["false", false],
  ["0", 0],
  ["an empty string", ""],
  ["a symbol", Symbol("mine")],
  ["a function", refuse],
  ["a frozen object", Object.freeze({})],
  ["a frozen Error", Object.freeze(new Error("frozen"))],
  ["an object without prototype", Object.create(null)],
  ["an Error with a message that throws", errorWith("message")],
  ["an Error with a stack that throws", errorWith("stack")],
  ["an Error with a name that throws", errorWith("name")],
  ["an Error with a cause that throws", errorWith("cause")],
  ["an Error with a stack that is none", Object.assign(new Error("seen"), { stack: Symbol("stack") })],
  ["an Error that is its own cause", cyclic],
  ["an object whose toString throws", { toString: refuse, [Symbol.toPrimitive]: refuse }],
  ["an object that refuses to be inspected", { [inspect.custom]: refuse }],
  ["a Proxy that throws at everything", new Proxy({}, new Proxy({}, { get: () => refuse }))],
  ["a Proxy of an Error that throws at everything", new Proxy(new Error(), new Proxy({}, { get: () => refuse }))],
  ["a revoked Proxy", revoked()],
];

type Point = readonly [name: string, make: (thrown: unknown) => Application];

function started(body: (thrown: unknown) => Body | Promise<Body>): (thrown: unknown) => Application {
  return (thrown) => (_environ, startResponse) => {
    startResponse("200 OK", []);
    return body(thrown);
  };
}

/** An object with this for its `then`. */
export function thenable(then: PropertyDescriptor): Body {
  // biome-ignore lint/suspicious/noThenProperty: it is what an application may return
  return Object.defineProperty({}, "then", then) as Body;
}

function raise(thrown: unknown): never {
  throw thrown;
}

/** More than is joined with what comes after it. */
const BEGUN = "x".repeat(5000);

export const BEFORE_HEAD: readonly Point[] = [
  ["at once", (thrown) => () => raise(thrown)],
  ["as a rejection", (thrown) => () => Promise.reject(thrown)],
  ["as a rejection, later", (thrown) => () => new Promise((_resolve, reject) => setImmediate(reject, thrown))],
  ["after startResponse", started(raise)],
  ["after startResponse, as a rejection", started((thrown) => Promise.reject(thrown))],
  ["by the getter of then", started((thrown) => thenable({ get: () => raise(thrown) }))],
  ["by then()", started((thrown) => thenable({ value: () => raise(thrown) }))],
  [
    "by the rejection of a thenable",
    started((thrown) => thenable({ value: (_resolve: unknown, reject: (reason: unknown) => void) => reject(thrown) })),
  ],
  [
    "by the getter of an iterator",
    started(
      (thrown) =>
        ({
          get [Symbol.iterator]() {
            return raise(thrown);
          },
        }) as never,
    ),
  ],
  ["by the making of an iterator", started((thrown) => ({ [Symbol.iterator]: () => raise(thrown) }))],
  ["by the making of an async iterator", started((thrown) => ({ [Symbol.asyncIterator]: () => raise(thrown) }))],
  ["by the first next()", started((thrown) => ({ [Symbol.iterator]: () => ({ next: () => raise(thrown) }) }))],
  [
    "by the first next() of an async iterator",
    started((thrown) => ({ [Symbol.asyncIterator]: () => ({ next: () => raise(thrown) }) })),
  ],
  [
    "by the first next() of an async iterator, as a rejection",
    started((thrown) => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(thrown) }) })),
  ],
  [
    "by the getter of done",
    started((thrown) => ({
      [Symbol.iterator]: () =>
        ({
          next: () => ({
            get done(): boolean {
              return raise(thrown);
            },
            value: "",
          }),
        }) as never,
    })),
  ],
  [
    "by the getter of an item of a list",
    started((thrown) => Object.defineProperty(["", ""], 1, { get: () => raise(thrown) })),
  ],
  ["by getReader()", started((thrown) => ({ getReader: () => raise(thrown) }) as never)],
  ["by the pulling of a web stream", started((thrown) => new ReadableStream<Item>({ pull: () => raise(thrown) }))],
  [
    "by the headers given to startResponse",
    (thrown) => (_environ, startResponse) => {
      startResponse("200 OK", { [Symbol.iterator]: () => raise(thrown) } as never);
      return [];
    },
  ],
  [
    "as excInfo of a second startResponse whose headers throw",
    (thrown) => (_environ, startResponse) => {
      startResponse("200 OK", []);
      startResponse("500 Oh", { [Symbol.iterator]: () => raise(thrown) } as never, new Error("first"));
      return [];
    },
  ],
];

export const AFTER_HEAD: readonly Point[] = [
  [
    "by a generator",
    started(function* (thrown): Generator<Item> {
      yield BEGUN;
      raise(thrown);
    }),
  ],
  [
    "by an async generator",
    started(async function* (thrown): AsyncGenerator<Item> {
      yield BEGUN;
      raise(thrown);
    }),
  ],
  [
    "after write()",
    (thrown) => (_environ, startResponse) => {
      void startResponse("200 OK", [])(BEGUN);
      return raise(thrown);
    },
  ],
  [
    "after write(), later",
    (thrown) => async (_environ, startResponse) => {
      await startResponse("200 OK", [])(BEGUN);
      return raise(thrown);
    },
  ],
  [
    "by the second pull of a web stream",
    started((thrown) => {
      let pulls = 0;
      return new ReadableStream<Item>({
        pull: (controller) => (pulls++ === 0 ? controller.enqueue(BEGUN) : raise(thrown)),
      });
    }),
  ],
  [
    "as excInfo, when it is thrown again",
    (thrown) => async (_environ, startResponse) => {
      await startResponse("200 OK", [])(BEGUN);
      startResponse("500 Oh", [], thrown ?? new Error("excInfo"));
      return [];
    },
  ],
];

export const WHEN_CLOSED: readonly Point[] = [
  ["by close()", started((thrown) => Object.assign(["fine"], { close: () => raise(thrown) }))],
  ["by close(), as a rejection", started((thrown) => Object.assign(["fine"], { close: () => Promise.reject(thrown) }))],
  [
    "by the getter of close",
    started((thrown) => Object.defineProperty(new Set(["fine"]), "close", { get: () => raise(thrown) })),
  ],
  [
    "by the result of close(), when it is asked for then",
    started((thrown) => Object.assign(["fine"], { close: () => thenable({ get: () => raise(thrown) }) })),
  ],
];

function product(points: readonly Point[], make: (name: string, application: Application) => Fault): Fault[] {
  return points.flatMap(([where, application]) =>
    THROWN.map(([what, thrown]) => make(`${what}, ${where}`, application(thrown))),
  );
}

export const THROWN_FAULTS: readonly Fault[] = [
  ...product(BEFORE_HEAD, (name, application) => pageFor(name, application, /the application failed: /)),
  ...product(AFTER_HEAD, (name, application) => brokenFor(name, application, /the application failed: /)),
  ...product(WHEN_CLOSED, (name, application) => wholeFor(name, application, /closing a body failed: /)),
];
