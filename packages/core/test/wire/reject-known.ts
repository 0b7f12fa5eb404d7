// Cases that the tests of other parsers and the tools of those who attack servers have, and the other tables had not. What
// was gone through:
//
//   source                                    cases  understood  refused: shown before  shown now
//   llhttp, tests of requests                   166          78                     67         70
//   gunicorn, valid and invalid requests        137          62                     55         60
//   HTTP Garden, list of flaws                   76           7                     53         66
//   h11, readers                                 24           5                     11         12
//   httparse, URLs, heads and chunk sizes       192         156                      9         22
//   picohttpparser, requests                     33          15                     14         16
//   h1spec, by uNetworking and by dropseed       69          43                     21         22
//   waitress, parser, receiver and server       139          83                     34         35
//   puma, parser, client and server             154         131                     12         12
//   aiohttp, request parser                     281          68                    184        186
//   tornado, server                              32          25                      6          6
//   hyper, roles                                 18           5                     11         11
//   smuggler, exhaustive and doubles           1634           2                   1233       1240
//   HTTP Request Smuggler, of HTTP/1             45           2                     33         39
//
// "Shown" means: a row leads to the same fault, at the same kind of place, by the same kind of byte. What is left differs in
// the words around it, or in the byte: rfc9112.bytes.test.ts goes through all bytes at these places. What is understood here
// and refused by its source: methods that it does not know, names with an underscore (which reach no environ here), an empty
// Host (RFC 9112 §3.2 has it), white space in a chunk extension (RFC 9110 §5.6.3 has it removed), forbidden trailers (which
// are dropped here), and what is above a lower limit. Facts were taken from these sources, no code and no words.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, reject, rejectBody } from "./cases.ts";
import { bytesOf, chunked, chunkedRaw, get, lines, post, request } from "./wire.ts";

const SMUGGLED = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

function line(name: string, requestLine: string, code: ProtocolErrorCode): RejectCase {
  return reject(name, request(requestLine), code);
}

function target(name: string, text: string, method = "GET"): RejectCase {
  return line(name, `${method} ${text} HTTP/1.1`, "BAD_TARGET");
}

function length(name: string, value: string): RejectCase {
  return reject(name, post([`Content-Length: ${value}`], SMUGGLED), "BAD_CONTENT_LENGTH");
}

/** A Transfer-Encoding written like this, beside a Content-Length that hides a request. */
function obscured(name: string, fieldLines: string, code: ProtocolErrorCode): RejectCase {
  const body = `0\r\n\r\n${SMUGGLED}`;
  return reject(`TE.TE: ${name}`, post([`Content-Length: ${body.length}`, fieldLines], body), code);
}

function size(name: string, text: string, code: ProtocolErrorCode = "BAD_CHUNK_SIZE"): RejectCase {
  return rejectBody(name, chunked(text, "hello", "0", ""), code);
}

