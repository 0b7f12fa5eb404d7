// Serves an application until the test ends, and a handler of ws on node:http beside it.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { type Application, type Exchange, type Listener, listen, type Server, server } from "@wsgi/core";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly log: string[];
  /** Resolves with the first exchange. */
  readonly exchange: Promise<Exchange>;
  readonly exchanges: Exchange[];
  logged(pattern: RegExp): Promise<string>;
}

export async function serve(application: Application, listener: Listener = listen(["127.0.0.1", 0])): Promise<Served> {
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const record = (line: string): void => {
    log.push(line);
    for (const look of waiting) look();
  };
  const exchanges: Exchange[] = [];
  let onExchange!: (exchange: Exchange) => void;
  const exchange = new Promise<Exchange>((resolve) => {
    onExchange = resolve;
  });
  const running = server(listener, application, {
    log: { info: record, debug: () => {} },
    extensions: [
      {
        name: "recorder",
        onResponded: (one) => {
          exchanges.push(one);
          onExchange(one);
        },
      },
    ],
  });
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
  });
  await running.ready;
  const logged = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = log.find((line) => pattern.test(line));
        if (found !== undefined) resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { server: running, port: running.addresses[0]?.port as number, log, exchange, exchanges, logged };
}

/** The same handler on ws and node:http, without this project. */
export async function serveReference(handler: (ws: WebSocket) => void, maxPayload: number): Promise<number> {
  const running = http.createServer();
  const frames = new WebSocketServer({ server: running, maxPayload });
  frames.on("connection", (ws) => {
    ws.on("error", () => {});
    handler(ws);
  });
  await new Promise<void>((resolve) => running.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const ws of frames.clients) ws.terminate();
    running.close();
  });
  return (running.address() as AddressInfo).port;
}
