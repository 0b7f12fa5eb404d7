// Disagreements about request lines, Host, expectations and the end of connections.

import { METHODS } from "node:http";
import { get, lines, request } from "../wire/wire.ts";
import { AFTER, bytes, type Explanation } from "./explanation.ts";
import { ends, isAuthority, isTarget, members, valuesOf } from "./facts.ts";

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
    name: "a protocol that is not HTTP",
    stricter: "we",
    why: "RFC 9112 §2.3: HTTP-name is HTTP; llhttp speaks RTSP and ICE, too",
    recognises: ({ ourFault, nodeFault, line }) =>
      ourFault === "BAD_VERSION" && nodeFault === undefined && / (?:RTSP|ICE)\/\d\.\d$/.test(line),
    example: request("OPTIONS / RTSP/1.0"),
  },
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
      if (ourFault === undefined || / \S+ HTTP\/0\.9$/.test(line)) return false;
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
    name: "more than one Content-Type",
    stricter: "we",
    why: "RFC 9110 §8.3: whoever looks at the other one sees another request; node keeps the first",
    recognises: ({ ourFault, node }) =>
      ourFault === "REPEATED_CONTENT_TYPE" && valuesOf(node, "content-type").length > 1,
    example: get("Content-Type: a/b\r\nContent-Type: c/d"),
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

export const headExplanations: readonly Explanation[] = [...beforeTheLine, ...requestLine, ...host, ...expectation];