const knownLines: readonly RejectCase[] = [
  reject(
    "a bare LF for the space before the version",
    bytesOf(lines("GET /\nHTTP/1.1", "Host: a", "")),
    "BAD_LINE_END",
  ),
  reject("two bare CR in the version", bytesOf(lines("GET / HTTP/\r\r1.1", "Host: a", "")), "BAD_VERSION"),
  line("several spaces around the target", "GET   /   HTTP/1.1", "BAD_REQUEST_LINE"),
  line("a version of many major digits", `GET / HTTP/${"1".repeat(88)}.1`, "BAD_VERSION"),
  line("a version that wraps to 1.1 in 32 bits", "GET / HTTP/4294967297.4294967297", "BAD_VERSION"),
  line("a version of three numbers", "GET / HTTP/1.1.1", "BAD_VERSION"),
  line("a version with a UTF-8 mark for its dot", "GET / HTTP/1\xe2\xb8\xae1", "BAD_VERSION"),
  line("RTSP", "OPTIONS / RTSP/1.0", "BAD_VERSION"),
  line("ICE", "SOURCE / ICE/1.0", "BAD_VERSION"),
  line("a request line that begins with a colon", ":GET / HTTP/1.1", "BAD_METHOD"),
  line("a method of marks and blanks", 'G=":<>(e),[T];?" / HTTP/1.1', "BAD_METHOD"),
  target("an asterisk for M-SEARCH", "*", "M-SEARCH"),
  target("a target that is a mark", "!"),
  target("a target that is a comma", ","),
  target("a target of words with a comma", "text/html,test"),
  target("a target that is a number", "1234567890"),
  target("a target that is a UUID", "d3958f5c-0777-0845-9dcf-2cb28783acaf"),
  target("a target that is an e-mail address", "x@x.com"),
  target("a target that is user information with a colon first", ":a@example.net"),
  target("a target that is a URN", "ietf:rfc:2648"),
  target("a target that is a host with a path", "example.com/"),
  target("a target of an encoding that is none", "%1G"),
  target("a target of dots and backslashes", "\\.\\./"),
  target("a target of another scheme with a bracket", "s://]ufd/:"),
  target("a URL with odd user information", "http://a%12:b!&*$@b.example:1234/c"),
  target("a target of latin-1 right after the slash", "/\xee"),
];

const knownFields: readonly RejectCase[] = [
  reject("a line without a colon that has a CR and an escape", get("Connection\r\x1b5eep-Alive"), "BAD_FIELD_NAME"),
  reject("a NUL and a CR in a value", get("X: v\0\ralue"), "BAD_FIELD_VALUE"),
  reject("a control and an at sign in Host", bytesOf(lines("GET / HTTP/1.1", "Host: a\x01@b", "")), "BAD_FIELD_VALUE"),
  reject("Host with bytes above ASCII around it", bytesOf(lines("GET / HTTP/1.1", "Host: \xffa\xff", "")), "BAD_HOST"),
  reject("an expectation behind another word", get("Expect: y 100-continue"), "UNKNOWN_EXPECTATION"),
  reject("an expectation with a space for its hyphen", get("Expect: 100 continue"), "UNKNOWN_EXPECTATION"),
  length("a Content-Length with a sign and an underscore", "+3_5"),
  length("a Content-Length of minus 0", "-0"),
  length("a Content-Length with a letter at its end", "0Z"),
  length("a Content-Length of words with hyphens", "bla-bla-bla"),
  length("a Content-Length far below 0", "-123456789123456789123456789"),
  reject(
    "a second Content-Length after an empty one",
    post(["Content-Length:", "Content-Length: 35"], SMUGGLED),
    "REPEATED_CONTENT_LENGTH",
  ),
  reject("a Content-Length with a bare CR in its name", post(["Content\r-Length: 35"], SMUGGLED), "BAD_FIELD_NAME"),
];

