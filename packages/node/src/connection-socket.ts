// `req.socket`: the socket beneath a request, for its facts, its events and its end. Its bytes belong to the server, so what would
// read or write them is left out; node:http2 does the same with its streams. One for each connection, as libraries expect it.
// A socket in, a proxy of it out. It knows no request.

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Does nothing and returns the socket, as these do when there is nothing to do. */
const QUIET: ReadonlySet<PropertyKey> = new Set(["pause", "resume", "setEncoding"]);
const TAKEN: ReadonlySet<PropertyKey> = new Set([
  "read",
  "write",
  "end",
  "pipe",
  "unpipe",
  "unshift",
  "push",
  "destroySoon",
]);
const LISTENING: ReadonlySet<PropertyKey> = new Set([
  ...["on", "addListener", "once", "prependListener", "prependOnceListener"],
]);

export function connectionSocket(socket: Duplex): Socket {
  /** What others keep on it: not on the server's socket. */
  const own = new Map<PropertyKey, unknown>();
  /** Counted only: older responses ask their socket whether they are corked. */
  let corked = 0;
  own.set("cork", () => {
    corked++;
  });
  own.set("uncork", () => {
    if (corked > 0) corked--;
  });
  const proxy: Duplex = new Proxy(socket, {
    get(target, key) {
      if (own.has(key)) return own.get(key);
      if (key === "writableCorked") return corked;
      const value = Reflect.get(target, key, target);
      if (typeof value !== "function" || key === "constructor") return value;
      const method = methodOf(target, key, value, () => proxy);
      own.set(key, method);
      return method;
    },
    set(_target, key, value) {
      own.set(key, value);
      return true;
    },
    has: (target, key) => own.has(key) || key in target,
    deleteProperty: (_target, key) => own.delete(key) || true,
  });
  return proxy as Socket;
}

type Method = (...args: unknown[]) => unknown;

function methodOf(target: Duplex, key: PropertyKey, method: unknown, proxy: () => Duplex): Method {
  if (QUIET.has(key)) return () => proxy();
  if (TAKEN.has(key)) return () => refuse(`socket.${String(key)}()`);
  return (...args) => {
    if (LISTENING.has(key) && (args[0] === "data" || args[0] === "readable")) return refuse(`socket's '${args[0]}'`);
    const result = Reflect.apply(method as Method, target, args);
    return result === target ? proxy() : result;
  };
}

function refuse(what: string): never {
  throw Object.assign(new Error(`${what} is the server's: its bytes are read and written by req and res`), {
    code: "ERR_WSGI_NO_SOCKET_MANIPULATION",
  });
}
