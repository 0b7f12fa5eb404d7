// Every workload on node:http, or node:https, as a careful programmer writes it: with a Content-Length where it is known.

import { constants } from "node:crypto";
import { once } from "node:events";
import { createReadStream, readFileSync, statSync } from "node:fs";
import http, { type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import { args, HELLO, items, LARGE, PIECE, PIECES, type Settings, tellMemory, type Workload } from "./workload.ts";

const { port, file, cert, key, workload, settings } = args();
const TEXT = "text/plain";
const BYTES = "application/octet-stream";

const handlers: Readonly<Record<Workload, RequestListener>> = {
  hello(_request, response) {
    send(response, TEXT, HELLO);
  },
  echo(request, response) {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => send(response, BYTES, Buffer.concat(pieces)));
  },
  upload(request, response) {
    let size = 0;
    request.on("data", (piece: Buffer) => {
      size += piece.length;
    });
    request.on("end", () => send(response, TEXT, String(size)));
  },
  large(_request, response) {
    send(response, TEXT, LARGE);
  },
  async download(_request, response) {
    response.writeHead(200, { "Content-Type": BYTES });
    for (let n = 0; n < PIECES; n++) if (!response.write(PIECE)) await once(response, "drain");
    response.end();
  },
  async items(_request, response) {
    response.writeHead(200, { "Content-Type": TEXT });
    for await (const item of items()) if (!response.write(item)) await once(response, "drain");
    response.end();
  },
  file(_request, response) {
    response.writeHead(200, { "Content-Type": BYTES, "Content-Length": statSync(file).size });
    createReadStream(file).pipe(response);
  },
};

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function secure({ full }: NonNullable<Settings["tls"]>): https.Server {
  const secureOptions = full ? constants.SSL_OP_NO_TICKET : 0;
  return https.createServer({ cert: readFileSync(cert), key: readFileSync(key), secureOptions }, handlers[workload]);
}

const { tls, connections } = settings;
const server = tls === undefined ? http.createServer(handlers[workload]) : secure(tls);
if (connections !== undefined) server.keepAliveTimeout = 75_000; // opening so many takes longer than the 5 s of the default
server.listen({ port, host: "127.0.0.1", ...(connections !== undefined && { backlog: connections }) });
tellMemory();
