// The floor: the same bytes as a fixed reply on a bare socket of node:net or node:tls, whatever was asked. Nothing on Node's
// sockets can be much faster, so it tells how much of the other numbers is the operating system's. It closes when asked to.

import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import net, { type Socket } from "node:net";
import tls from "node:tls";
import { args, HELLO } from "./workload.ts";

const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${HELLO.length}\r\n`;
const LAST_REPLY = `${HEAD}Connection: close\r\n\r\n${HELLO}`;
const REPLY = `${HEAD}Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n${HELLO}`;

function answer(socket: Socket): void {
  socket.on("data", () => socket.write(REPLY, "latin1"));
  socket.on("error", () => {});
}

function answerAndClose(socket: Socket): void {
  socket.on("data", () => socket.end(LAST_REPLY, "latin1"));
  socket.on("error", () => {});
}

const { port, cert, key, settings } = args();
const secure = settings.tls;
const server =
  secure === undefined
    ? net.createServer({ noDelay: true }, answer)
    : tls.createServer(
        {
          cert: readFileSync(cert),
          key: readFileSync(key),
          secureOptions: secure.full ? constants.SSL_OP_NO_TICKET : 0,
          noDelay: true,
        },
        secure.full ? answerAndClose : answer,
      );
server.listen(port, "127.0.0.1");
