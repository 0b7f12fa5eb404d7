// Every class of disagreement with node:http, and why. A row recognises its disagreements by the bytes and by what the
// two servers made of them; its example shows one.

import { METHODS } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { chunked, get, lines, post, request } from "../wire/wire.ts";
import { ends, type Facts, isAuthority, isTarget, members, valuesOf } from "./facts.ts";

export interface Explanation {
  readonly name: string;
  /** Who takes less; nobody where both take it, each in its own way. */
  readonly stricter: "we" | "node" | "nobody";
  /** The section of the RFC that rules it, and why we do as we do. */
  readonly why: string;
  readonly recognises: (facts: Facts) => boolean;
  readonly example: Buffer;
  /** The version of llhttp from which on both agree about the example. */
  readonly agreesSince?: string;
}

const AFTER = get().toString();

function bytes(...texts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(texts.map((text) => (typeof text === "string" ? Buffer.from(text, "latin1") : text)));
}

const beforeTheLine: readonly Explanation[] = [
  {
    name: "more than one empty line, or half of one, before a request line",
    stricter: "we",
    why: "RFC 9112 §2.2 has a server ignore one empty line; node skips any number of CR and LF",
    recognises: ({ ourFault, rest }) =>
      (ourFault === "BAD_LINE_END" || ourFault === "BAD_REQUEST_LINE") && /^(?!\r\n[^\r\n])[\r\n]/.test(rest),
    example: bytes("\r\n\r\n", AFTER),
  },
  {
    name: "bytes behind a request that ends its connection",
    stricter: "node",
    why: "RFC 9112 §9.6: they are not processed; node reports them as a fault, we do not look at them",
    recognises: ({ weClosed, nodeFault, before }) => weClosed && nodeFault === "HPE_CLOSED_CONNECTION" && ends(before),
    example: bytes(get("Connection: close"), AFTER),
  },
  {
    name: "close beside keep-alive on HTTP/1.0",
    stricter: "we",
    why: "RFC 9112 §9.3: close wins; llhttp looks for keep-alive alone on HTTP/1.0",
    recognises: ({ weClosed, before }) => {
      const options = members(valuesOf(before, "connection"));
      return weClosed && before?.version === "HTTP/1.0" && options.includes("close") && options.includes("keep-alive");
    },
    example: bytes(request("GET / HTTP/1.0", "Connection: close, keep-alive"), AFTER),
  },
  {
    name: "Proxy-Connection, in the head or as a trailer",
    stricter: "nobody",
    why: "RFC 9112 appendix C.2.2: it means nothing; llhttp obeys it as Connection, wherever it stands",
    recognises: ({ before, nodeClosed, nodeFault, weClosed }) =>
      (nodeClosed || nodeFault === "HPE_CLOSED_CONNECTION" || weClosed) &&
      [...(before?.fields ?? []), ...(before?.trailers ?? [])].some(([name]) => /^proxy-connection$/i.test(name)),
    example: get("Proxy-Connection: close"),
  },
  {
    name: "bytes behind a request that asks for an upgrade",
    stricter: "nobody",
    why: "RFC 9110 §7.8: a server may ignore Upgrade, and goes on with HTTP/1.1 then; node loses what came in the same read",
    recognises: ({ before, nodeWaits }) =>
      nodeWaits &&
      members(valuesOf(before, "connection")).includes("upgrade") &&
      valuesOf(before, "upgrade").length > 0,
    example: bytes(get("Connection: Upgrade", "Upgrade: websocket"), AFTER),
  },
];

