// The end of a response as Node tells it: when the system has all of it, and how the messages close. A socket and the messages in;
// callbacks and events out.

import type { Duplex } from "node:stream";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";

/** Calls back when the system has what was written to a socket until now, or never will. A server that shows none is believed. */
export function whenSent(socket: Duplex | undefined, sent: () => void, lost: () => void): void {
  if (socket === undefined || (socket.writableLength === 0 && !socket.errored)) return sent();
  // Nothing of its own: a place in the queue behind what the server has written.
  if (socket.writable) socket.write("", (error) => (error ? lost() : sent()));
  else if (socket.destroyed) lost();
  else socket.once("close", () => (socket.writableFinished ? sent() : lost()));
}

/** 'close', once. */
export function emitClose(response: Outgoing): void {
  if (response._closed) return;
  response.destroyed = true;
  response._closed = true;
  response.emit("close");
}

/** Whether somebody waits for the end of a request. */
export function hasAudience(request: Incoming): boolean {
  return request.listenerCount("close") > 0 || request.listenerCount("end") > 0;
}
