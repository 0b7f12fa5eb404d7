// The headers of a response as a list for startResponse: of what `setHeader` collected, or of what `writeHead` was given, in every
// form that Node takes. What belongs to a connection is left out, for the server decides it. RFC 9110 §7.6.1.

import { type ServerResponse, validateHeaderName, validateHeaderValue } from "node:http";
import type { Header } from "@wsgi/core";

export interface CollectedHeaders {
  readonly list: Header[];
  /** What the listener declared, if it did. */
  contentLength: string | undefined;
}

/**
 * @param given the argument of `writeHead`; Node hands it over only when no header was set before
 * @throws ERR_INVALID_HTTP_TOKEN, ERR_HTTP_INVALID_HEADER_VALUE and ERR_INVALID_CHAR, as Node does
 */
export function collectHeaders(response: ServerResponse, given: unknown): CollectedHeaders {
  const collected: CollectedHeaders = { list: [], contentLength: undefined };
  const names = (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames(); // absent in the types
  if (names.length > 0) {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      add(collected, response.statusCode, name, response.getHeader(name));
    }
    return collected;
  }
  for (const [name, value] of entriesOf(given)) {
    validateHeaderName(name);
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one);
    add(collected, response.statusCode, name, value);
  }
  return collected;
}

/** `{ name: value }`, `[[name, value]]` or `[name, value, …]`. */
function entriesOf(given: unknown): Iterable<[string, unknown]> {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) return Object.entries(given);
  if (given.length === 0 || Array.isArray(given[0])) return given;
  if (given.length % 2 !== 0) {
    throw Object.assign(new TypeError("The argument 'headers' is invalid: it has a name without a value"), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  return Array.from({ length: given.length / 2 }, (_, i) => [given[2 * i], given[2 * i + 1]]);
}

function add(collected: CollectedHeaders, status: number, name: string, value: unknown): void {
  if (!Array.isArray(value)) return addOne(collected, status, name, String(value));
  if (value.length > 1 && name.toLowerCase() === "cookie") return addOne(collected, status, name, value.join("; "));
  for (const one of value) addOne(collected, status, name, String(one));
}

function addOne(collected: CollectedHeaders, status: number, name: string, value: string): void {
  switch (name.length) {
    case 2:
    case 7:
    case 10:
    case 14:
    case 16:
    case 17:
      return addChecked(collected, status, name, value);
    default:
      collected.list.push([name, value]);
  }
}

function addChecked(collected: CollectedHeaders, status: number, name: string, value: string): void {
  switch (name.toLowerCase()) {
    case "content-length":
      collected.contentLength = value;
      break;
    case "connection":
      return addConnection(collected, status, value);
    case "upgrade":
      if (status !== 101 && status !== 426) return;
      break;
    case "te":
    case "trailer":
    case "keep-alive":
    case "proxy-connection":
    case "transfer-encoding":
      return;
  }
  collected.list.push([name, value]);
}

/** Of `Connection` the server takes `close`, and `upgrade` where there is something to upgrade to. */
function addConnection({ list }: CollectedHeaders, status: number, value: string): void {
  for (const option of value.toLowerCase().split(",")) {
    const word = option.trim();
    if (word === "close" || (word === "upgrade" && (status === 101 || status === 426))) list.push(["Connection", word]);
  }
}