const requestLine: readonly Explanation[] = [
  {
    name: "a method that llhttp does not know",
    stricter: "node",
    why: "RFC 9110 §9.1: a method is any token, and the application knows which it has",
    recognises: ({ nodeFault, line }) => {
      const [method = ""] = /^[!#$%&'*+.^_`|~\w-]*/.exec(line) ?? [];
      return nodeFault === "HPE_INVALID_METHOD" && method !== "" && !METHODS.includes(method);
    },
    example: request("BREW / HTTP/1.1"),
  },
  {
    name: "a later minor version",
    stricter: "node",
    why: "RFC 9110 §6.2: a later minor version is processed as the highest one that is known",
    recognises: ({ nodeFault, line }) => nodeFault === "HPE_INVALID_VERSION" && / HTTP\/1\.[2-9]$/.test(line),
    example: request("GET / HTTP/1.2"),
  },
  {
    name: "another major version",
    stricter: "we",
    why: "RFC 9110 §15.6.6: 505 for a major version that is not spoken; llhttp takes 0.9 and 2.0",
    recognises: ({ ourFault, line }) => ourFault === "UNSUPPORTED_VERSION" && / HTTP\/(?:0\.9|2\.0)$/.test(line),
    example: request("GET / HTTP/2.0"),
  },
  {
    name: "no version at all",
    stricter: "we",
    why: "RFC 9112 §3: a request line has three parts; node takes two of them for HTTP/0.9, with headers",
    recognises: ({ ourFault, node, nodeWaits, line, body }) => {
      if (ourFault === undefined || line.endsWith(" HTTP/0.9")) return false;
      return node?.version === "HTTP/0.9" || (nodeWaits && body === undefined && /^[A-Z-]+ +[^ \n]*\n/.test(line));
    },
    example: request("GET /"),
  },
  {
    name: "more than one space in a request line",
    stricter: "we",
    why: "RFC 9112 §3: exactly one SP between the parts; a lenient split is what §3 warns of",
    recognises: ({ ourFault, line }) => ourFault === "BAD_REQUEST_LINE" && line.includes("  "),
    example: request("GET  / HTTP/1.1"),
  },
  {
    name: "a target in none of the four forms",
    stricter: "we",
    why: "RFC 9112 §3.2; node hands it to the application as it came",
    recognises: ({ ourFault, node }) =>
      ourFault === "BAD_TARGET" && node !== undefined && !isTarget(node.method, node.target),
    example: request("GET /a#b HTTP/1.1"),
  },
];

const host: readonly Explanation[] = [
  {
    name: "a Host that is none",
    stricter: "we",
    why: "RFC 9112 §3.2: an invalid Host is answered with 400; node does not look at it",
    recognises: ({ ourFault, node }) => ourFault === "BAD_HOST" && !valuesOf(node, "host").every(isAuthority),
    example: bytes(lines("GET / HTTP/1.1", "Host: a b", "")),
  },
  {
    name: "more than one Host",
    stricter: "we",
    why: "RFC 9112 §3.2: a second Host is answered with 400; node keeps the first",
    recognises: ({ ourFault, node }) => ourFault === "REPEATED_HOST" && valuesOf(node, "host").length > 1,
    example: get("Host: b"),
  },
  {
    name: "CONNECT without Host",
    stricter: "we",
    why: "RFC 9112 §3.2: every HTTP/1.1 request has one; node does not look for it on CONNECT",
    recognises: ({ ourFault, node }) =>
      ourFault === "MISSING_HOST" && node?.method === "CONNECT" && valuesOf(node, "host").length === 0,
    example: bytes(lines("CONNECT b:443 HTTP/1.1", "")),
  },
];

const expectation: readonly Explanation[] = [
  {
    name: "an expectation that has 100-continue in it",
    stricter: "we",
    why: "RFC 9110 §10.1.1: any other member is answered with 417; node looks for 100-continue anywhere in the value",
    recognises: ({ ourFault, node }) =>
      ourFault === "UNKNOWN_EXPECTATION" &&
      members(valuesOf(node, "expect")).some((member) => member !== "100-continue"),
    example: get("Expect: 100-continue, tea"),
  },
  {
    name: "an empty expectation",
    stricter: "node",
    why: "RFC 9110 §5.6.1: a list may be empty, and expects nothing then",
    recognises: ({ nodeFault, ours }) =>
      nodeFault === "417" && valuesOf(ours, "expect").length > 0 && members(valuesOf(ours, "expect")).length === 0,
    example: get("Expect:"),
  },
];

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
    name: "a chunk extension with white space, or that is not `name[=value]`",
    stricter: "node",
    why: "RFC 9112 §7.1.1: BWS is allowed around `;` and `=`, and an extension that is not understood is ignored",
    recognises: ({ nodeFault, ours, body = "" }) =>
      /^HPE_(?:STRICT|INVALID_CHUNK_SIZE|CR_EXPECTED)$/.test(nodeFault ?? "") &&
      members(valuesOf(ours, "transfer-encoding")).includes("chunked") &&
      body.split("\r\n").some((line) => /^[0-9a-f]+[\t ]*;/i.test(line) && !STRICT_EXTENSIONS.test(line)),
    example: chunked("5 ;a", "hello", "0", ""),
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

export const explanations: readonly Explanation[] = [
  ...beforeTheLine,
  ...requestLine,
  ...host,
  ...expectation,
  ...framing,
  ...chunks,
  ...trailers,
  ...limits,
  ...sections,
];

/** The first row that recognises a disagreement. */
export function explain(facts: Facts): Explanation | undefined {
  return explanations.find(({ recognises }) => recognises(facts));
}
