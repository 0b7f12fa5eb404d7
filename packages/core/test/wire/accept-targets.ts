// Request targets in their four forms: RFC 9112 §3.2, RFC 3986. The target is kept as it came; nothing is decoded.

import { type AcceptCase, accept, type Message } from "./cases.ts";
import { bytesOf, lines, request } from "./wire.ts";

function origin(name: string, target: string, path = target, query?: string): AcceptCase {
  return accept(name, request(`GET ${target} HTTP/1.1`), { target, path, query });
}

function absolute(name: string, target: string, host: string, path: string, query?: string): AcceptCase {
  return accept(name, request(`GET ${target} HTTP/1.1`), { target, host, path, query });
}

function authority(name: string, target: string): AcceptCase {
  return accept(name, request(`CONNECT ${target} HTTP/1.1`), { method: "CONNECT", target, host: target, path: "" });
}

const oneDotZero: Partial<Message> = { minorVersion: 0, keepAlive: false };

export const targetCases: readonly AcceptCase[] = [
  origin("a path", "/a/b/c"),
  origin("a path that ends with a slash", "/a/"),
  origin("a path and a query", "/a?b=c", "/a", "b=c"),
  origin("an empty query", "/a?", "/a", ""),
  origin("a question mark in a query", "/a?b?c", "/a", "b?c"),
  origin("a slash in a query", "/a?b=/c/", "/a", "b=/c/"),
  origin("a URL in a query", "/a?to=http://b/?c", "/a", "to=http://b/?c"),
  origin("a query on the root", "/?b", "/", "b"),
  origin("a path of two slashes, which names no host", "//b/c"),
  origin("a path of slashes only", "///"),
  origin("a path with a colon", "/a:80"),
  origin("a path that looks like a URL", "/http://b/c"),
  origin("a path with dot segments, untouched", "/a/../b/./c"),
  origin("percent-encoding, undecoded", "/%7Ea%2Fb%20c"),
  origin("percent-encoding in a query, undecoded", "/a?b=%26%3D", "/a", "b=%26%3D"),
  origin("a percent sign that encodes nothing", "/100%"),
  origin("an encoded NUL", "/a%00b"),
  origin("every unreserved character and sub-delimiter", "/-._~!$&'()*+,;=:@azAZ09"),
  origin("the marks that browsers leave unencoded", '/|^{}`\\"<>[]?|^{}`\\"<>[]', '/|^{}`\\"<>[]', '|^{}`\\"<>[]'),
  origin("parameters of a path segment", "/a;b=c/d"),
  origin("an asterisk in a path", "/*"),

  absolute("a URL", "http://b/c", "b", "/c"),
  absolute("a URL with a query", "http://b/c?d=e", "b", "/c", "d=e"),
  absolute("a URL with a port", "http://b.example:8080/c", "b.example:8080", "/c"),
  absolute("a URL with an empty port", "http://b:/c", "b:", "/c"),
  absolute("a URL without a path", "http://b", "b", "/"),
  absolute("a URL with a port and no path", "http://b:80", "b:80", "/"),
  absolute("a URL with a query and no path", "http://b?c=d", "b", "/", "c=d"),
  absolute("a URL with a slash in the query and no path", "http://b?c=/d", "b", "/", "c=/d"),
  absolute("a URL with an IPv6 host", "http://[::1]:8080/c", "[::1]:8080", "/c"),
  absolute("a URL with an encoded host", "http://b%C3%A9/c", "b%C3%A9", "/c"),
  absolute("an https URL", "https://b/c", "b", "/c"),
  absolute("a URL with its scheme in capitals", "HTTP://B/c", "B", "/c"),
  absolute("a URL with an at sign in the path", "http://b/c@d", "b", "/c@d"),
  accept("a URL on HTTP/1.0", request("GET http://b/c HTTP/1.0"), {
    ...oneDotZero,
    ...{ target: "http://b/c", path: "/c", host: "b" },
  }),
  accept("a URL on HTTP/1.0 without Host", bytesOf(lines("GET http://b/c HTTP/1.0", "")), {
    ...oneDotZero,
    ...{ target: "http://b/c", path: "/c", host: "b", fields: [] },
  }),
  accept("OPTIONS for a URL", request("OPTIONS http://b/c HTTP/1.1"), {
    ...{ method: "OPTIONS", target: "http://b/c", path: "/c", host: "b" },
  }),

  authority("CONNECT to a name", "b.example:443"),
  authority("CONNECT to an IPv4 address", "127.0.0.1:443"),
  authority("CONNECT to an IPv6 address", "[2001:db8::7]:443"),
  authority("CONNECT to port 0", "b:0"),

  accept("OPTIONS for the whole server", request("OPTIONS * HTTP/1.1"), { method: "OPTIONS", target: "*" }),
  accept("OPTIONS for the whole server on HTTP/1.0", request("OPTIONS * HTTP/1.0"), {
    ...oneDotZero,
    ...{ method: "OPTIONS", target: "*" },
  }),
];