const knownCodings: readonly RejectCase[] = [
  obscured("a name over two lines", "Transfer-\r\nEncoding: chunked", "BAD_FIELD_NAME"),
  obscured("a space in the name", "Transfer Encoding: chunked", "BAD_FIELD_NAME"),
  obscured("a backslash in the name", "Transfer\\Encoding: chunked", "BAD_FIELD_NAME"),
  obscured("a word between the name and the colon", "Transfer-Encoding x: chunked", "BAD_FIELD_NAME"),
  obscured("a soft hyphen in the name", "Transfer\xadEncoding: chunked", "BAD_FIELD_NAME"),
  obscured("a next-line character after the name", "Transfer-Encoding\x85: chunked", "BAD_FIELD_NAME"),
  obscured("a no-break space after the name", "Transfer-Encoding\xa0: chunked", "BAD_FIELD_NAME"),
  obscured("an accent in the name", "Transf\x82r-Encoding: chunked", "BAD_FIELD_NAME"),
  obscured("a bare CR in the name", "Transfer\r-Encoding: chunked", "BAD_FIELD_NAME"),
  obscured("a bare LF before the colon", "Transfer-Encoding\n : chunked", "BAD_LINE_END"),
  obscured("CRLF and a bare CR before the name", "X: y\r\n\rTransfer-Encoding: chunked", "BAD_LINE_END"),
  obscured("a bare CR after the value", "Transfer-Encoding: chunked\r", "BAD_LINE_END"),
  obscured("a bare LF and a vertical tab after the value", "Transfer-Encoding: chunked\n\v", "BAD_LINE_END"),
  obscured("a value behind two folds", "Transfer-Encoding:\r\n \r\n chunked", "OBSOLETE_FOLDING"),
  obscured("a fold after the value", "Transfer-Encoding: chunked\r\n\t", "OBSOLETE_FOLDING"),
  obscured("a word before and one after", "Transfer-Encoding: cow chunked bar", "BAD_TRANSFER_ENCODING"),
  obscured("digits after chunked", "Transfer-Encoding: chunked123", "BAD_TRANSFER_ENCODING"),
  obscured("a byte of all ones around the value", "Transfer-Encoding: \xffchunked\xff", "BAD_TRANSFER_ENCODING"),
  obscured("an accent in the value", "Transfer-Encoding: ch\x96nked", "BAD_TRANSFER_ENCODING"),
  obscured("a Kelvin sign for the k", "Transfer-Encoding: chun\xe2\x84\xaaed", "BAD_TRANSFER_ENCODING"),
  obscured("an encoded word", "Transfer-Encoding: =?iso-8859-1?B?Y2h1bmtlZA==?=", "BAD_TRANSFER_ENCODING"),
  obscured("commas and blanks only", "Transfer-Encoding: , \t ,", "BAD_TRANSFER_ENCODING"),
  obscured(
    "three empty fields",
    "Transfer-Encoding:\r\nTransfer-Encoding:\r\nTransfer-Encoding:",
    "BAD_TRANSFER_ENCODING",
  ),
  obscured("an empty member first", "Transfer-Encoding: ,chunked", "CONFLICTING_FRAMING"),
  obscured(
    "chunked twice among identities",
    "Transfer-Encoding: identity, chunked, identity, chunked",
    "BAD_TRANSFER_ENCODING",
  ),
  obscured(
    "chunked twice among identities, each in a field",
    lines("Transfer-Encoding: identity", "Transfer-Encoding: chunked", "Transfer-Encoding: identity") +
      "Transfer-Encoding: chunked",
    "BAD_TRANSFER_ENCODING",
  ),
];

const knownChunks: readonly RejectCase[] = [
  size("a chunk size of 2^64 - 1", "ffffffffffffffff"),
  size("a chunk size of 2^68 - 1", "fffffffffffffffff"),
  size("a chunk size with an x first", "x05"),
  size("a chunk size with a sign and a prefix", "+0x05"),
  size("a chunk size of minus 0 with a prefix", "-0x0"),
  size("a space and a prefix before a chunk size", " 0x5"),
  size("a chunk size that goes on in words", "5these-bytes-are-not-looked-at"),
  size("a chunk size of a word with marks", "INVALID!!!"),
  size("white space before an extension without a size", " ;foo=bar"),
  size("a chunk extension with quotes inside of quotes", '5;a="I "love";b', "BAD_CHUNK_EXTENSION"),
  size("a chunk extension with a backslash outside of quotes", "5;a=val\\x0Due", "BAD_CHUNK_EXTENSION"),
  rejectBody("two bare CR after an extension", chunkedRaw("5;a=b\r\rhello\r\n0\r\n\r\n"), "BAD_LINE_END"),
  rejectBody(
    "a bare CR before the semicolon of an extension",
    chunkedRaw("5\r;a\r\nhello\r\n0\r\n\r\n"),
    "BAD_LINE_END",
  ),
];

export const knownFaults: readonly RejectCase[] = [...knownLines, ...knownFields, ...knownCodings, ...knownChunks];
