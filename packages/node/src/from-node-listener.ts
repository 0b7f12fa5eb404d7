// fromNodeListener(): a listener of node:http as a WSGI application. Function or http.Server and options in, checked; an Application
// out. What happens with one request is node-exchange.ts's business.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Application, Environ } from "@wsgi/core";
import { connectionSocket } from "./connection-socket.ts";
import { NodeAdapterError, show } from "./errors.ts";
import { NodeExchange } from "./node-exchange.ts";

/** `(req, res)`: an Express or Connect application, a router, any handler of `http.createServer`. It may return a promise. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => unknown;

/** As the 'upgrade' event of an http.Server. `head` is empty: what was read already comes out of the socket. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;

/** The options of `fromNodeListener()`. */
export interface FromNodeOptions {
  /** Gets requests that ask for an upgrade. Default: the 'upgrade' listeners of an http.Server, else the listener as any other. */
  onUpgrade?: UpgradeListener | undefined;
}

/**
 * Makes an application of a listener.
 *
 * @param listener a function `(req, res)`, or an http.Server that does not listen: its 'request' and 'upgrade' listeners are called
 * @throws {NodeAdapterError} BAD_LISTENER, BAD_OPTION
 */
export function fromNodeListener(listener: NodeListener | Server, options: FromNodeOptions = {}): Application {
  const call = callOf(listener);
  const upgrade = upgradeOf(listener, options);
  /** One for each connection: libraries keep things by it. */
  const sockets = new WeakMap<Duplex, Socket>();
  const socketOf = (environ: Environ): Socket | null => {
    const beneath = environ["eventlet.input"].connection?.socket;
    if (beneath === undefined) return null;
    let socket = sockets.get(beneath);
    if (socket === undefined) {
      socket = connectionSocket(beneath);
      sockets.set(beneath, socket);
    }
    return socket;
  };
  return (environ, startResponse) => {
    const exchange = new NodeExchange(environ, startResponse, socketOf);
    const onUpgrade = environ["HTTP_UPGRADE"] === undefined ? undefined : upgrade();
    if (onUpgrade === undefined || !asksForUpgrade(environ)) return exchange.run(call);
    exchange.request.upgrade = true;
    const result = onUpgrade(exchange.request, environ["eventlet.input"].getSocket(), Buffer.alloc(0));
    return result instanceof Promise ? result.then(() => []) : [];
  };
}

function callOf(listener: unknown): NodeListener {
  if (typeof listener === "function") return listener as NodeListener;
  if (!isServer(listener)) throw new NodeAdapterError("BAD_LISTENER", `got ${show(listener)}`);
  if (listener.listening) throw new NodeAdapterError("BAD_LISTENER", "this one listens");
  return (request, response) => {
    if (!listener.emit("request", request, response)) throw new Error("the http.Server has no 'request' listener");
  };
}

/** Looked up for each request: a library may attach itself to an http.Server later. */
function upgradeOf(listener: unknown, options: FromNodeOptions): () => UpgradeListener | undefined {
  if (typeof options !== "object" || options === null) {
    throw new NodeAdapterError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  }
  const [unknown] = Object.keys(options).filter((name) => name !== "onUpgrade");
  if (unknown !== undefined) {
    throw new NodeAdapterError("BAD_OPTION", `there is no option ${show(unknown)}; there is onUpgrade`);
  }
  const { onUpgrade } = options;
  if (onUpgrade !== undefined && typeof onUpgrade !== "function") {
    throw new NodeAdapterError("BAD_OPTION", `onUpgrade: expected a function, got ${show(onUpgrade)}`);
  }
  if (onUpgrade !== undefined || !isServer(listener)) return () => onUpgrade;
  const emit: UpgradeListener = (...args) => void listener.emit("upgrade", ...args);
  return () => (listener.listenerCount("upgrade") > 0 ? emit : undefined);
}

function isServer(value: unknown): value is Server {
  return typeof value === "object" && value !== null && typeof (value as Partial<Server>).emit === "function";
}

/** RFC 9110 §7.8: the connection option says that the Upgrade field is meant for this server. */
function asksForUpgrade(environ: Environ): boolean {
  const options = String(environ["HTTP_CONNECTION"] ?? "").toLowerCase();
  return environ.REQUEST_METHOD !== "CONNECT" && options.split(",").some((option) => option.trim() === "upgrade");
}
