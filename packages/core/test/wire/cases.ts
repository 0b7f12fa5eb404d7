// What a row of the tables of wire cases is. A row stands for itself: bytes, the limits they are read with, and what
// must come of them. The parser and a server on a real socket are driven by the same rows.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import type { Field } from "../../src/fields.ts";
import type { ParserLimits } from "../../src/request-parser.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

/** A request as it is understood. */
export interface Message {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly minorVersion: 0 | 1;
  readonly host: string | undefined;
  readonly fields: readonly Field[];
  readonly keepAlive: boolean;
  readonly asksKeepAlive: boolean;
  readonly wantsContinue: boolean;
  /** As latin-1. */
  readonly body: string;
  /** Undefined for a body that is not chunked. */
  readonly trailers: readonly Field[] | undefined;
}

export interface AcceptCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly messages: readonly Message[];
  readonly limits: ParserLimits;
}

export interface RejectCase {
  /** The attack or the fault. */
  readonly name: string;
  readonly bytes: Buffer;
  /** What is understood before the fault. */
  readonly messages: readonly Message[];
  readonly code: ProtocolErrorCode;
  /** Where the fault is found. In the body means: the application may have seen the head already. */
  readonly where: "head" | "body";
  /** The body bytes that came out before the fault, as latin-1. */
  readonly body: string;
  readonly limits: ParserLimits;
}

/** The field that nearly every row has. */
export const HOST: Field = ["Host", "a"];

/** The message of `GET / HTTP/1.1`, `Host: a`, with what the row has of its own. The path is the target unless given. */
export function message(own: Partial<Message> = {}): Message {
  return {
    method: "GET",
    target: "/",
    path: own.target ?? "/",
    query: undefined,
    minorVersion: 1,
    host: "a",
    fields: [HOST],
    keepAlive: true,
    asksKeepAlive: false,
    wantsContinue: false,
    body: "",
    trailers: undefined,
    ...own,
  };
}

export function accept(name: string, bytes: Buffer, ...messages: readonly Partial<Message>[]): AcceptCase {
  return { name, bytes, messages: messages.map(message), limits: DEFAULT_LIMITS };
}

export function reject(name: string, bytes: Buffer, code: ProtocolErrorCode): RejectCase {
  return { name, bytes, messages: [], code, where: "head", body: "", limits: DEFAULT_LIMITS };
}

/** A fault in the body, after these bytes of it. */
export function rejectBody(name: string, bytes: Buffer, code: ProtocolErrorCode, body = ""): RejectCase {
  return { ...reject(name, bytes, code), where: "body", body };
}
