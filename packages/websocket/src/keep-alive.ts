// Pings, so that a peer that is gone without a word is found, and a proxy between sees traffic. RFC 6455 §5.5.2.
// A WebSocket, its socket and seconds in; `terminate()` of it out. It knows nothing of what is sent otherwise.

import type { Duplex } from "node:stream";
import { WebSocket } from "ws";

export function keepAlive(ws: WebSocket, socket: Duplex, seconds: number): void {
  if (seconds === 0) return;
  const bytesRead = (): number => (socket as { bytesRead?: number }).bytesRead ?? 0;
  let isAlive = true;
  let lastRead = bytesRead();
  const timer = setInterval(() => {
    if (ws.readyState !== WebSocket.OPEN) return;
    const read = bytesRead();
    // Bytes count, too: the pong has to wait behind a large message. What is not read from a peer is no sign of its death.
    if (!isAlive && read === lastRead && !ws.isPaused) return ws.terminate();
    isAlive = false;
    lastRead = read;
    ws.ping();
  }, seconds * 1000);
  timer.unref();
  ws.on("pong", () => {
    isAlive = true;
  });
  ws.once("close", () => clearInterval(timer));
}
