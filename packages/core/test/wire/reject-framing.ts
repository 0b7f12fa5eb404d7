// Framing that is refused in the head: RFC 9112 §6.1, §6.2, §6.3. Each of these is read in two ways by two servers.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, reject } from "./cases.ts";
import { lines, post, request } from "./wire.ts";

const CHUNKED_BODY = lines("5", "hello", "0", "");

function length(name: string, value: string, code: ProtocolErrorCode = "BAD_CONTENT_LENGTH"): RejectCase {
  return reject(name, post([`Content-Length: ${value}`], "hello"), code);
}

function coding(name: string, value: string, code: ProtocolErrorCode = "BAD_TRANSFER_ENCODING"): RejectCase {
  return reject(name, post([`Transfer-Encoding: ${value}`], CHUNKED_BODY), code);
}

function fields(name: string, fieldLines: readonly string[], code: ProtocolErrorCode): RejectCase {
  return reject(name, post(fieldLines, CHUNKED_BODY), code);
}

export const framingFaults: readonly RejectCase[] = [
  length("an empty Content-Length", ""),
  length("a negative Content-Length", "-5"),
  length("a Content-Length with a plus sign", "+5"),
  length("a Content-Length in hexadecimal", "0x5"),
  length("a Content-Length of hexadecimal digits", "a"),
  length("a Content-Length with a fraction", "5.0"),
  length("a Content-Length with an exponent", "5e0"),
  length("a Content-Length with an underscore", "1_0"),
  length("a Content-Length of two numbers with a space", "5 5"),
  length("a Content-Length of two numbers with a semicolon", "5;5"),
  length("a Content-Length in quotes", '"5"'),
  length("a Content-Length followed by letters", "5 bytes"),
  length("a Content-Length of a word", "chunked"),
  length("a Content-Length of NaN", "NaN"),
  length("a Content-Length of Infinity", "Infinity"),
  length("a Content-Length in superscript", "\xb2"),
  length("a Content-Length after a no-break space", "\xa05"),
  length("a Content-Length of 2^53", "9007199254740992"),
  length("a Content-Length of 2^64 + 5, which wraps to 5", "18446744073709551621"),
  length("a Content-Length of 400 digits", "9".repeat(400)),
  length("a Content-Length list of equal members", "5, 5", "REPEATED_CONTENT_LENGTH"),
  length("a Content-Length list of different members", "5, 6", "REPEATED_CONTENT_LENGTH"),
  length("a Content-Length with a comma at its end", "5,", "REPEATED_CONTENT_LENGTH"),
  length("a Content-Length with a comma first", ",5", "REPEATED_CONTENT_LENGTH"),
  length("a Content-Length with NUL", "5\0", "BAD_FIELD_VALUE"),
  length("a Content-Length with a vertical tab", "\v5", "BAD_FIELD_VALUE"),
  fields("a second Content-Length that differs", ["Content-Length: 5", "Content-Length: 6"], "REPEATED_CONTENT_LENGTH"),
  fields("a second Content-Length that agrees", ["Content-Length: 5", "Content-Length: 5"], "REPEATED_CONTENT_LENGTH"),
  fields("a second Content-Length that is empty", ["Content-Length: 5", "Content-Length:"], "REPEATED_CONTENT_LENGTH"),
  fields(
    "a second Content-Length in another case",
    ["Content-Length: 5", "content-length: 5"],
    "REPEATED_CONTENT_LENGTH",
  ),
  reject("a bad Content-Length of a GET", request("GET / HTTP/1.1", "Content-Length: x"), "BAD_CONTENT_LENGTH"),
  reject("a bad Content-Length on HTTP/1.0", request("POST / HTTP/1.0", "Content-Length: x"), "BAD_CONTENT_LENGTH"),

  coding("an empty Transfer-Encoding", ""),
  coding("a Transfer-Encoding of a comma", ","),
  coding("identity", "identity"),
  coding("gzip alone, of which nobody knows the end", "gzip"),
  coding("an unknown coding alone", "cow"),
  coding("gzip before chunked", "gzip, chunked", "UNSUPPORTED_TRANSFER_ENCODING"),
  coding("an unknown coding before chunked", "cow, chunked", "UNSUPPORTED_TRANSFER_ENCODING"),
  coding("identity before chunked", "identity, chunked", "UNSUPPORTED_TRANSFER_ENCODING"),
  coding("a coding with a parameter before chunked", "cow;a=b, chunked", "UNSUPPORTED_TRANSFER_ENCODING"),
  coding("two codings before chunked", "gzip, br, CHUNKED", "UNSUPPORTED_TRANSFER_ENCODING"),
  coding("chunked before gzip", "chunked, gzip"),
  coding("chunked before identity", "chunked, identity"),
  coding("chunked twice in a list", "chunked, chunked"),
  coding("chunked twice with another between", "chunked, gzip, chunked"),
  coding("chunked with a parameter", "chunked;a=b"),
  coding("chunked with an empty parameter", "chunked;"),
  coding("chunked with a parameter before chunked", "chunked;a=b, chunked"),
  coding("chunked in quotes", '"chunked"'),
  coding("chunked in single quotes", "'chunked'"),
  coding("two words with a space", "chunked identity"),
  coding("chunked with another letter", "xchunked"),
  coding("chunked with a letter missing", "chunke"),
  coding("chunk", "chunk"),
  coding("a name that is no token before chunked", "g(zip, chunked"),
  coding("a number", "1"),
  fields(
    "a second Transfer-Encoding with chunked",
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "BAD_TRANSFER_ENCODING",
  ),
  fields(
    "a second Transfer-Encoding after chunked",
    ["Transfer-Encoding: chunked", "Transfer-Encoding: x"],
    "BAD_TRANSFER_ENCODING",
  ),
  fields(
    "another Transfer-Encoding before chunked",
    ["Transfer-Encoding: x", "Transfer-Encoding: chunked"],
    "UNSUPPORTED_TRANSFER_ENCODING",
  ),
  fields(
    "another Transfer-Encoding in another case",
    ["Transfer-Encoding: chunked", "tRANSFER-eNCODING: identity"],
    "BAD_TRANSFER_ENCODING",
  ),
  reject(
    "chunked on HTTP/1.0",
    Buffer.concat([request("POST / HTTP/1.0", "Transfer-Encoding: chunked"), Buffer.from(CHUNKED_BODY)]),
    "TRANSFER_ENCODING_IN_HTTP_1_0",
  ),
  reject(
    "chunked and keep-alive on HTTP/1.0",
    request("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Connection: keep-alive"),
    "TRANSFER_ENCODING_IN_HTTP_1_0",
  ),
  reject(
    "chunked and a Content-Length on HTTP/1.0",
    request("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Content-Length: 5"),
    "TRANSFER_ENCODING_IN_HTTP_1_0",
  ),
  reject(
    "a garbled Transfer-Encoding on HTTP/1.0",
    request("POST / HTTP/1.0", "Transfer-Encoding: x"),
    "TRANSFER_ENCODING_IN_HTTP_1_0",
  ),
];
