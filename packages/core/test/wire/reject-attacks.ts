// Attacks that worked against somebody: request smuggling, response splitting, floods. What two servers read in two ways
// is refused here, and nothing behind the fault is read any more.

import { HOST, type Message, message, type RejectCase, reject, rejectBody } from "./cases.ts";
import { bytesOf, chunked, post, wire } from "./wire.ts";

const SMUGGLED = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

/** A chunked POST whose Transfer-Encoding line is written like this, beside a Content-Length that hides a request. */
function obscured(name: string, line: string, code: RejectCase["code"]): RejectCase {
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${line}\r\n\r\n`;
  return reject(`TE.TE: ${name}`, bytesOf(`${head}0\r\n\r\n${SMUGGLED}`), code);
}

export const attackFaults: readonly RejectCase[] = [
  reject(
    "CL.TE: a Content-Length for the first server, chunked for the second",
    wire`
      POST / HTTP/1.1
      Host: a
      Content-Length: 6
      Transfer-Encoding: chunked

      0

      G`,
    "CONFLICTING_FRAMING",
  ),
  reject(
    "TE.CL: chunked for the first server, a Content-Length for the second",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked
      Content-Length: 4

      1c
      GET /admin HTTP/1.1
      Host: a

      0

    `,
    "CONFLICTING_FRAMING",
  ),
  reject(
    "TE.0: chunked beside a Content-Length of 0",
    wire`
      OPTIONS / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked
      Content-Length: 0

      0

      ${SMUGGLED}`,
    "CONFLICTING_FRAMING",
  ),
  reject(
    "CL.CL: two lengths, one for each server",
    wire`
      POST / HTTP/1.1
      Host: a
      Content-Length: 0
      Content-Length: 33

      ${SMUGGLED}`,
    "REPEATED_CONTENT_LENGTH",
  ),
  reject(
    "chunked beside a Content-Length that is malformed",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked
      Content-Length: x

      0

    `,
    "CONFLICTING_FRAMING",
  ),
  reject(
    "chunked beside two Content-Lengths",
    wire`
      POST / HTTP/1.1
      Host: a
      Content-Length: 5
      Transfer-Encoding: chunked
      Content-Length: 5

      0

    `,
    "CONFLICTING_FRAMING",
  ),
  obscured("another coding", "Transfer-Encoding: xchunked", "BAD_TRANSFER_ENCODING"),
  obscured("a space before the colon", "Transfer-Encoding : chunked", "BAD_FIELD_NAME"),
  obscured("a tab before the colon", "Transfer-Encoding\t: chunked", "BAD_FIELD_NAME"),
  obscured("a tab before the value", "Transfer-Encoding:\tchunked", "CONFLICTING_FRAMING"),
  obscured("a vertical tab before the value", "Transfer-Encoding: \vchunked", "BAD_FIELD_VALUE"),
  obscured("a form feed after the value", "Transfer-Encoding: chunked\f", "BAD_FIELD_VALUE"),
  obscured("a space before the name", " Transfer-Encoding: chunked", "OBSOLETE_FOLDING"),
  obscured("a folded value", "Transfer-Encoding:\r\n chunked", "OBSOLETE_FOLDING"),
  obscured("a bare LF before the name", "X: y\nTransfer-Encoding: chunked", "BAD_LINE_END"),
  obscured("a bare CR before the name", "X: y\rTransfer-Encoding: chunked", "BAD_LINE_END"),
  obscured("a NUL after the value", "Transfer-Encoding: chunked\0", "BAD_FIELD_VALUE"),
  obscured("a NUL in the name", "Transfer-\0Encoding: chunked", "BAD_FIELD_NAME"),
  obscured("a second, unknown coding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", "BAD_TRANSFER_ENCODING"),
  obscured(
    "a second, unknown coding first",
    "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
    "UNSUPPORTED_TRANSFER_ENCODING",
  ),
  obscured("an unknown coding last", "Transfer-Encoding: chunked, identity", "BAD_TRANSFER_ENCODING"),
  obscured("quotes", 'Transfer-Encoding: "chunked"', "BAD_TRANSFER_ENCODING"),
  obscured("a parameter", "Transfer-Encoding: chunked;x=y", "BAD_TRANSFER_ENCODING"),
  obscured("a no-break space", "Transfer-Encoding: \xa0chunked", "BAD_TRANSFER_ENCODING"),
  obscured("a backslash for the line end", "X: y\\\nTransfer-Encoding: chunked", "BAD_LINE_END"),
  obscured("mixed case", "tRaNsFeR-eNcOdInG: cHuNkEd", "CONFLICTING_FRAMING"),

  reject(
    "CVE-2022-32213: a Transfer-Encoding with two codings, the first one chunked",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunkedchunked

      1
      A
      0

    `,
    "BAD_TRANSFER_ENCODING",
  ),
  reject(
    "CVE-2022-32214: a header line that is not ended by CRLF",
    wire`
      GET / HTTP/1.1
      Host: a
      Dummy: x\nContent-Length: 23

      GET / HTTP/1.1
      Dummy: GET /admin HTTP/1.1
      Host: a

    `,
    "BAD_LINE_END",
  ),
  reject(
    "CVE-2022-32215: a Transfer-Encoding over several lines",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked
       , identity

      1
      A
      0

    `,
    "OBSOLETE_FOLDING",
  ),
  reject(
    "a header line of white space and a colon",
    wire`
      GET / HTTP/1.1
      Host: a
       : x
      Content-Length: 5

      hello`,
    "OBSOLETE_FOLDING",
  ),
  reject(
    "CVE-2023-30589: a bare CR between two headers",
    wire`
      GET / HTTP/1.1
      Host: a
      X: x\rTransfer-Encoding: chunked

      1
      A
      0

    `,
    "BAD_LINE_END",
  ),
  reject(
    "CVE-2023-30589: a bare CR before the colon",
    wire`
      POST / HTTP/1.1
      Host: a
      X:\rContent-Length: 5

      hello`,
    "BAD_LINE_END",
  ),
  reject(
    "CVE-2024-27982: a space before Content-Length",
    wire`
      POST / HTTP/1.1
      Host: a
       Content-Length: 31

      ${SMUGGLED}`,
    "OBSOLETE_FOLDING",
  ),
  rejectBody(
    "CVE-2024-22019: an extension that floods",
    chunked(`1;${"a=b;".repeat(2000)}`, "A", "0", ""),
    "BAD_CHUNK_EXTENSION",
  ),
  rejectBody(
    "CVE-2024-22019: a flood of small extensions, one on each chunk",
    chunked(...Array.from({ length: 500 }, () => ["1;abcdefghi", "A"]).flat(), "0", ""),
    "BAD_CHUNK_EXTENSION",
    "A".repeat(409),
  ),
  rejectBody(
    "CVE-2025-58068: a request hidden behind a malformed trailer",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      2
      aa
      0
      GET /admin HTTP/1.1
      Host: a

    `,
    "BAD_FIELD_NAME",
    "aa",
  ),
  rejectBody(
    "CVE-2025-58068: a request hidden behind a trailer that ends with LF",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      2
      aa
      0
      X: y\n\nGET /admin HTTP/1.1
      Host: a

    `,
    "BAD_LINE_END",
    "aa",
  ),
  reject(
    "CVE-2024-1135: Transfer-Encodings that conflict",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked
      Transfer-Encoding: identity
      Content-Length: 31

      0

      ${SMUGGLED}`,
    "BAD_TRANSFER_ENCODING",
  ),
  reject(
    "CVE-2024-6827: a Transfer-Encoding that is no coding, beside a Content-Length",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked,gzip
      Content-Length: 5

      hello`,
    "BAD_TRANSFER_ENCODING",
  ),
  reject(
    "CVE-2024-6827: the identity that makes a server fall back to Content-Length",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: identity
      Content-Length: 5

      hello`,
    "BAD_TRANSFER_ENCODING",
  ),
  rejectBody(
    "a chunk extension ended by LF, behind which a request hides (TERM.EXT)",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      2;\nxx
      4c
      0

      ${SMUGGLED}0

    `,
    "BAD_LINE_END",
  ),
  rejectBody(
    "a chunk extension with a bare CR, behind which a request hides (EXT.TERM)",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      2;x\ryz
      aa
      0

    `,
    "BAD_LINE_END",
  ),
  rejectBody(
    "chunk data longer than its size, whose rest would be a size (SPILL)",
    wire`
      POST / HTTP/1.1
      Host: a
      Transfer-Encoding: chunked

      5
      AAAAAXX2
      45
      0

      ${SMUGGLED}0

    `,
    "BAD_CHUNK_END",
    "AAAAA",
  ),
  rejectBody(
    "a chunk size so large that it wraps to the size of the chunk",
    chunked("10000000000000000", "", SMUGGLED),
    "BAD_CHUNK_SIZE",
  ),
  rejectBody(
    "a chunk size in hexadecimal with a prefix, which some read as 0",
    chunked("0x31", SMUGGLED, "0", ""),
    "BAD_CHUNK_SIZE",
  ),
  reject(
    "a Content-Length with a plus sign, which some read and some drop",
    wire`
      GET / HTTP/1.1
      Host: a
      Content-Length: +31

      ${SMUGGLED}`,
    "BAD_CONTENT_LENGTH",
  ),
  reject(
    "a Host that splits the path",
    wire`
      GET / HTTP/1.1
      Host: a/../admin

    `,
    "BAD_HOST",
  ),
  reject(
    "two Hosts, the second folded under the first",
    wire`
      GET / HTTP/1.1
      Host: a
       Host: b

    `,
    "OBSOLETE_FOLDING",
  ),
  reject(
    "a header smuggled through a line end in the target",
    wire`
      GET / HTTP/1.1\nX-Admin: yes HTTP/1.1
      Host: a

    `,
    "BAD_LINE_END",
  ),
  reject(
    "HTTP/0.9 behind a good head, as a cache would be poisoned",
    wire`
      GET /admin

    `,
    "BAD_REQUEST_LINE",
  ),
  reject(
    "a command of another protocol: SMTP through a browser's form",
    bytesOf("EHLO a\r\nMAIL FROM:<b>\r\n\r\n"),
    "BAD_REQUEST_LINE",
  ),
  reject("a command of another protocol: Redis", bytesOf("*1\r\n$4\r\nPING\r\n\r\n"), "BAD_REQUEST_LINE"),
  reject(
    "a WebSocket frame where a head was due",
    bytesOf("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
    "BAD_METHOD",
  ),
];

