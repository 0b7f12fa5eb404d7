// websocket(): a handler of WebSocket connections as a WSGI application, as eventlet's WebSocketWSGI. Handler and options in,
// checked; an Application out. It answers a bad handshake, takes the connection over for ws, and sees it through: until the
// handler is done, the client has left, or the server closes. Frames are ws's business.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Application, Environ, Header, StartResponse } from "@wsgi/core";
import { WebSocket, WebSocketServer } from "ws";
import { ConnectedSocket } from "./connected-socket.ts";
import { show, WebSocketUsageError } from "./errors.ts";
import { refusal, refusalOf, refuse } from "./handshake.ts";
import { keepAlive } from "./keep-alive.ts";
import { type ResolvedOptions, resolveOptions, type WebSocketOptions } from "./options.ts";

/**
 * Has the connection until the promise that it returns settles: then it closes with 1000, or with 1011 when it was rejected. One that
 * returns no promise has it until either side closes.
 */
export type WebSocketHandler = (ws: ConnectedSocket, environ: Environ) => unknown;

/** A request on its way through ws: it sees no other properties. */
interface Handshake {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly environ: Environ;
  readonly startResponse: StartResponse;
  readonly socket: Duplex;
  /** Why ws refused it. */
  fault: Error | undefined;
}

/**
 * Makes an application of a handler.
 *
 * @throws {WebSocketUsageError} BAD_HANDLER, BAD_OPTION
 */
export function websocket(handler: WebSocketHandler, options?: WebSocketOptions): Application {
  if (typeof handler !== "function") throw new WebSocketUsageError("BAD_HANDLER", `got ${show(handler)}`);
  const resolved = resolveOptions(options);
  const frames = frameServer(resolved);
  return (environ, startResponse) => {
    const fault = refusalOf(environ, resolved);
    if (fault !== undefined) return refuse(fault, startResponse);
    const socket = environ["eventlet.input"].connection?.socket;
    if (socket === undefined) {
      return refuse(refusal("501 Not Implemented", "this server gives no connection away"), startResponse);
    }
    const handshake: Handshake = {
      method: "GET",
      headers: {
        upgrade: "websocket",
        "sec-websocket-key": environ["HTTP_SEC_WEBSOCKET_KEY"],
        "sec-websocket-version": "13",
        "sec-websocket-protocol": environ["HTTP_SEC_WEBSOCKET_PROTOCOL"],
        "sec-websocket-extensions": environ["HTTP_SEC_WEBSOCKET_EXTENSIONS"],
      },
      ...{ environ, startResponse, socket, fault: undefined },
    };
    let connected: ConnectedSocket | undefined;
    frames.handleUpgrade(handshake as unknown as IncomingMessage, socket, Buffer.alloc(0), (ws) => {
      connected = ws as ConnectedSocket;
    });
    if (connected === undefined) {
      const text = handshake.fault?.message ?? "the client has left";
      return refuse(refusal("400 Bad Request", text, [["Connection", "close"]]), startResponse);
    }
    connected.environ = environ;
    keepAlive(connected, socket, resolved.pingInterval);
    return seeThrough(connected, environ, handler);
  };
}

/** ws without a server: it checks what is left of a handshake, and makes the WebSockets. */
function frameServer({ protocols, maxPayload, perMessageDeflate, closeTimeout }: ResolvedOptions): WebSocketServer {
  const options = {
    noServer: true,
    clientTracking: false,
    WebSocket: ConnectedSocket as unknown as typeof WebSocket, // its arguments are the library's own
    closeTimeout: closeTimeout * 1000, // absent in the types
    maxPayload,
    perMessageDeflate,
    handleProtocols: (offered: Set<string>, request: IncomingMessage): string | false => {
      const { environ } = request as unknown as Handshake;
      if (typeof protocols === "function") return protocols([...offered], environ) ?? false;
      return protocols?.find((name) => offered.has(name)) ?? false;
    },
  };
  const frames = new WebSocketServer(options);
  frames.on("headers", (lines, request) => takeOver(lines, request as unknown as Handshake));
  frames.on("wsClientError", (error, _socket, request) => {
    (request as unknown as Handshake).fault = error;
  });
  return frames;
}

/** The head that ws has made goes out by the server, who counts and logs it; what ws writes of it next is dropped. */
function takeOver(lines: readonly string[], { environ, startResponse, socket }: Handshake): void {
  const headers = lines.slice(1).map((line): Header => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  startResponse("101 Switching Protocols", headers);
  environ["eventlet.input"].getSocket();
  const own = socket as { write?: unknown };
  own.write = (): boolean => {
    delete own.write;
    return true;
  };
}

/** Runs the handler; resolves when the connection has closed, and rejects when the handler failed. */
async function seeThrough(ws: ConnectedSocket, environ: Environ, handler: WebSocketHandler): Promise<[]> {
  const closed = new Promise<void>((resolve) => ws.once("close", () => resolve()));
  ws.on("error", () => {}); // a fault of the client: ws closes with the code that says which
  environ["eventlet.set_idle"]();
  const signal = environ["wsgi.signal"];
  const onShutdown = (): void => ws.close(1001);
  signal.addEventListener("abort", onShutdown, { once: true });
  try {
    const result = handler(ws, environ);
    if (isPromise(result)) {
      await result;
      if (ws.readyState === WebSocket.OPEN) ws.close(1000);
    }
  } catch (error) {
    const isGone = ws.readyState !== WebSocket.OPEN;
    ws.close(1011);
    if (!isGone) throw error; // the server logs it and closes, behind the close frame
    if (!ws.isLoss(error))
      environ["wsgi.errors"].write(`a WebSocket handler failed after its connection had closed: ${describe(error)}\n`);
  }
  await closed;
  return [];
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
