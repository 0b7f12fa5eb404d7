// Request lines and targets that are refused: RFC 9112 §2.2, §2.3, §3.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, reject } from "./cases.ts";
import { bytesOf, lines, request, wire } from "./wire.ts";

function line(name: string, requestLine: string, code: ProtocolErrorCode): RejectCase {
  return reject(name, request(requestLine), code);
}

function raw(name: string, text: string, code: ProtocolErrorCode): RejectCase {
  return reject(name, bytesOf(text), code);
}

function version(name: string, text: string, code: ProtocolErrorCode = "BAD_VERSION"): RejectCase {
  return line(name, `GET / ${text}`, code);
}

function target(name: string, text: string, method = "GET"): RejectCase {
  return line(name, `${method} ${text} HTTP/1.1`, "BAD_TARGET");
}

const SEPARATORS = ["(", ")", ",", "/", ":", ";", "<", "=", ">", "?", "@", "[", "\\", "]", "{", "}", '"'];
const AFTER = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

export const requestLineFaults: readonly RejectCase[] = [
  line("a request line of one word", "GET", "BAD_REQUEST_LINE"),
  line("a request line without a version (HTTP/0.9)", "GET /", "BAD_REQUEST_LINE"),
  line("a request line without a target", "GET HTTP/1.1", "BAD_REQUEST_LINE"),
  line("two spaces after the method", "GET  / HTTP/1.1", "BAD_REQUEST_LINE"),
  line("two spaces after the method and no target", "GET  HTTP/1.1", "BAD_REQUEST_LINE"),
  line("two spaces before the version", "GET /  HTTP/1.1", "BAD_REQUEST_LINE"),
  line("a space in the target", "GET /a b HTTP/1.1", "BAD_REQUEST_LINE"),
  line("a space after the version", "GET / HTTP/1.1 ", "BAD_REQUEST_LINE"),
  line("a fourth word", "GET / HTTP/1.1 x", "BAD_REQUEST_LINE"),
  line("a second request on the request line", "GET / HTTP/1.1 GET / HTTP/1.1", "BAD_REQUEST_LINE"),
  line("a space before the method", " GET / HTTP/1.1", "BAD_REQUEST_LINE"),
  line("a tab before the method", "\tGET / HTTP/1.1", "BAD_METHOD"),
  line("a tab after the method", "GET\t/ HTTP/1.1", "BAD_METHOD"),
  line("a tab before the version", "GET /\tHTTP/1.1", "BAD_REQUEST_LINE"),
  line("a tab after the version", "GET / HTTP/1.1\t", "BAD_VERSION"),
  line("a form feed after the method", "GET\f/ HTTP/1.1", "BAD_METHOD"),
  line("a vertical tab before the version", "GET /\vHTTP/1.1", "BAD_REQUEST_LINE"),
  line("a no-break space after the method", "GET\xa0/ HTTP/1.1", "BAD_METHOD"),

  raw("two empty lines before the request line", `\r\n\r\n${AFTER}`, "BAD_REQUEST_LINE"),
  raw("empty lines only", "\r\n\r\n\r\n\r\n", "BAD_REQUEST_LINE"),
  raw("a bare LF before the request line", `\n${AFTER}`, "BAD_LINE_END"),
  raw("a bare CR before the request line", `\r${AFTER}`, "BAD_LINE_END"),
  raw("an empty line and a bare LF before the request line", `\r\n\n${AFTER}`, "BAD_LINE_END"),
  raw("an empty line and a bare CR before the request line", `\r\n\r${AFTER}`, "BAD_LINE_END"),
  raw("a request line that ends with a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a request line that ends with a bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a request line that ends with CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a head with bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n", "BAD_LINE_END"),
  raw("a bare LF after the method", "GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a bare LF in the target", "GET /a\nb HTTP/1.1\r\nHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a bare LF inside the method", "GE\nT / HTTP/1.1\r\nHost: a\r\n\r\n", "BAD_LINE_END"),
  raw("a bare CR in the target", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", "BAD_REQUEST_LINE"),
  reject(
    "a request line folded over two lines",
    wire`
      GET /
       HTTP/1.1
      Host: a

    `,
    "BAD_REQUEST_LINE",
  ),

  ...SEPARATORS.map((mark) => line(`a method with ${mark}`, `GE${mark}T / HTTP/1.1`, "BAD_METHOD")),
  line("a method with NUL", "GE\0T / HTTP/1.1", "BAD_METHOD"),
  line("a method with DEL", "GE\x7fT / HTTP/1.1", "BAD_METHOD"),
  line("a method with a byte above ASCII", "GE\xd6T / HTTP/1.1", "BAD_METHOD"),
  line("a method that begins with a separator", "@GET / HTTP/1.1", "BAD_METHOD"),
  raw("the first byte of a TLS handshake", "\x16\x03\x01\x02\x00\x01", "BAD_METHOD"),
  raw("a NUL as the first byte", "\0", "BAD_METHOD"),
  raw("a byte order mark before the request line", `\xef\xbb\xbf${AFTER}`, "BAD_METHOD"),
  raw("a PROXY protocol v2 header", "\r\n\r\n\x00\r\nQUIT\n", "BAD_REQUEST_LINE"),
  raw("a PROXY protocol v1 header", "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n\r\n", "BAD_REQUEST_LINE"),
  raw("a response", "HTTP/1.1 200 OK\r\n\r\n", "BAD_METHOD"),

  version("HTTP/2.0", "HTTP/2.0", "UNSUPPORTED_VERSION"),
  version("HTTP/0.9 spelled out", "HTTP/0.9", "UNSUPPORTED_VERSION"),
  version("HTTP/3.1", "HTTP/3.1", "UNSUPPORTED_VERSION"),
  version("HTTP/9.9", "HTTP/9.9", "UNSUPPORTED_VERSION"),
  raw("the connection preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "UNSUPPORTED_VERSION"),
  version("a version in lower case", "http/1.1"),
  version("a version in mixed case", "Http/1.1"),
  version("a version without a minor digit", "HTTP/1"),
  version("a version with nothing after the dot", "HTTP/1."),
  version("a version of two minor digits", "HTTP/1.10"),
  version("a version of two major digits", "HTTP/01.1"),
  version("a version with a comma", "HTTP/1,1"),
  version("a version with a sign", "HTTP/1.+"),
  version("a version with a letter for its major digit", "HTTP/x.1"),
  version("a version with a letter for its minor digit", "HTTP/1.x"),
  version("a version with a colon, which follows the 9, for its minor digit", "HTTP/1.:"),
  version("a version with a colon for its major digit", "HTTP/:.1"),
  version("a version with a slash, which precedes the 0, for its minor digit", "HTTP/1./"),
  version("a version with a slash for its major digit", "HTTP//.1"),
  version("HTTP/2 with a letter for its minor digit", "HTTP/2.x"),
  version("HTTP/2 with a slash for its minor digit", "HTTP/2./"),
  version("a version without its slash", "HTTP1.1"),
  version("a version with a backslash", "HTTP\\1.1"),
  version("another protocol", "HTTQ/1.1"),
  version("a longer protocol name", "XHTTP/1.1"),
  version("another protocol of another length", "SIP/2.0"),
  version("a version with NUL", "HTTP/1.1\0"),
  version("a version with a byte above ASCII", "HTTP/1.\xb9"),
  version("a version with an inner bare CR", "HTTP/1\r.1"),
  line("a line that ends after the second space", "GET / ", "BAD_VERSION"),
];

export const targetFaults: readonly RejectCase[] = [
  target("a target with a fragment", "/a#b"),
  target("a target with NUL", "/a\0b"),
  target("a target with a tab", "/a\tb"),
  target("a target with an escape character", "/a\x1bb"),
  target("a target with DEL", "/a\x7fb"),
  target("a target with a byte above ASCII", "/caf\xe9"),
  target("a target with UTF-8", "/caf\xc3\xa9"),
  target("a query with a control character", "/a?b\x01c"),
  target("a target that is a name", "a"),
  target("a target that is a relative path", "./a"),
  target("a target that is a query alone", "?a"),
  target("a target that is a host and a port", "a:80"),
  target("a target with a backslash first", "\\a"),
  target("an encoded slash first", "%2Fa"),
  target("an asterisk for GET", "*"),
  target("an asterisk for options, which is another method", "*", "options"),
  target("an asterisk and more for OPTIONS", "*a", "OPTIONS"),
  target("an asterisk with a query for OPTIONS", "*?a", "OPTIONS"),
  target("an ftp URL", "ftp://b/c"),
  target("a file URL", "file:///etc/passwd"),
  target("a javascript URL", "javascript:alert(1)"),
  target("a URL with one slash", "http:/b/c"),
  target("a URL without slashes", "http:b"),
  target("a URL without a host", "http:///c"),
  target("a URL of nothing but its scheme", "http://"),
  target("a URL with a port and no host", "http://:80/c"),
  target("a URL with a query and no host", "http://?c"),
  target("a URL with user information", "http://user:secret@b/c"),
  target("a URL with a user", "http://user@b/c"),
  target("a URL with a port of letters", "http://b:http/c"),
  target("a URL with a port too high", "http://b:65536/c"),
  target("a URL with a fragment", "http://b/c#d"),
  target("a URL with a backslash for its slash", "http://b\\c"),
  target("a URL with an unclosed bracket", "http://[::1/c"),
  target("a URL with half an encoding in its host", "http://b%2/c"),
  target("CONNECT without a port", "b", "CONNECT"),
  target("CONNECT with an empty port", "b:", "CONNECT"),
  target("CONNECT without a host", ":443", "CONNECT"),
  target("CONNECT to a path", "/a", "CONNECT"),
  target("CONNECT to an asterisk", "*", "CONNECT"),
  target("CONNECT to a URL", "http://b:80/", "CONNECT"),
  target("CONNECT to IPv6 without brackets", "::1:443", "CONNECT"),
  target("CONNECT to IPv6 without a port", "[::1]", "CONNECT"),
  target("CONNECT with a port too high", "b:65536", "CONNECT"),
  target("CONNECT with a path after the port", "b:80/c", "CONNECT"),
  target("CONNECT with a user", "u@b:443", "CONNECT"),
  reject("a URL on HTTP/1.1 without Host", bytesOf(lines("GET http://b/c HTTP/1.1", "")), "MISSING_HOST"),
  reject("CONNECT on HTTP/1.1 without Host", bytesOf(lines("CONNECT b:443 HTTP/1.1", "")), "MISSING_HOST"),
];
