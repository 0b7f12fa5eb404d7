// The floor: the same bytes as a fixed reply on a bare node:net socket, whatever was asked. Nothing on Node's sockets can
// be much faster, so it tells how much of the other rows is the operating system's.

import net, { type AddressInfo } from "node:net";
import { announce } from "../cpu-time.ts";

const REPLY =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!\r\n";

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => socket.write(REPLY, "latin1"));
  socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
