// What a disagreement is about, for the predicates of the explanations: what each server made of the message where the
// views part, and that message as text. Grammar is judged here anew, not by the parser under test.

import { isIPv6 } from "node:net";
import type { ProtocolErrorCode } from "../../src/index.ts";
import type { Disagreement } from "./comparison.ts";
import type { Message, View } from "./views.ts";

export interface Facts {
  /** The message as we saw it, or as node did; undefined when not even its head was understood. */
  readonly ours: Message | undefined;
  readonly node: Message | undefined;
  /** The message before it, which both saw alike. */
  readonly before: Message | undefined;
  /** Our fault, when we refused this message; or node's. */
  readonly ourFault: ProtocolErrorCode | undefined;
  readonly nodeFault: string | undefined;
  /** Whether we closed the connection in order before this message. */
  readonly weClosed: boolean;
  /** Whether node did. */
  readonly nodeClosed: boolean;
  /** Whether node waits for this message. */
  readonly nodeWaits: boolean;
  /** Whether we wait for more of this message, or for one. */
  readonly weWait: boolean;
  /** All bytes from the message on, as latin-1. */
  readonly rest: string;
  /** Its request line, what comes before it left out. */
  readonly line: string;
  /** The lines of its head behind the request line. */
  readonly fieldLines: readonly string[];
  /** What comes behind its head; undefined while that is not complete. */
  readonly body: string | undefined;
}

export function factsOf({ ours, node, at, rest }: Disagreement): Facts {
  const message = rest.replace(/^[\r\n]+/, "");
  const headEnd = message.indexOf("\r\n\r\n");
  const [line = "", ...fieldLines] = (headEnd < 0 ? message : message.slice(0, headEnd)).split("\r\n");
  return {
    ours: ours.messages[at],
    node: node.messages[at],
    before: ours.messages[at - 1],
    ourFault: faultAt(ours, at) as ProtocolErrorCode | undefined,
    nodeFault: faultAt(node, at),
    weClosed: ours.end === "closes" && ours.messages.length <= at,
    nodeClosed: node.end === "closes" && node.messages.length <= at,
    nodeWaits: node.end === "waits" && node.messages.length === at,
    weWait: ours.end === "waits" && (ours.messages.length === at || ours.messages[at]?.complete === false),
    rest,
    line,
    fieldLines,
    body: headEnd < 0 ? undefined : message.slice(headEnd + 4),
  };
}

/** The code of a refusal that has to do with the message at this index. */
function faultAt({ messages, end, code }: View, at: number): string | undefined {
  if (end !== "refuses") return undefined;
  return messages.length === at || (messages.length === at + 1 && messages[at]?.complete === false) ? code : undefined;
}

/** The values of a field of a message. */
export function valuesOf(message: Message | undefined, name: string): string[] {
  return (message?.fields ?? []).filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a list, in lower case. */
export function members(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.toLowerCase().split(","))
    .map((member) => member.replace(/^[\t ]+|[\t ]+$/g, ""))
    .filter((member) => member !== "");
}

const NAME = /^(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})*$/i;
const FUTURE = /^v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+$/i;

/** `host [":" port]`, RFC 3986 §3.2, with a port that exists. */
export function isAuthority(value: string): boolean {
  const [, literal, name, port = ""] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([0-9]{0,5}))?$/.exec(value) ?? [undefined];
  if (literal === undefined && name === undefined) return false;
  if (Number(port) > 65535) return false;
  if (name !== undefined) return NAME.test(name);
  const [address = "", zone, ...more] = (literal as string).split("%25");
  return FUTURE.test(address) || (isIPv6(address) && zone !== "" && more.length === 0);
}

/** The four forms of RFC 9112 §3.2; visible ASCII without `#`, http and https only, no user information. */
export function isTarget(method: string, target: string): boolean {
  if (!/^[!-~]+$/.test(target) || target.includes("#")) return false;
  if (method === "CONNECT") return isAuthority(target) && /[^:]:[0-9]+$/.test(target);
  if (target.startsWith("/")) return true;
  if (target === "*") return method === "OPTIONS";
  const [, authority = ""] = /^https?:\/\/([^/?]*)/i.exec(target) ?? [];
  return isAuthority(authority) && /^[^:]/.test(authority);
}

/** Whether the connection ends with this message: RFC 9112 §9.3. */
export function ends(message: Message | undefined): boolean {
  if (message === undefined) return false;
  const options = members(valuesOf(message, "connection"));
  if (message.method === "CONNECT" || options.includes("close")) return true;
  return message.version === "HTTP/1.0" && !options.includes("keep-alive");
}
