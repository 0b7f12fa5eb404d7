// The environ of a Request: PEP 3333, and the keys that the core adds. A Request and facts that its runtime knows in; a plain object out.
// What no Request can tell (addresses, ports of clients) is empty unless the option `environ` tells it.

import type { Environ, ErrorStream } from "@wsgi/core";
import type { FetchInput } from "./fetch-input.ts";
import { decodePath } from "./path.ts";

/** Names of headers and their keys, and what all environs of an application have. */
export interface EnvironBase {
  readonly errors: ErrorStream;
  readonly keys: Map<string, string>;
}

const setIdle = (): void => {};
const MAX_KEYS = 512;
const VERSION: readonly [1, 0] = Object.freeze([1, 0] as const);

/** An own, enumerable property, made when it is looked at: see the core's environ.ts. */
const LAZY_SIGNAL: PropertyDescriptor = Object.freeze({
  enumerable: true,
  configurable: true,
  get(this: Environ): AbortSignal {
    return (this["eventlet.input"] as unknown as FetchInput).signal;
  },
  set(this: Environ, value: unknown): void {
    Object.defineProperty(this, "wsgi.signal", { value, writable: true, enumerable: true, configurable: true });
  },
});

export function buildEnviron(request: Request, input: FetchInput, base: EnvironBase, fileWrapper: unknown): Environ {
  const { url, method } = request;
  const authorityStart = url.indexOf("//") + 2;
  const pathStart = url.indexOf("/", authorityStart);
  const fragment = url.indexOf("#", pathStart);
  const end = fragment < 0 ? url.length : fragment;
  const mark = url.indexOf("?", pathStart);
  const hasQuery = mark >= 0 && mark < end;
  const path = url.slice(pathStart, hasQuery ? mark : end);
  const host = url.slice(authorityStart, pathStart);
  const scheme = url.startsWith("https:") ? "https" : "http";
  const portColon = host.endsWith("]") ? -1 : host.lastIndexOf(":");
  const environ: Record<string, unknown> = {
    REQUEST_METHOD: method,
    SCRIPT_NAME: "",
    RAW_PATH_INFO: path,
    PATH_INFO: decodePath(path),
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: (portColon < 0 ? host : host.slice(0, portColon)).replace(/^\[|\]$/g, ""),
    SERVER_PORT: portColon < 0 ? (scheme === "https" ? "443" : "80") : host.slice(portColon + 1),
    REMOTE_ADDR: "",
    REMOTE_PORT: "",
    GATEWAY_INTERFACE: "CGI/1.1",
    headers_raw: [...request.headers],
    "wsgi.version": VERSION,
    "wsgi.url_scheme": scheme,
    "wsgi.input": input,
    "wsgi.errors": base.errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.file_wrapper": fileWrapper,
    "eventlet.input": input,
    "eventlet.set_idle": setIdle,
    "eventlet.minimum_write_chunk_size": 0,
    "fetch.request": request,
  };
  Object.defineProperty(environ, "wsgi.signal", LAZY_SIGNAL);
  if (scheme === "https") environ["HTTPS"] = "on";
  if (hasQuery) environ["QUERY_STRING"] = url.slice(mark + 1, end);
  for (const [name, value] of environ["headers_raw"] as [string, string][]) {
    const key = keyOf(name, base.keys);
    if (key !== undefined) environ[key] = value;
  }
  environ["HTTP_HOST"] ??= host;
  const hasNoLength = environ["CONTENT_LENGTH"] === undefined && environ["HTTP_TRANSFER_ENCODING"] === undefined;
  if (request.body !== null && hasNoLength) environ["HTTP_TRANSFER_ENCODING"] = "chunked"; // as it would come over a connection
  return environ as unknown as Environ;
}

/** Undefined for a name with an underscore: see the core's environ.ts. */
function keyOf(name: string, keys: Map<string, string>): string | undefined {
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (name.includes("_")) return undefined;
  const upper = name.toUpperCase().replaceAll("-", "_");
  const key = upper === "CONTENT_TYPE" || upper === "CONTENT_LENGTH" ? upper : `HTTP_${upper}`;
  if (keys.size < MAX_KEYS) keys.set(name, key); // bounded: clients choose the names
  return key;
}
