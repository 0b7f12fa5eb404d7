// The request target in its four forms: RFC 9112 §3.2. Text in, RequestTarget out.
// Splits and checks; it never decodes: percent-encoding is environ.ts's business, so that RAW_PATH_INFO stays what came.

import { ProtocolError, quote } from "./errors.ts";
import { every, TARGET } from "./grammar.ts";
import { isHost } from "./host.ts";

export interface RequestTarget {
  /** The path, undecoded. `*` for the asterisk form, empty for the authority form. */
  readonly path: string;
  /** What follows the first `?`; undefined without one. */
  readonly query: string | undefined;
  /** The authority of the absolute or authority form; it replaces Host (RFC 9112 §3.2.2). */
  readonly authority: string | undefined;
}

const SLASH = 0x2f;

/**
 * Parses the target of a request with this method.
 *
 * @throws {ProtocolError} BAD_TARGET
 */
export function parseRequestTarget(target: string, method: string): RequestTarget {
  if (!every(TARGET, target)) throw badTarget(target, "a character that is not allowed");
  if (method === "CONNECT") return parseAuthorityForm(target);
  if (target.charCodeAt(0) === SLASH) return splitQuery(target, undefined);
  if (target === "*") {
    if (method !== "OPTIONS") throw badTarget(target, "`*` is for OPTIONS only");
    return { path: "*", query: undefined, authority: undefined };
  }
  return parseAbsoluteForm(target);
}

function splitQuery(target: string, authority: string | undefined): RequestTarget {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: undefined, authority };
  return { path: target.slice(0, mark), query: target.slice(mark + 1), authority };
}

/** `http://authority/path?query`. An empty host or user information makes it invalid: RFC 9110 §4.2.1, §4.2.4. */
function parseAbsoluteForm(target: string): RequestTarget {
  const scheme = /^https?:\/\//i.exec(target);
  if (scheme === null) throw badTarget(target, "neither a path nor an http URL");
  const rest = target.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  if (!isHost(authority) || authority === "" || authority.startsWith(":")) {
    throw badTarget(target, "its authority is not `host [:port]`");
  }
  const pathAndQuery = end < 0 ? "" : rest.slice(end);
  return splitQuery(pathAndQuery.startsWith("/") ? pathAndQuery : `/${pathAndQuery}`, authority);
}

/** `host:port`, the port required: RFC 9112 §3.2.3. */
function parseAuthorityForm(target: string): RequestTarget {
  if (!isHost(target) || !/[^:]:[0-9]+$/.test(target)) throw badTarget(target, "CONNECT needs host:port");
  return { path: "", query: undefined, authority: target };
}

function badTarget(target: string, reason: string): ProtocolError {
  return new ProtocolError("BAD_TARGET", `${reason} in ${quote(target)}`);
}
