// The one answer to a request that is refused before an application sees it: RFC 9112 §3, §9.6; RFC 9110 §15.5.
// A ProtocolError in, the text of a whole response out. Pure.

import type { ProtocolError, ProtocolErrorStatus } from "./errors.ts";

/** The statuses that the server itself answers with. */
export type OwnStatus = ProtocolErrorStatus | 500;

const REASONS: Readonly<Record<OwnStatus, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  505: "HTTP Version Not Supported",
};

/** What follows the version in the status line. */
export function statusLineOf(status: OwnStatus): string {
  return `${status} ${REASONS[status]}`;
}

/** A complete response with `Connection: close`; its body says what was wrong. */
export function encodeRefusal(error: ProtocolError, minorVersion: 0 | 1, dateLine: string): string {
  const body = `${toAscii(error.message)}\r\n`;
  return (
    `HTTP/1.${minorVersion} ${statusLineOf(error.status)}\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${body.length}\r\n${dateLine}Connection: close\r\n\r\n${body}`
  );
}

function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
