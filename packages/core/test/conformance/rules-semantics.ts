// RFC 9110 (HTTP semantics), the MUSTs and MUST NOTs that bind an origin server in its sections on messages, fields,
// framing, connections, methods, expectations and statuses. What binds clients, proxies, caches and registries only is left
// out, as are conditional and range requests (§13, §14) and authentication (§11), which are the application's.

import { failing, get, head, post, type Rule, refused, rulesOf, type Trial, taken } from "./rules.ts";

const { receives, receivesNot, sends, sendsNot } = rulesOf("9110");

const CHUNKED = "Transfer-Encoding: chunked";
const UPGRADES = "packages/core/test/rfc9110.upgrade.test.ts";
const EXPECTATIONS = "packages/core/test/expect-continue.test.ts";
const OF_APPLICATION = "the application decides what its resources answer";

/** A HEAD and the Content-Length that its answer has. */
const headOf = (path: string, length: number | undefined): Trial => ({
  send: head(`HEAD ${path} HTTP/1.1`, "Host: a"),
  ...{ statuses: [200], calls: [`HEAD ${path}`], goesOn: true },
  ...(length === undefined
    ? { hasNot: /^[^\0]*?\r\nContent-Length: \d+\r\n(?=[^\0]*\r\n\r\nHTTP)/ }
    : { has: new RegExp(`^(?:.+\\r\\n)+Content-Length: ${length}\\r\\n(?:.+\\r\\n)*\\r\\nHTTP`) }),
});

const connect = head("CONNECT a:80 HTTP/1.1", "Host: a");

