// The admin server: `/live`, `/ready` and `/status`, for probes and for people. A view of what runs in; a WSGI application
// out, served by the same core. It changes nothing and is off unless asked for.

import type { Application, StartResponse } from "@wsgi/core";
import { messageOf } from "./errors.ts";

/** What the admin server shows; in a supervisor it asks the workers. */
export interface AdminView {
  /** Undefined when requests are welcome, else why not. */
  notReadyBecause(): string | undefined;
  status(): unknown | Promise<unknown>;
}

export function adminApplication(view: AdminView): Application {
  return async (environ, startResponse) => {
    const { REQUEST_METHOD: method, PATH_INFO: path } = environ;
    if (method !== "GET" && method !== "HEAD")
      return text(startResponse, "405 Method Not Allowed", "only GET", [["Allow", "GET, HEAD"]]);
    switch (path) {
      case "/live":
        return text(startResponse, "200 OK", "alive");
      case "/ready": {
        const reason = view.notReadyBecause();
        return reason === undefined
          ? text(startResponse, "200 OK", "ready")
          : text(startResponse, "503 Service Unavailable", reason);
      }
      case "/status":
        try {
          const body = `${JSON.stringify(await view.status(), undefined, 2)}\n`;
          startResponse("200 OK", [["Content-Type", "application/json"], NO_STORE]);
          return body;
        } catch (error) {
          return text(startResponse, "500 Internal Server Error", messageOf(error));
        }
      default:
        return text(startResponse, "404 Not Found", "there is /live, /ready and /status");
    }
  };
}

const NO_STORE = ["Cache-Control", "no-store"] as const;

function text(
  startResponse: StartResponse,
  status: string,
  line: string,
  more: readonly (readonly [string, string])[] = [],
): string {
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"], NO_STORE, ...more]);
  return `${line}\n`;
}
