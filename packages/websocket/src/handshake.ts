// The opening handshake, before anything is taken over: RFC 6455 §4.2. An environ in; what is wrong with it as an ordinary response,
// or undefined, out. Pure. The accept key and the extensions are computed by ws.

import type { Environ, Header, StartResponse } from "@wsgi/core";
import type { ResolvedOptions } from "./options.ts";

/** A response in place of an upgrade. */
export interface Refusal {
  readonly status: string;
  readonly headers: readonly Header[];
  readonly text: string;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const UPGRADE: readonly Header[] = [
  ["Upgrade", "websocket"],
  ["Connection", "upgrade"],
];

export function refusalOf(environ: Environ, { origin }: Pick<ResolvedOptions, "origin">): Refusal | undefined {
  if (!asksForWebSocket(environ)) return refusal("426 Upgrade Required", "this speaks WebSocket (RFC 6455)", UPGRADE);
  if (environ.REQUEST_METHOD !== "GET") {
    return refusal("405 Method Not Allowed", "a WebSocket is opened with GET", [["Allow", "GET"]]);
  }
  if (environ["HTTP_SEC_WEBSOCKET_VERSION"] !== "13") {
    const version: Header = ["Sec-WebSocket-Version", "13"];
    return refusal("426 Upgrade Required", "Sec-WebSocket-Version is not 13", [...UPGRADE, version]);
  }
  if (!KEY.test(String(environ["HTTP_SEC_WEBSOCKET_KEY"] ?? ""))) {
    return refusal("400 Bad Request", "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  const { CONTENT_LENGTH: length } = environ;
  if ((length !== undefined && length !== "0") || environ["HTTP_TRANSFER_ENCODING"] !== undefined) {
    return refusal("400 Bad Request", "a request that opens a WebSocket has no body"); // its bytes would be taken for frames
  }
  if (!isAllowed(environ, origin)) return refusal("403 Forbidden", "this origin may not connect");
  return undefined;
}

/** RFC 6455 §4.2.1 items 1, 3, 4. An Upgrade of HTTP/1.0 is ignored: RFC 9110 §7.8. */
function asksForWebSocket(environ: Environ): boolean {
  return (
    environ.SERVER_PROTOCOL !== "HTTP/1.0" &&
    lists(environ["HTTP_UPGRADE"], "websocket") &&
    lists(environ["HTTP_CONNECTION"], "upgrade")
  );
}

function lists(value: unknown, word: string): boolean {
  const members = String(value ?? "")
    .toLowerCase()
    .split(",");
  return members.some((member) => member.trim() === word);
}

/** A program sends no Origin, and could send any: a list is about pages in browsers. RFC 6455 §10.2. */
function isAllowed(environ: Environ, origin: ResolvedOptions["origin"]): boolean {
  const given = environ["HTTP_ORIGIN"] as string | undefined;
  if (origin === undefined) return true;
  if (typeof origin === "function") return origin(given, environ);
  return given === undefined || origin.includes(given);
}

export function refusal(status: string, text: string, headers: readonly Header[] = []): Refusal {
  return { status, text, headers };
}

/** Answers with a refusal. */
export function refuse({ status, headers, text }: Refusal, startResponse: StartResponse): string {
  startResponse(status, [["Content-Type", "text/plain"], ...headers]);
  return `${text}\r\n`;
}