export const semanticRules: readonly Rule[] = [
  sendsNot("2.2", "what the grammar does not have: names, values and statuses of the application are checked", [
    failing("/bad-name", { hasNot: /X Y/ }),
    failing("/bare-cr", { hasNot: /a\rb/ }),
    failing("/bad-status", { hasNot: /X: y/ }),
    failing("/interim"),
  ]),
  receives("2.3", "can parse elements as long as those that it sends itself", [
    taken(get(`/${"a".repeat(4000)}`, `X: ${"b".repeat(8000)}`, `Y: ${"c".repeat(8000)}`), `GET /${"a".repeat(4000)}`),
  ]),
  receives("2.4", "interprets what it gets by the meaning that the RFC gives it", {
    gap: "the sum of all other rows",
  }),
  receivesNot("3.3", "takes two requests of a connection for those of one user", [
    {
      send: get("/environ", "Cookie: a=1", "Authorization: Basic eDp5", "X-First: 1") + get("/environ"),
      ...{ statuses: [200, 200], calls: ["GET /environ", "GET /environ"], goesOn: true },
      hasNot: /HTTP_COOKIE.*HTTP_COOKIE|HTTP_AUTHORIZATION.*HTTP_AUTHORIZATION|HTTP_X_FIRST.*HTTP_X_FIRST/s,
    },
  ]),
  receives("4.2.1, §4.2.2", "refuses an http or https URL with an empty host", [
    ...["http:///", "http://:80/", "https:///", "https://:443/", "http://"].map((target) => refused(get(target))),
  ]),
  receivesNot("5.3", "acts on a request before its header section is whole", [
    { send: "GET / HTTP/1.1\r\nHost: a\r\n", alone: true, statuses: [], goesOn: false },
    { send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX: y", alone: true, statuses: [], goesOn: false },
  ]),
  receives("5.4", "answers fields larger than it reads with a 4xx", [
    refused(get("/", `X: ${"a".repeat(9000)}`), 431),
    refused(get("/", ...Array<string>(101).fill("X: y")), 431),
    refused(get("/", ...Array<string>(20).fill(`X: ${"y".repeat(4000)}`)), 431),
  ]),
  receives("5.5", "leaves out the white space around a field's value", [
    taken(get("/environ", "X: \t a b \t "), "GET /environ", { has: /"HTTP_X":"a b"/ }),
  ]),
  receives("5.5", "refuses CR, LF and NUL in a field's value", [
    refused(get("/", "X: a\0b")),
    refused(get("/", "X: a\rb")),
    refused(get("/", "X: a\nY: b")),
  ]),
  sendsNot("5.6.1.1", "an empty member of a list", {
    gap: "the only list that the server makes, Connection, has members; other lists are the application's",
  }),
  receives("5.6.1.2", "ignores empty members of a list", [
    { send: get("/", "Connection: ,, close ,"), statuses: [200], calls: ["GET /"], goesOn: false },
    taken(post("/", ["Transfer-Encoding: , chunked ,"], "0\r\n\r\n"), "POST /"),
  ]),
  sendsNot("5.6.3", "bad white space", {
    gap: "the server makes nothing that could have it; values are the application's",
  }),
  receives("5.6.3", "removes bad white space", [
    taken(post("/echo", [CHUNKED], "5 ; a = b\r\nhello\r\n0\r\n\r\n"), "POST /echo", { has: /\r\n\r\nhello/ }),
  ]),
  receives("5.6.4", "handles an escaped octet of a quoted string as that octet", {
    gap: "the server looks into no quoted string but that of a chunk extension, which it ignores",
  }),
  receives("5.6.7", "accepts all three forms of a date", { gap: "the server evaluates no date; the application does" }),
  sends("5.6.7", "dates as IMF-fixdate", [
    taken(get("/"), "GET /", {
      has: /\r\nDate: (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:[A-Z][a-z]{2}) \d{4} \d\d:\d\d:\d\d GMT\r\n/,
    }),
  ]),
  sendsNot("6.2", "a version that it does not conform to", [
    taken(get("/"), "GET /", { has: /^HTTP\/1\.1 / }),
    taken(head("GET / HTTP/1.9", "Host: a"), "GET /", { has: /^HTTP\/1\.1 / }),
    { ...refused(head("GET / HTTP/2.0", "Host: a"), 505), has: /^HTTP\/1\.1 505 / },
  ]),
  sendsNot("6.5.1", "trailers that their fields do not allow", [
    failing("/trailer", { hasNot: /trailer:/i }),
    taken(get("/stream"), "GET /stream", { has: /\r\n0\r\n\r\nHTTP/ }),
  ]),
  receivesNot("6.5.1", "merges a trailer into the headers", [
    taken(post("/environ", [CHUNKED], "0\r\nAuthorization: x\r\nX-A: b\r\n\r\n"), "POST /environ", {
      hasNot: /HTTP_AUTHORIZATION|HTTP_X_A/,
    }),
  ]),
  sends("6.6.1", "Date in every 2xx, 3xx and 4xx", [
    taken(get("/"), "GET /", { has: /^HTTP\/1\.1 200 (?:.+\r\n)*Date: / }),
    { send: get("/302"), statuses: [302], calls: ["GET /302"], goesOn: true, has: /^HTTP\/1\.1 302 (?:.+\r\n)*Date: / },
    { send: get("/304"), statuses: [304], calls: ["GET /304"], goesOn: true, has: /^HTTP\/1\.1 304 (?:.+\r\n)*Date: / },
    { send: get("/404"), statuses: [404], calls: ["GET /404"], goesOn: true, has: /^HTTP\/1\.1 404 (?:.+\r\n)*Date: / },
    { ...refused(get("/", "X : y")), has: /^HTTP\/1\.1 400 (?:.+\r\n)*Date: / },
    { ...refused(get(`/${"a".repeat(9000)}`), 414), has: /^HTTP\/1\.1 414 (?:.+\r\n)*Date: / },
  ]),
  receivesNot("7.1", "takes `*` from another method than OPTIONS, or `host:port` from another one than CONNECT", [
    refused(get("*")),
    refused(get("a:80")),
    refused(head("CONNECT / HTTP/1.1", "Host: a")),
    taken(head("OPTIONS * HTTP/1.1", "Host: a"), "OPTIONS *"),
  ]),
  receives("7.4", "refuses an https URL on a connection that is not secure and not a trusted gateway's", {
    gap:
      "which peer is a trusted gateway the server cannot know: behind one that ends TLS these URLs are in order. " +
      "`wsgi.url_scheme` comes from the listener, never from the target",
  }),
  sends("7.6.1", "the name of every field that is about the connection in Connection", [
    taken(get("/", "Connection: keep-alive"), "GET /", {
      has: /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n/,
      options: { keepalive: 9 },
    }),
    taken(get("/"), "GET /", { hasNot: /\r\nKeep-Alive:/i, options: { keepalive: 9 } }),
  ]),
  sendsNot("7.6.1", "a connection option that is a field for all recipients", [
    failing("/option", { hasNot: /Cache-Control/ }),
  ]),
  sends("7.8, §15.2.2", "Upgrade in a 101, with the protocol that comes next", {
    file: UPGRADES,
    title: "names what the client offered, and says so in Connection",
  }),
  sendsNot("7.8", "a switch to a protocol that the client did not name", {
    file: UPGRADES,
    title: "%s is the application's fault",
  }),
  sends("7.8, §15.5.22", "Upgrade in a 426", { file: UPGRADES, title: "without Upgrade is the application's fault" }),
  sendsNot("7.8", "a switch to a protocol that cannot honour the request", {
    gap: "only the application knows its protocols",
  }),
  sends("7.8", "`Upgrade` in Connection with every Upgrade", {
    file: UPGRADES,
    title: "names what is asked for, whatever the client offered, and says so in Connection",
  }),
  receives("7.8", "ignores Upgrade in an HTTP/1.0 request", { file: UPGRADES, title: "%s is the application's fault" }),
  sends("7.8", "100 before 101, to a client that expects it", {
    file: UPGRADES,
    title: "comes after the 100 that the client waits for",
  }),
  sends("8.3.3", "only CRLF between the parts of a multipart body", { gap: "content is the application's" }),
  sends("8.4", "Content-Encoding when it encodes content", { gap: "the server encodes none" }),
  sendsNot("8.6", "a Content-Length to HEAD that GET would not have", [
    headOf("/", 5),
    headOf("/length", 5),
    headOf("/nothing", undefined),
    headOf("/stream", undefined),
  ]),
  sendsNot("8.6", "a Content-Length in a 304 that the 200 would not have", [
    { send: get("/304"), statuses: [304], calls: ["GET /304"], goesOn: true, hasNot: /^(?:.+\r\n)*Content-Length:/ },
  ]),
  sendsNot("8.6", "Content-Length in a 1xx or a 204", [
    { send: get("/204"), statuses: [204], calls: ["GET /204"], goesOn: true, hasNot: /^(?:.+\r\n)*Content-Length:/ },
    { ...taken(get("/hints"), "GET /hints"), statuses: [103, 200], hasNot: /^(?:.+\r\n)*Content-Length:/ },
  ]),
  sendsNot("8.6, §9.3.6", "Content-Length or Transfer-Encoding in a 2xx to CONNECT", [
    { send: connect, statuses: [200], calls: ["CONNECT "], goesOn: false, hasNot: /Content-Length|Transfer-Encoding/i },
  ]),
  receives("8.6", "expects large lengths, and loses no digit of them", [
    refused(post("/", ["Content-Length: 9007199254740993"])),
    refused(post("/", ["Content-Length: 18446744073709551621"], "hello")),
    refused(post("/", [`Content-Length: ${"9".repeat(400)}`], "hello")),
  ]),
  receives("8.7", "takes Content-Location of a request for context that passes", { gap: OF_APPLICATION }),
  sendsNot("8.8.2.1", "a Last-Modified in the future", { gap: OF_APPLICATION }),
  sends("8.8.3", "weak entity tags as weak", { gap: OF_APPLICATION }),
  receives("9.1", "supports GET and HEAD", [taken(get("/"), "GET /"), headOf("/", 5)]),
  receives("9.2.1", "allows no unsafe action by a safe method", { gap: OF_APPLICATION }),
  sendsNot("9.3.2", "content to HEAD", [headOf("/", 5), headOf("/stream", undefined), headOf("/length", 5)]),
  sends("9.3.4", "201, 200, 204 or 3xx to PUT, and validators only of what was stored as it came", {
    gap: OF_APPLICATION,
  }),
  receives("9.3.6", "refuses CONNECT with an empty or invalid port", [
    ...["a:", "a", "a:x", "a:65536", "a:-1", "[::1]:"].map((target) =>
      refused(head(`CONNECT ${target} HTTP/1.1`, "Host: a")),
    ),
  ]),
  receives("10.1.1", "ignores the expectation of an HTTP/1.0 request", [
    {
      send: `${head("POST /echo HTTP/1.0", "Expect: 100-continue", "Content-Length: 5")}hello`,
      ...{ statuses: [200], calls: ["POST /echo"], goesOn: false, has: /hello$/ },
    },
  ]),
  sends("10.1.1", "a final status after every 100", {
    file: EXPECTATIONS,
    title: "goes out at the first %s, not before",
  }),
  sends("10.1.1", "either 100 or a final status to a client that expects one", {
    file: EXPECTATIONS,
    title: "sends no 100, and the connection closes after its response",
  }),
  receivesNot("10.1.1", "waits for the content before it sends the 100", {
    file: EXPECTATIONS,
    title: "goes out for a chunked body",
  }),
  sends("10.2.1, §15.5.6", "Allow in a 405", { gap: `${OF_APPLICATION}; the server itself answers none with 405` }),
  sendsNot("15.2", "a 1xx to an HTTP/1.0 client", [
    {
      send: head("GET /hints HTTP/1.0"),
      ...{ statuses: [200], calls: ["GET /hints"], goesOn: false, hasNot: /HTTP\/1\.1 1/ },
    },
  ]),
  sendsNot("15.3.6", "content in a 205", [
    {
      send: get("/205"),
      statuses: [205],
      calls: ["GET /205"],
      goesOn: true,
      has: /Content-Length: 0\r\n/,
      hasNot: /onetwo/,
    },
  ]),
  sends("15.3.7", "Content-Range and what belongs to it in a 206", { gap: OF_APPLICATION }),
  sends("15.4.5", "the fields of the 200 in a 304", { gap: OF_APPLICATION }),
  sends("15.5.2", "WWW-Authenticate in a 401", { gap: OF_APPLICATION }),
];
