// Disagreements about where a body ends, and about chunks and trailers.

import { isDeepStrictEqual } from "node:util";
import { chunked, post, request } from "../wire/wire.ts";
import { AFTER, bytes, type Explanation } from "./explanation.ts";
import { members, valuesOf } from "./facts.ts";

const framing: readonly Explanation[] = [
  {
    name: "a transfer coding before chunked",
    stricter: "we",
    why: "RFC 9112 §6.1: 501 for a coding that is not understood; node hands over the coded body as if it were plain",
    recognises: ({ ourFault, node }) => {
      const codings = members(valuesOf(node, "transfer-encoding"));
      return (
        ourFault === "UNSUPPORTED_TRANSFER_ENCODING" &&
        codings.length > 1 &&
        codings.indexOf("chunked") === codings.length - 1
      );
    },
    example: bytes(post(["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n")),
  },
  {
    name: "a malformed list of transfer codings that ends in chunked",
    stricter: "we",
    why: "RFC 9112 §6.1, §7: each member is a token, chunked comes once; llhttp looks at the end of the value only",
    recognises: ({ ourFault, node }) => {
      const codings = members(valuesOf(node, "transfer-encoding"));
      const isGood = (coding: string, i: number): boolean =>
        /^[!#$%&'*+.^_`|~\w-]+[\t ]*(?:;|$)/.test(coding) && (!/^chunked\b/.test(coding) || i === codings.length - 1);
      return ourFault === "BAD_TRANSFER_ENCODING" && codings.at(-1) === "chunked" && !codings.every(isGood);
    },
    example: bytes(post(["Transfer-Encoding: chunked;a=b, chunked"], "0\r\n\r\n")),
  },
  {
    name: "a transfer coding that does not end in chunked",
    stricter: "we",
    why: "RFC 9112 §6.3 item 4: 400; node calls the application first, and refuses when it meets the body",
    recognises: ({ ourFault, nodeFault, node }) =>
      ourFault === "BAD_TRANSFER_ENCODING" &&
      nodeFault === "HPE_INVALID_TRANSFER_ENCODING" &&
      members(valuesOf(node, "transfer-encoding")).at(-1) !== "chunked",
    example: post(["Transfer-Encoding: gzip"], "0\r\n\r\n"),
  },
  {
    name: "an empty Transfer-Encoding",
    stricter: "we",
    why: "RFC 9112 §6.1 has at least one member in it; node reads it as no body, a proxy before it perhaps as one",
    recognises: ({ ourFault, node }) =>
      ourFault === "BAD_TRANSFER_ENCODING" && valuesOf(node, "transfer-encoding").every((value) => value === ""),
    example: bytes(post(["Transfer-Encoding:"]), AFTER),
    agreesSince: "9.4",
  },
  {
    name: "a Transfer-Encoding on HTTP/1.0",
    stricter: "we",
    why: "RFC 9112 §6.1: its framing is faulty, whoever forwarded it did not know it",
    recognises: ({ ourFault, node }) =>
      ourFault === "TRANSFER_ENCODING_IN_HTTP_1_0" && valuesOf(node, "transfer-encoding").length > 0,
    example: bytes(request("POST / HTTP/1.0", "Transfer-Encoding: chunked"), "0\r\n\r\n"),
  },
  {
    name: "white space or an empty member behind chunked",
    stricter: "node",
    why: "RFC 9110 §5.5, §5.6.1: white space around a value is no part of it, empty members of a list are ignored",
    recognises: ({ nodeFault, ours, fieldLines }) =>
      nodeFault === "HPE_INVALID_TRANSFER_ENCODING" &&
      isDeepStrictEqual(members(valuesOf(ours, "transfer-encoding")), ["chunked"]) &&
      fieldLines.some((line) => /^transfer-encoding:.*chunked[\t ,]+$/i.test(line)),
    example: post(["Transfer-Encoding: chunked,"], "0\r\n\r\n"),
  },
  {
    name: "a tab around a Content-Length",
    stricter: "node",
    why: "RFC 9110 §5.5: white space around a value is SP or HTAB",
    recognises: ({ nodeFault, ours, fieldLines }) =>
      nodeFault === "HPE_INVALID_CONTENT_LENGTH" &&
      valuesOf(ours, "content-length").every((value) => /^[0-9]+$/.test(value)) &&
      fieldLines.some((line) => /^content-length:[\t ]*[0-9]+ *\t/i.test(line)),
    example: post(["Content-Length: 2\t"], "hi"),
    agreesSince: "9.4",
  },
  {
    name: "a Content-Length above 2^53 - 1",
    stricter: "we",
    why: "RFC 9110 §8.6: a recipient guards against numbers that it cannot hold; node loses their last digits",
    recognises: ({ ourFault, node }) =>
      ourFault === "BAD_CONTENT_LENGTH" &&
      valuesOf(node, "content-length").some((value) => /^[0-9]+$/.test(value) && BigInt(value) >= 2n ** 53n),
    example: post(["Content-Length: 9007199254740992"]),
  },
];

/** A size line as llhttp takes it. */
const STRICT_EXTENSIONS = /^[0-9a-f]+(?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*"))?)*$/i;

const chunks: readonly Explanation[] = [
  {
    name: "a chunk extension with white space around `;` or `=`",
    stricter: "node",
    why: "RFC 9112 §7.1.1 has BWS there, and RFC 9110 §5.6.3 has a recipient parse and remove it",
    recognises: ({ nodeFault, ours, body = "" }) =>
      /^HPE_(?:STRICT|INVALID_CHUNK_SIZE|CR_EXPECTED)$/.test(nodeFault ?? "") &&
      members(valuesOf(ours, "transfer-encoding")).includes("chunked") &&
      body.split("\r\n").some((line) => /^[0-9a-f]+[\t ]*;/i.test(line) && !STRICT_EXTENSIONS.test(line)),
    example: chunked("5 ;a", "hello", "0", ""),
  },
  {
    name: 'a chunk extension that is not `;name`, `;name=token` or `;name="quoted"`',
    stricter: "we",
    why: "RFC 9112 §7.1.1: node takes an empty name or value, and a quote that begins inside a value",
    recognises: ({ ourFault, nodeFault, body = "" }) =>
      ourFault === "BAD_CHUNK_EXTENSION" &&
      nodeFault === undefined &&
      body.split("\r\n").some((line) => /^[0-9a-f]+[\t ]*;/i.test(line) && !STRICT_EXTENSIONS.test(line)),
    example: chunked("5;a=", "hello", "0", ""),
  },
  {
    name: "a chunk size of more than 16 digits, or above 2^53 - 1",
    stricter: "we",
    why: "RFC 9112 §7.1: a recipient guards against numbers that it cannot hold",
    recognises: ({ ourFault, body = "" }) =>
      ourFault === "BAD_CHUNK_SIZE" &&
      body
        .split("\r\n")
        .map((line) => /^[0-9a-f]+/i.exec(line)?.[0] ?? "0")
        .some((size) => size.length > 16 || BigInt(`0x${size}`) >= 2n ** 53n),
    example: chunked("00000000000000005", "hello", "0", ""),
  },
];

const FORBIDDEN =
  /^(?:content-length|transfer-encoding|host|connection|trailer|te|authorization|cookie|content-type|expect)$/i;

const trailers: readonly Explanation[] = [
  {
    name: "a trailer that may not be one",
    stricter: "we",
    why: "RFC 9110 §6.5.1: fields of framing, routing and authentication are dropped there; node hands them over",
    recognises: ({ ours, node }) =>
      ours?.complete === true &&
      node?.complete === true &&
      ours.trailers.length < node.trailers.length &&
      isDeepStrictEqual(
        ours.trailers,
        node.trailers.filter(([name]) => !FORBIDDEN.test(name)),
      ),
    example: chunked("0", "Host: b", ""),
  },
  {
    name: "a trailer that frames a body",
    stricter: "node",
    why: "RFC 9110 §6.5.1: it is ignored; llhttp reads it as if it stood in the head",
    recognises: ({ ours, nodeFault, body = "" }) =>
      ours?.complete === true &&
      /^HPE_(?:INVALID|UNEXPECTED)_(?:CONTENT_LENGTH|TRANSFER_ENCODING)$/.test(nodeFault ?? "") &&
      /\r\n(?:content-length|transfer-encoding):/i.test(body),
    example: chunked("0", "Content-Length: 5", ""),
  },
];

export const bodyExplanations: readonly Explanation[] = [...framing, ...chunks, ...trailers];
