// toNodeListener(): a WSGI application as a listener of node:http. Application and options in; a function (req, res), with a listener
// for upgrades, out. The rules of PEP 3333 are gateway()'s; here are the ends of node:http.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import {
  type Application,
  ClientDisconnected,
  type GatewayOptions,
  type GatewayRequest,
  type GatewayResponse,
  gateway,
  type Header,
} from "@wsgi/core";
import { gatewayRequest } from "./gateway-request.ts";

/** What `toNodeListener()` returns: a listener for 'request', a middleware of Express or Connect, a `checkContinue` listener. */
export interface WsgiListener {
  (request: IncomingMessage, response: ServerResponse, next?: unknown): void;
  /** The listener for 'upgrade' and 'connect' of an http.Server: the application may take the connection over. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/**
 * Makes a listener of an application.
 *
 * @throws {UsageError} BAD_APPLICATION, BAD_OPTION
 */
export function toNodeListener(application: Application, options?: GatewayOptions): WsgiListener {
  const run = gateway(application, options);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { cancel, done } = run(gatewayRequest(request, response), gatewayResponse(response));
    response.once("close", () => cancel(new ClientDisconnected()));
    void done.then(() => {
      if (!request.readableEnded && !request.destroyed) request.resume(); // else the next request waits behind the body
    });
  };
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as never);
    socket.on("error", () => {}); // 'close' follows
    response.once("finish", () => socket.end());
    const takeSocket: GatewayRequest["takeSocket"] = (start) => {
      response.detachSocket(socket as never);
      if (start !== undefined) socket.write(headText(start), "latin1");
      if (head.length > 0) socket.unshift(head);
      return socket;
    };
    const { cancel } = run({ ...gatewayRequest(request, response), takeSocket }, gatewayResponse(response));
    socket.once("close", () => cancel(new ClientDisconnected()));
  };
  return Object.assign(listener, { upgrade });
}

function headText({ statusLine, headers }: { statusLine: string; headers: readonly Header[] }): string {
  return `HTTP/1.1 ${statusLine}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

function gatewayResponse(response: ServerResponse): GatewayResponse {
  return {
    start(status, reason, headers, length) {
      response.statusCode = status;
      if (response.req.httpVersionMajor < 2) response.statusMessage = reason;
      for (const [name, values] of grouped(headers))
        response.setHeader(name, values.length === 1 ? (values[0] as string) : values);
      if (length !== undefined && !response.hasHeader("content-length")) response.setHeader("Content-Length", length);
      // With the first piece, if there is one in this turn.
      process.nextTick(() => {
        if (!response.headersSent && !response.destroyed) response.flushHeaders();
      });
    },
    write: (item) => response.write(item),
    onceWritable(callback) {
      const call = (): void => {
        response.removeListener("drain", call).removeListener("close", call);
        callback();
      };
      if (response.destroyed || !response.writableNeedDrain) return void setImmediate(callback);
      response.on("drain", call).on("close", call);
    },
    end: () => void response.end(),
    breakOff: () => void response.destroy(),
  };
}

/** The values of each name, under its first spelling. */
function grouped(headers: readonly Header[]): Iterable<[string, string[]]> {
  const groups = new Map<string, [string, string[]]>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [name, [value]]);
    else group[1].push(value);
  }
  return groups.values();
}
