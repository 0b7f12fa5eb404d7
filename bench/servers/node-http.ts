// The same response on node:http. Tells its port, and its processor time when asked.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "../cpu-time.ts";

const server = http.createServer((_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("Hello, World!\r\n");
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
