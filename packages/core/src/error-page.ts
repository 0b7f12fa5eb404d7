// The answer of a request whose application failed: eventlet's `debug` option. An error in; status line and text out.
// Pure. A peer learns what it did wrong itself, and of the application's faults nothing unless `debug` is on.

import { ClientDisconnected, ProtocolError } from "./errors.ts";
import { describeThrown } from "./log.ts";
import { statusLineOf } from "./refusal.ts";

export interface ErrorPage {
  readonly statusLine: string;
  readonly text: string;
}

/** @param debug whether the page of a 500 carries the stack */
export function errorPage(error: unknown, debug: boolean): ErrorPage {
  if (error instanceof ProtocolError) return { statusLine: statusLineOf(error.status), text: `${error.message}\r\n` };
  // The client closed its sending side inside the body: it may still read what it did.
  if (error instanceof ClientDisconnected) return { statusLine: statusLineOf(400), text: `${error.message}\r\n` };
  const stack = describeThrown(error);
  return { statusLine: statusLineOf(500), text: debug ? `${stack}\r\n` : "" };
}
