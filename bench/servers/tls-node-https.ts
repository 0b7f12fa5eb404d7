// The same response on node:https. Its arguments are a certificate and its key; and `full` when no session may be resumed.

import { constants } from "node:crypto";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { announce } from "../cpu-time.ts";

const [, , cert = "", key = "", full] = process.argv;
const secureOptions = full === undefined ? 0 : constants.SSL_OP_NO_TICKET;
const server = https.createServer({ cert, key, secureOptions }, (_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("Hello, World!\r\n");
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
