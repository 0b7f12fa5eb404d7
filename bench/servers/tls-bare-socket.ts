// The floor: a fixed reply on a bare node:tls socket, whatever was asked; it closes when the request says so. Its arguments
// are a certificate and its key; and `full` when no session may be resumed.

import { constants } from "node:crypto";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { announce } from "../cpu-time.ts";

const REPLY =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!\r\n";
const LAST_REPLY = REPLY.replace("\r\n", "\r\nConnection: close\r\n");

const [, , cert = "", key = "", full] = process.argv;
const secureOptions = full === undefined ? 0 : constants.SSL_OP_NO_TICKET;
const server = tls.createServer({ cert, key, secureOptions, noDelay: true }, (socket) => {
  socket.on("data", (bytes) => {
    if (bytes.includes("Connection: close")) socket.end(LAST_REPLY, "latin1");
    else socket.write(REPLY, "latin1");
  });
  socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
