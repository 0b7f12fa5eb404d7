// Header lines and Host: RFC 9112 §5, RFC 9110 §5.5, §7.2. Values come without the white space around them.

import type { Field } from "../../src/fields.ts";
import { type AcceptCase, accept, HOST } from "./cases.ts";
import { bytesOf, get, lines, wire } from "./wire.ts";

function field(name: string, line: string, expected: Field): AcceptCase {
  return accept(name, get(line), { fields: [HOST, expected] });
}

function host(name: string, value: string): AcceptCase {
  return accept(name, bytesOf(lines("GET / HTTP/1.1", `Host: ${value}`, "")), {
    host: value,
    fields: [["Host", value]],
  });
}

const everyTextByte = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code))
  .filter((character) => /[\t\x20-\x7e\x80-\xff]/.test(character))
  .join("");

export const fieldCases: readonly AcceptCase[] = [
  field("a field", "X-A: b", ["X-A", "b"]),
  field("a name in its own case", "x-A-b: c", ["x-A-b", "c"]),
  field("a name of every mark that a token may have", "!#$%&'*+-.^_`|~: b", ["!#$%&'*+-.^_`|~", "b"]),
  field("a name of digits", "123: b", ["123", "b"]),
  field("a name with an underscore", "x_a: b", ["x_a", "b"]),
  field("a name that is a property of every object", "__proto__: b", ["__proto__", "b"]),
  field("a name of one letter", "X: b", ["X", "b"]),
  field("no space after the colon", "X:b", ["X", "b"]),
  field("a tab after the colon", "X:\tb", ["X", "b"]),
  field("much white space around a value", "X: \t  b \t ", ["X", "b"]),
  field("white space inside a value", "X: a \t b", ["X", "a \t b"]),
  field("an empty value", "X:", ["X", ""]),
  field("an empty value after a space", "X: ", ["X", ""]),
  field("a value of white space only", "X: \t \t", ["X", ""]),
  field("a colon in a value", "X: a:b: c", ["X", "a:b: c"]),
  field("a value that begins with a colon", "X::b", ["X", ":b"]),
  field("quotes and commas, untouched", 'X: "a, b", c', ["X", '"a, b", c']),
  field("a comment, untouched", "User-Agent: a/1.0 (b; c)", ["User-Agent", "a/1.0 (b; c)"]),
  field("obs-text as latin-1", "X: caf\xe9", ["X", "caf\xe9"]),
  field("UTF-8 as the latin-1 of its bytes", "X: caf\xc3\xa9", ["X", "caf\xc3\xa9"]),
  field("obs-text at the ends of a value", "X: \x80b\xff", ["X", "\x80b\xff"]),
  field("a no-break space, which is no white space here", "X: \xa0b\xa0", ["X", "\xa0b\xa0"]),
  field("every byte that a value may hold", `X: a${everyTextByte}z`, ["X", `a${everyTextByte}z`]),
  field("an encoded line end, which is only text", "X: %0d%0aY: b", ["X", "%0d%0aY: b"]),
  field("a value that looks like a request line", "X: GET / HTTP/1.1", ["X", "GET / HTTP/1.1"]),
  field("a Trailer field", "Trailer: X-Sum", ["Trailer", "X-Sum"]),
  field("an Upgrade field, which is the application's to obey", "Upgrade: websocket", ["Upgrade", "websocket"]),

  accept("repeated fields in their order", get("X: 1", "Y: 2", "x: 3"), {
    fields: [HOST, ["X", "1"], ["Y", "2"], ["x", "3"]],
  }),
  accept("the same line twice", get("X: 1", "X: 1"), { fields: [HOST, ["X", "1"], ["X", "1"]] }),
  accept(
    "a dozen fields of a browser",
    wire`
      GET /favicon.ico HTTP/1.1
      Host: a.example:8090
      Connection: keep-alive
      sec-ch-ua: "Chromium";v="124"
      sec-ch-ua-mobile: ?0
      User-Agent: Mozilla/5.0 (X11; Linux x86_64)
      Accept: image/avif,image/webp,*/*;q=0.8
      Sec-Fetch-Site: same-origin
      Referer: http://a.example:8090/
      Accept-Encoding: gzip, deflate, br
      Accept-Language: de,en;q=0.9
      Cookie: a=b; c="d"
      DNT: 1

    `,
    {
      target: "/favicon.ico",
      host: "a.example:8090",
      asksKeepAlive: true,
      fields: [
        ["Host", "a.example:8090"],
        ["Connection", "keep-alive"],
        ["sec-ch-ua", '"Chromium";v="124"'],
        ["sec-ch-ua-mobile", "?0"],
        ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"],
        ["Accept", "image/avif,image/webp,*/*;q=0.8"],
        ["Sec-Fetch-Site", "same-origin"],
        ["Referer", "http://a.example:8090/"],
        ["Accept-Encoding", "gzip, deflate, br"],
        ["Accept-Language", "de,en;q=0.9"],
        ["Cookie", 'a=b; c="d"'],
        ["DNT", "1"],
      ],
    },
  ),

  host("Host with a port", "a.example:8090"),
  host("Host with an empty port", "a.example:"),
  host("Host with the highest port", "a:65535"),
  host("Host with an IPv4 address", "127.0.0.1:80"),
  host("Host with an IPv6 address", "[::1]"),
  host("Host with an IPv6 address and a port", "[2001:db8::7]:8090"),
  host("Host with an IPv4 address inside IPv6", "[::ffff:127.0.0.1]"),
  host("Host with a zone", "[fe80::1%25eth0]:80"),
  host("Host with an address of the future", "[v1.fe80::a+en1]"),
  host("Host with a percent-encoded name", "b%C3%BCcher.example"),
  host("Host with every mark that a name may have", "-._~!$&'()*+,;="),
  host("Host with an underscore", "my_host.example"),
  host("Host with a dot at the end", "a.example."),
  host("an empty Host", ""),
  accept("Host in capitals", bytesOf(lines("GET / HTTP/1.1", "HOST: A", "")), { host: "A", fields: [["HOST", "A"]] }),
  accept("Host in lower case", bytesOf(lines("GET / HTTP/1.1", "host:a", "")), { fields: [["host", "a"]] }),
  accept("Host after the other fields", bytesOf(lines("GET / HTTP/1.1", "X: 1", "Host: a", "")), {
    fields: [["X", "1"], HOST],
  }),
  accept("names as long as those that steer the connection", get("Hose: b", "Exp-ct: c", "Connectiom: close"), {
    fields: [HOST, ["Hose", "b"], ["Exp-ct", "c"], ["Connectiom", "close"]],
  }),
  accept("names as long as Content-Type, beside it", get("Content-Tope: a", "Content-Type: b/c", "Content-Tipe: d"), {
    fields: [HOST, ["Content-Tope", "a"], ["Content-Type", "b/c"], ["Content-Tipe", "d"]],
  }),
  accept(
    "names as long as those that frame the body",
    get("Content-Lengthy: 7", "Content-Bength: 7", "Transfer_Encoding: chunked"),
    {
      fields: [HOST, ["Content-Lengthy", "7"], ["Content-Bength", "7"], ["Transfer_Encoding", "chunked"]],
    },
  ),
];
