// Every class of disagreement with node:http, and why. A row recognises its disagreements by the bytes and by what the
// two servers made of them; its example shows one.

import { chunked, get } from "../wire/wire.ts";
import { bodyExplanations } from "./body-explanations.ts";
import { bytes, type Explanation } from "./explanation.ts";
import type { Facts } from "./facts.ts";
import { headExplanations } from "./head-explanations.ts";

const limits: readonly Explanation[] = [
  {
    name: "a head above 16 KiB",
    stricter: "node",
    why: "RFC 9112 §3, RFC 9110 §5.4: limits are the server's to choose; ours is 64 KiB, as eventlet's",
    recognises: ({ nodeFault, ours, rest }) =>
      nodeFault === "HPE_HEADER_OVERFLOW" && ours !== undefined && rest.length > 16 * 1024,
    example: get(...Array<string>(3).fill(`X: ${"v".repeat(8000)}`)),
  },
  {
    name: "a line above 8 KiB",
    stricter: "we",
    why: "RFC 9112 §3: 8000 bytes are the least for a request line; node has no limit for a line",
    recognises: ({ ourFault, line, fieldLines }) =>
      (ourFault === "REQUEST_LINE_TOO_LONG" && line.length > 8192) ||
      (ourFault === "FIELD_TOO_LONG" && fieldLines.some(({ length }) => length > 8192)),
    example: get(`X: ${"v".repeat(8190)}`),
  },
  {
    name: "more than a hundred fields",
    stricter: "we",
    why: "RFC 9110 §5.4: limits are the server's to choose; node's is 2000",
    recognises: ({ ourFault, fieldLines }) => ourFault === "TOO_MANY_FIELDS" && fieldLines.length > 100,
    example: get(...Array<string>(100).fill("F: 0")),
  },
  {
    name: "chunk extensions above 4 KiB",
    stricter: "we",
    why: "RFC 9112 §7.1.1: a server limits them; node takes 16 KiB of them",
    recognises: ({ ourFault, body = "" }) => ourFault === "BAD_CHUNK_EXTENSION" && body.length > 4096,
    example: chunked(`5;${"e".repeat(4096)}`, "hello", "0", ""),
  },
];

const sections: readonly Explanation[] = [
  {
    name: "a fault in a head that is not complete",
    stricter: "node",
    why: "none rules it: node judges byte by byte, we judge the head when it is there, or certain to be too long",
    recognises: ({ weWait, ours, nodeFault, body }) =>
      weWait && ours === undefined && nodeFault !== undefined && body === undefined,
    example: bytes("GET / HTTP/1.1\r\nHost : a"),
  },
  {
    name: "a fault in trailers that are not complete",
    stricter: "node",
    why: "none rules it: as with the head",
    recognises: ({ weWait, ours, nodeFault, body = "" }) =>
      weWait && ours !== undefined && nodeFault !== undefined && /(?:^|\r\n)0+(?:[\t ]*;.*)?\r\n/.test(body),
    example: chunked("0", "X : y"),
  },
];

export const explanations: readonly Explanation[] = [...headExplanations, ...bodyExplanations, ...limits, ...sections];

/** The first row that recognises a disagreement. */
export function explain(facts: Facts): Explanation | undefined {
  return explanations.find(({ recognises }) => recognises(facts));
}
