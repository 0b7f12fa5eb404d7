// Breaking off a TCP connection with a reset. It knows Node's internals, as only read-buffer.ts does too.
//
// The public `resetAndDestroy()` ends the socket first: the peer gets a FIN, takes a body that only the connection's end
// delimits for complete, and the reset comes too late. The flag that it sets makes a plain `destroy()` reset at once; where
// flag or handle are not what they were (TLS, unix sockets, another runtime), the socket is destroyed: for TLS that is a
// truncation the peer sees, because no close_notify was sent.

import type { Duplex } from "node:stream";

interface Resettable {
  resetAndDestroy?: unknown;
  resetAndClosing?: boolean;
  _handle?: { reset?: unknown } | null;
}

export function resetSocket(socket: Duplex): void {
  const resettable = socket as Resettable;
  if (typeof resettable.resetAndDestroy === "function" && typeof resettable._handle?.reset === "function") {
    resettable.resetAndClosing = true;
  }
  socket.destroy();
}
