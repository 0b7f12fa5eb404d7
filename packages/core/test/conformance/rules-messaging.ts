// RFC 9112 (HTTP/1.1), every MUST and MUST NOT that binds an origin server. What binds clients, proxies and registries only
// is left out.

import { failing, get, head, post, type Rule, refused, rulesOf, taken } from "./rules.ts";

const { receives, receivesNot, sends, sendsNot } = rulesOf("9112");

const CHUNKED = "Transfer-Encoding: chunked";
const hello = "5\r\nhello\r\n0\r\n\r\n";

export const messagingRules: readonly Rule[] = [
  receives("2.2", "reads a message as octets, not as characters of an encoding", [
    taken(get("/environ", "X: a\xe5\x98\x8ab\x80"), "GET /environ", {
      has: /"HTTP_X":"a\xc3\xa5\xc2\x98\xc2\x8ab\xc2\x80"/,
    }),
  ]),
  sendsNot("2.2", "a bare CR anywhere but in content", [
    failing("/bare-cr", { hasNot: /\r(?!\n)/ }),
    failing("/bad-status", { hasNot: /X: y/ }),
  ]),
  receives("2.2", "finds an element with a bare CR invalid", [
    refused(get("/a\rb")),
    refused(get("/", "X: a\rb")),
    refused(get("/", "X\r: a")),
    refused(get("/", "X: a\r\rY: b")),
    {
      send: post("/echo", [CHUNKED], "5\r \r\nhello\r\n0\r\n\r\n"),
      statuses: [400],
      calls: ["POST /echo"],
      goesOn: false,
    },
  ]),
  receives("2.2", "refuses white space between the request line and the first field", [
    refused(head("GET / HTTP/1.1", " Host: a")),
    refused(head("GET / HTTP/1.1", "\tX: y", "Host: a")),
  ]),
  receives("3", "answers a target that is longer than it reads with 414", [
    refused(get(`/${"a".repeat(9000)}`), 414),
    { ...refused(get("/aaaaaaaaaaaaaaaaaaaaaaaaa"), 414), options: { urlLengthLimit: 30 } },
  ]),
  receives("3.2", "answers an HTTP/1.1 request without Host with 400", [refused(head("GET / HTTP/1.1", "X: y"))]),
  receives("3.2", "answers more than one Host with 400", [
    refused(get("/", "Host: a")),
    refused(get("/", "host: b")),
    refused(head("GET / HTTP/1.0", "Host: a", "Host: a")),
  ]),
  receives("3.2", "answers a Host that is no `host [:port]` with 400", [
    refused(head("GET / HTTP/1.1", "Host: a b")),
    refused(head("GET / HTTP/1.1", "Host: http://a/")),
    refused(head("GET / HTTP/1.1", "Host: a, b")),
    refused(head("GET / HTTP/1.1", "Host: a:b")),
  ]),
  receives("3.2.2", "takes the host of a target in absolute form, whatever Host says", [
    taken(get("http://b:81/environ"), "GET /environ", { has: /"HTTP_HOST":"b:81"/ }),
  ]),
  receives("3.2.2", "accepts the absolute form", [
    taken(get("http://a/"), "GET /"),
    taken(get("HTTP://a"), "GET /"),
    taken(get("http://a/environ?q"), "GET /environ", { has: /"QUERY_STRING":"q"/ }),
  ]),
  sends("4", "the space after the status code when there is no reason, too", [
    { send: get("/no-reason"), statuses: [299], calls: ["GET /no-reason"], goesOn: true, has: /^HTTP\/1\.1 299 \r\n/ },
  ]),
  receives("5.1", "answers white space between a field's name and its colon with 400", [
    refused(get("/", "X : y")),
    refused(get("/", "X\t: y")),
    refused(head("GET / HTTP/1.1", "Host : a")),
  ]),
  sendsNot("5.2", "a folded line", [failing("/lines", { hasNot: /\r\n[ \t]/ })]),
  receives("5.2", "answers a folded line with 400 (and says so), outside of message/http", [
    refused(get("/", "X: a\r\n b")),
    { ...refused(get("/", "X: a\r\n\tb")), has: /continued on the next line/ },
  ]),
  receives("5.2", "unfolds what is inside message/http", {
    gap: "such a body is content, which the application reads",
  }),
  receives("6.1", "can parse the chunked coding", [
    taken(post("/echo", [CHUNKED], hello), "POST /echo", { has: /\r\n\r\nhello/ }),
    taken(post("/echo", ["transfer-encoding:CHUNKED"], `2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`), "POST /echo", {
      has: /\r\n\r\nhello/,
    }),
  ]),
  sendsNot("6.1", "the chunked coding twice", [
    failing("/chunked", { hasNot: /transfer-encoding/i }),
    taken(get("/stream"), "GET /stream", { has: /\r\nTransfer-Encoding: chunked\r\n/, hasNot: /encoding.*encoding/is }),
  ]),
  sends("6.1", "chunked last, or closes, when it applies another transfer coding", [
    failing("/gzip", { hasNot: /transfer-encoding/i }),
  ]),
  sendsNot("6.1", "Transfer-Encoding in a 1xx or a 204", [
    { send: get("/204"), statuses: [204], calls: ["GET /204"], goesOn: true, hasNot: /transfer-encoding/i },
    { ...taken(get("/hints"), "GET /hints"), statuses: [103, 200], hasNot: /transfer-encoding/i },
  ]),
  sendsNot("6.1", "Transfer-Encoding in a 2xx to CONNECT", [
    {
      send: head("CONNECT a:80 HTTP/1.1", "Host: a"),
      ...{ statuses: [200], calls: ["CONNECT "], goesOn: false, hasNot: /transfer-encoding/i },
    },
  ]),
  sendsNot("6.1", "Transfer-Encoding to an HTTP/1.0 client", [
    {
      send: head("GET /stream HTTP/1.0", "Connection: keep-alive"),
      ...{ statuses: [200], calls: ["GET /stream"], goesOn: false, has: /onetwo$/, hasNot: /transfer-encoding/i },
    },
  ]),
  receives("6.1", "closes after a request that has both Transfer-Encoding and Content-Length", [
    refused(post("/", [CHUNKED, "Content-Length: 5"], hello)),
    refused(post("/", ["Content-Length: 5", CHUNKED], hello)),
  ]),
  receives("6.1", "takes Transfer-Encoding on HTTP/1.0 for faulty framing, and closes", [
    refused(head("POST / HTTP/1.0", CHUNKED, "Connection: keep-alive") + hello),
    refused(head("POST / HTTP/1.0", CHUNKED, "Content-Length: 5", "Connection: keep-alive") + hello),
  ]),
  sendsNot("6.2", "Content-Length beside Transfer-Encoding", [
    taken(get("/stream"), "GET /stream", { hasNot: /content-length.*sentinel/is }),
    taken(get("/length"), "GET /length", { has: /Content-Length: 5\r\n/, hasNot: /transfer-encoding/i }),
  ]),
  receives("6.3", "answers a request whose last transfer coding is not chunked with 400, and closes", [
    refused(post("/", ["Transfer-Encoding: gzip"], "hello")),
    refused(post("/", ["Transfer-Encoding: chunked, gzip"], hello)),
    refused(post("/", [CHUNKED, "Transfer-Encoding: identity"], hello)),
  ]),
  receives("6.3", "answers an invalid Content-Length with 400, and closes", [
    ...["-1", "+5", "5,6", "0x5", "5 5", "", "a"].map((value) =>
      refused(post("/", [`Content-Length: ${value}`], "hello")),
    ),
    refused(post("/", ["Content-Length: 5", "Content-Length: 6"], "hello")),
  ]),
  receives("6.3", "takes a body that breaks off for incomplete, and closes", [
    {
      send: post("/echo", ["Content-Length: 5"], "hel"),
      ...{ alone: true, statuses: [400], calls: ["POST /echo"], goesOn: false, hasNot: /hel$/ },
    },
    {
      send: post("/echo", [CHUNKED], "5\r\nhello\r\n0\r\n"),
      ...{ alone: true, statuses: [400], calls: ["POST /echo"], goesOn: false, hasNot: /hello$/ },
    },
  ]),
  receives("6.3", "takes a body that does not come in time for incomplete, and closes", {
    file: "packages/core/test/timeouts.progress.test.ts",
    title: "%s is answered with 408 and dropped",
  }),
  receives("7.1", "decodes the chunked coding", [
    taken(post("/echo", [CHUNKED], "A\r\n0123456789\r\n00\r\n\r\n"), "POST /echo", { has: /\r\n\r\n0123456789/ }),
  ]),
  receives("7.1", "expects large chunk sizes, and loses no digit of them", [
    ...["10000000000000005", "20000000000000", "fffffffffffffffff", "00000000000000005"].map((size) => ({
      send: post("/echo", [CHUNKED], `${size}\r\nhello\r\n0\r\n\r\n`),
      ...{ statuses: [400], calls: ["POST /echo"], goesOn: false },
    })),
  ]),
  receives("7.1.1", "ignores chunk extensions that it does not know", [
    taken(post("/echo", [CHUNKED], `5;a;b=c;d="e;f"\r\nhello\r\n0;g\r\n\r\n`), "POST /echo", { has: /\r\n\r\nhello/ }),
  ]),
  receives("7.1.2", "keeps trailers apart from headers, where it keeps them", [
    taken(post("/environ", [CHUNKED], "0\r\nX-Sum: 7\r\n\r\n"), "POST /environ", {
      has: /"trailers":\[\["X-Sum","7"\]\]/,
      hasNot: /HTTP_X_SUM/,
    }),
  ]),
  receivesNot("7.1.2", "merges trailers into the headers", [
    taken(post("/environ", [CHUNKED, "X: 1"], "0\r\nX: 2\r\nHost: b\r\nContent-Length: 3\r\n\r\n"), "POST /environ", {
      has: /"HTTP_X":"1"/,
      hasNot: /"HTTP_HOST":"b"|CONTENT_LENGTH/,
    }),
  ]),
  sends("9.3", "`close` in every final response, when it keeps no connections", [
    {
      send: get("/"),
      ...{ statuses: [200], calls: ["GET /"], goesOn: false, has: /\r\nConnection: close\r\n/ },
      options: { keepalive: false },
    },
  ]),
  receives("9.3", "reads the whole body of a request, or closes after its response", [
    taken(post("/", ["Content-Length: 32"], get("/smuggled").slice(0, 32)), "POST /", { hasNot: /smuggled/ }),
    taken(post("/", [CHUNKED], `${hello.slice(0, -5)}1a\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n`), "POST /"),
    {
      send: post("/", ["Content-Length: 9000"], "x".repeat(9000)),
      ...{ statuses: [200], calls: ["POST /"], goesOn: false, has: /\r\nConnection: close\r\n/ },
      options: { maxDiscardBytes: 100 },
    },
  ]),
  sends("9.3.2", "responses in the order of the requests", [
    {
      send: get("/later?1") + get("/environ?2") + get("/later?3"),
      ...{ statuses: [200, 200, 200], calls: ["GET /later", "GET /environ", "GET /later"], goesOn: true },
      has: /\r\n\r\n1HTTP.*"QUERY_STRING":"2".*\r\n\r\n3HTTP/s,
    },
  ]),
  receives("9.6", "closes after the response to a request that says `close`", [
    { send: get("/", "Connection: close"), statuses: [200], calls: ["GET /"], goesOn: false },
    { send: get("/", "Connection: x, Close"), statuses: [200], calls: ["GET /"], goesOn: false },
  ]),
  receivesNot("9.6", "processes what comes after a request that says `close`", [
    { send: get("/", "Connection: close") + get("/b"), statuses: [200], calls: ["GET /"], goesOn: false },
  ]),
  sends("9.6", "closes after a response that says `close`", [
    { send: get("/close"), statuses: [200], calls: ["GET /close"], goesOn: false, has: /\r\nConnection: close\r\n/ },
  ]),
  receivesNot("9.6", "processes what comes after a response that says `close`", [
    { send: get("/close") + get("/b"), statuses: [200], calls: ["GET /close"], goesOn: false },
    { send: get("/", "X : y") + get("/b"), statuses: [400], goesOn: false },
  ]),
  sends("9.7", "all of HTTP as TLS application data, on a secure connection", {
    gap: "`node:tls` has no other way to send; every test of packages/tls reads it with clients that others wrote",
  }),
  sends("9.8", "a closure alert before it closes a secure connection", {
    file: "packages/tls/test/truncation.test.ts",
    title: "ends with close_notify: openssl sees it",
  }),
  receives("10.1", "unfolds lines in message/http data when it consumes them", {
    gap: "the server consumes no content; the application does",
  }),
];
