// A server as its user sees it: `server()` and what it returns. eventlet's `wsgi.server`.
// Listeners, application and options in, checked; a running server out. How it runs is running-server.ts's business.

import { show, UsageError } from "./errors.ts";
import type { Listener } from "./listener.ts";
import type { Options } from "./options.ts";
import { resolveOptions } from "./resolve-options.ts";
import { RunningServer } from "./running-server.ts";
import type { Server } from "./server-types.ts";
import type { Application } from "./types.ts";

/**
 * Serves an application on listeners. Starts at once.
 *
 * @param listeners what `listen()` or `wrapSsl()` returned, one or several
 * @param application `(environ, startResponse) => body`
 * @throws {UsageError} when an option, the listeners or the application are not what they have to be
 */
export function server(listeners: Listener | readonly Listener[], application: Application, options?: Options): Server {
  if (typeof application !== "function") throw new UsageError("BAD_APPLICATION", `got ${show(application)}`);
  const list = Array.isArray(listeners) ? (listeners as readonly Listener[]) : [listeners as Listener];
  if (list.length === 0 || !list.every(isListener))
    throw new UsageError("BAD_LISTENER", "expected what listen() returns");
  if (list.some((listener) => listener.served) || new Set(list).size < list.length) {
    throw new UsageError("BAD_LISTENER", "one of them has a server already, was closed, or was given twice");
  }
  const running = new RunningServer(list, application, resolveOptions(options));
  running.run();
  return running;
}

function isListener(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as Listener).accept === "function";
}
