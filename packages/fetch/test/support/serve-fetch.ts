// Serves a Fetch handler on a real socket for one test.

import type { Application } from "@wsgi/core";
import type * as core from "../../../core/src/index.ts";
import { type Served, serve } from "../../../core/test/support/serve.ts";
import { type FetchHandler, type FetchObject, type FromFetchOptions, fromFetch } from "../../src/index.ts";

/** The core's source, which the tests run, and its build, which this package knows, have each their own types. */
export function forCore(application: Application): core.Application {
  return application as unknown as core.Application;
}

export function serveFetch(
  handler: FetchHandler | FetchObject,
  options: FromFetchOptions = {},
  serverOptions: core.Options = {},
): Promise<Served> {
  return serve(forCore(fromFetch(handler, options)), serverOptions);
}

/** A whole request as text; HTTP/1.1 and a Host unless they are given. */
export function request(line: string, ...headers: readonly string[]): string {
  const host = headers.some((one) => /^host:/i.test(one)) || line.endsWith("HTTP/1.0") ? [] : ["Host: example.com"];
  const first = /HTTP\/1\.\d$/.test(line) ? line : `${line} HTTP/1.1`;
  return `${[first, ...host, ...headers, "Connection: close"].join("\r\n")}\r\n\r\n`;
}
