// Breaking off a TCP connection with a reset. It knows the internals of Node, as only read-buffer.ts does too.
//
// Node's public `resetAndDestroy()` ends the socket first: the peer gets a FIN, takes a body that only the connection's end
// delimits for complete, and the reset comes too late. The flag that it sets makes a plain `destroy()` reset at once; where
// the handle is not what it was (TLS, unix sockets), the socket is destroyed: for TLS that is a truncation the peer sees,
// because no close_notify was sent. Bun and Deno keep their flags elsewhere, and their public method resets at once.

import type { Duplex } from "node:stream";

interface Resettable {
  resetAndDestroy?: () => unknown;
  resetAndClosing?: boolean;
  _handle?: { reset?: unknown } | null;
}

const IS_NODE = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/** @param hasFlag whether the runtime looks at Node's flag when a socket is destroyed */
export function resetSocket(socket: Duplex, hasFlag = IS_NODE): void {
  const resettable = socket as Resettable;
  if (typeof resettable.resetAndDestroy === "function") {
    if (!hasFlag) resettable.resetAndDestroy();
    else if (typeof resettable._handle?.reset === "function") resettable.resetAndClosing = true;
  }
  socket.destroy();
}
