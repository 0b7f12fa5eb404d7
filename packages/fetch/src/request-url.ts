// The absolute URL of a request: PEP 3333 "URL Reconstruction", RFC 9112 §3.3, and the WHATWG URL parser, which has the last word
// on what a Request's URL looks like. An environ, and what proxies say, in; the URL as text out. It is parsed only where parsing
// could change it.

import type { Environ } from "@wsgi/core";
import type { ForwardedFacts } from "./forwarded.ts";
import { escapeText, urlPath, urlQuery } from "./path.ts";

/** What a URL parser leaves as it is. */
const PLAIN_PATH = /^[!$-;=@-Z[\]_a-z|~]*$/;
const PLAIN_QUERY = /^[!$-&(-;=?-~]*$/;
const DOT_SEGMENT = /\/(?:\.|%2e)/i;
/** Names whose last label is no number and none is an `xn--` one; addresses of four plain numbers; ports that no scheme implies. */
const PLAIN_HOST =
  /^(?!(?:.*\.)?xn--)(?:(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*|(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$|:)|(?=$|:))){4})(?::(?:[1-9]\d{3}|[1-5]\d{4}))?$/;

/** Remembers the last host that a URL parser leaves as it is: the pattern takes a fifth of a request's way to its handler. */
export class PlainHost {
  #last = "";

  isPlain(host: string): boolean {
    if (host === this.#last) return true;
    if (!PLAIN_HOST.test(host)) return false;
    this.#last = host;
    return true;
  }
}

/**
 * The URL of a request, as a URL parser writes it; undefined when its host makes none, or when a URL parser, that resolves `..`
 * also as `%2e%2e`, takes it out of the mount of its application: what was sent to `/api/../admin` must not reach the application at
 * `/api` as a request for `/admin`.
 */
export function urlOf(
  environ: Environ,
  forwarded?: ForwardedFacts,
  plainHost: PlainHost = new PlainHost(),
): string | undefined {
  const scheme = forwarded?.scheme ?? environ["wsgi.url_scheme"];
  const host = forwarded?.host ?? (environ.HTTP_HOST || serverHost(environ));
  const path = urlPath(environ);
  const query = environ.QUERY_STRING === undefined ? undefined : urlQuery(environ.QUERY_STRING);
  const text = query === undefined ? `${scheme}://${host}${path}` : `${scheme}://${host}${path}?${query}`;
  const isPlain = PLAIN_PATH.test(path) && !DOT_SEGMENT.test(path) && plainHost.isPlain(host);
  if (isPlain && (query === undefined || PLAIN_QUERY.test(query))) return text;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return hasLeftMount(environ, url) || url.username !== "" ? undefined : url.href;
}

/** For requests without a Host, which HTTP/1.0 allows: where the connection was made to. */
function serverHost({ SERVER_NAME: name, SERVER_PORT: port }: Environ): string {
  const host = name.includes(":") ? `[${name.replace(/%.*/, "")}]` : name; // a URL takes no zone
  return port === "" ? host : `${host}:${port}`;
}

function hasLeftMount({ SCRIPT_NAME: script }: Environ, url: URL): boolean {
  if (script === "") return false;
  const mount = new URL(escapeText(script), url).pathname;
  return url.pathname !== mount && !url.pathname.startsWith(`${mount}/`);
}