/** What nobody announced as a body is the next request, and is judged as one. */
function leftover(name: string, bytes: Buffer, code: RejectCase["code"], understood: Partial<Message>): RejectCase {
  return { ...reject(name, bytes, code), messages: [message({ method: "POST", ...understood })] };
}

const HELLO: Partial<Message> = { fields: [HOST, ["Transfer-Encoding", "chunked"]], body: "hello", trailers: [] };

export const leftoverFaults: readonly RejectCase[] = [
  leftover("a body that nobody announced", post([], "hello=world\r\n\r\n"), "BAD_METHOD", {}),
  leftover("a body longer than its Content-Length", post(["Content-Length: 3"], "hello\r\n\r\n"), "BAD_REQUEST_LINE", {
    ...{ fields: [HOST, ["Content-Length", "3"]], body: "hel" },
  }),
  leftover("a body behind a Content-Length of 0", post(["Content-Length: 0"], "\x00\x01"), "BAD_METHOD", {
    fields: [HOST, ["Content-Length", "0"]],
  }),
  leftover("a second end of a chunked body", chunked("5", "hello", "0", "", "0", "", ""), "BAD_REQUEST_LINE", HELLO),
  leftover(
    "two empty lines between two requests",
    chunked("5", "hello", "0", "", "", "", SMUGGLED),
    "BAD_REQUEST_LINE",
    HELLO,
  ),
  leftover(
    "a trailer behind the end of a chunked body",
    chunked("5", "hello", "0", "", "X: y", ""),
    "BAD_METHOD",
    HELLO,
  ),
];
