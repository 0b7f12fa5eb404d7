// Objects of Node's classes to which their constructor gives no `socket`: it would have to become an accessor later, and an own
// property that changes its kind makes V8 give the object a shape of its own, or none. With one for each request, all code that
// touches requests, that of frameworks too, finds what it looks for the slow way: Express took 55 µs instead of 32 on Node 24.
//
// Not so before Node 24: there V8 is slow with objects of any shape whose prototype is replaced, as Express does with each, and the
// accessor is welcome. Express at 64 connections, one look of two seconds each, requests a second with and without it, and on
// node:http: 14,000, 5,000, 8,400 on Node 20; 13,400, 10,800, 9,400 on Node 22; 14,300, 35,400, 29,900 on Node 24.
//
// A class in, one to construct with out. It knows nothing of requests.

/** The first version of Node on which it is worth it. */
const FIRST_MAJOR = 24;

interface Constructor<T extends object> {
  readonly prototype: T;
}

/** For `Reflect.construct(original, args, withoutSocket(original))`: what the constructor assigns to `socket` is dropped. */
export function withoutSocket<T extends object>(original: Constructor<T>): new () => T {
  if (Number.parseInt(process.versions.node, 10) < FIRST_MAJOR) return original as new () => T;
  function Bare(): void {}
  Bare.prototype = Object.create(original.prototype, {
    socket: { configurable: true, get: () => null, set: () => {} },
  });
  return Bare as unknown as new () => T;
}
