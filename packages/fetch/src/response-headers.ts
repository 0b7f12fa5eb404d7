// The headers of a Response as startResponse takes them. RFC 9110 §7.6.1, §8.4. Pairs in; pairs out: what belongs to a connection is
// left out, since handlers give it without meaning it: a Response of fetch() has that of its own connection, and helpers for
// event streams set `Connection: keep-alive` and `Transfer-Encoding: chunked`, as the server does by itself.

import type { Header } from "@wsgi/core";

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
]);

/** Those that fetch() decodes on every version of Node. */
const DECODED = /^(?:x-)?(?:gzip|deflate)$|^br$/i;

/**
 * Leaves hop-by-hop headers out, but for `Connection: close`, and an upgrade that is asked for by 426. One that does not say which, as
 * H3's, means WebSocket; RFC 9110 §15.5.22 wants it said.
 */
export function endToEnd(headers: Iterable<readonly [string, string]>, status: number): Header[] {
  const kept: Header[] = [];
  for (const header of headers) {
    const [name, value] = header;
    if (!HOP_BY_HOP.has(name) || (status === 426 && name === "upgrade")) kept.push(header);
    else if (name === "connection" && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) kept.push([name, "close"]);
    else if (name === "connection" && status === 426) kept.push([name, "upgrade"]);
  }
  if (status === 426 && !kept.some(([name]) => name === "upgrade")) {
    return [...kept.filter(([name]) => name !== "connection"), ["upgrade", "websocket"], ["connection", "upgrade"]];
  }
  return kept;
}

/**
 * The headers of a Response that is not a light one. What came over the network was decoded by fetch(), which leaves the headers as
 * they were: they do not fit the body any more.
 */
export function headersOf({ headers, status, url }: Response): Header[] {
  const kept = endToEnd(headers as Iterable<readonly [string, string]>, status);
  const codings = url === "" ? null : headers.get("content-encoding");
  if (codings === null || !codings.split(",").every((coding) => DECODED.test(coding.trim()))) return kept;
  return kept.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}
