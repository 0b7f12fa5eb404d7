// Flaws in reading chunks, their extensions and trailers: RFC 9112 §7.1.

import { broken, type Incident, incident, SMUGGLED } from "./history.ts";
import { failing, post, taken } from "./rules.ts";

const CHUNKED = "Transfer-Encoding: chunked";
const chunks = (body: string): string => post("/echo", [CHUNKED], body);
const EMPTY = "0\r\n\r\n";
const flood = (bytes: number): string => `1;${"a".repeat(bytes)}\r\nx\r\n${EMPTY}`;

export const chunkHistory: readonly Incident[] = [
  incident(
    "CVE-2025-58068",
    "eventlet",
    "did not read trailers: they were the next request",
    "trailers are read by the grammar of fields, and what is none is 400",
    broken(chunks(`2\r\naa\r\n0\r\n${SMUGGLED}`)),
    broken(chunks(`2\r\naa\r\n0\r\nX: y\n\n${SMUGGLED}`)),
    taken(chunks("2\r\naa\r\n0\r\nX: y\r\nZ: GET /smuggled HTTP/1.1\r\n\r\n"), "POST /echo"),
  ),
  incident(
    "CVE-2025-53643",
    "aiohttp",
    "did not read trailers: they were the next request",
    "as above",
    broken(chunks(`0\r\n${SMUGGLED}`)),
    taken(chunks("0\r\nTrailer-One: 1\r\nTrailer-Two: 2\r\n\r\n"), "POST /echo"),
  ),
  incident(
    "CVE-2023-46589",
    "Tomcat",
    "took the rest of trailers that were too large for the next request",
    "trailers above the limits are 431, and the connection ends",
    broken(chunks(`0\r\nX: ${"a".repeat(9000)}\r\n\r\n${SMUGGLED}`), 431),
    broken(chunks(`0\r\n${"X: y\r\n".repeat(101)}\r\n${SMUGGLED}`), 431),
  ),
  incident(
    "CVE-2023-45648",
    "Tomcat",
    "took a trailer that is malformed for the end of the message",
    "400",
    broken(chunks(`0\r\nX y\r\n\r\n${SMUGGLED}`)),
    broken(chunks(`0\r\n: y\r\n\r\n${SMUGGLED}`)),
  ),
  incident(
    "CVE-2024-22019",
    "Node.js",
    "read chunk extensions without a bound",
    "4 KiB for all chunks of a body together (`maxChunkExtensionBytes`)",
    broken(chunks(flood(5000))),
    broken(chunks(`1;abcdefgh\r\nx\r\n`.repeat(600))),
  ),
  incident("CVE-2024-21647", "Puma", "read chunk extensions without a bound", "as above", broken(chunks(flood(4097)))),
  incident(
    "CVE-2023-39326",
    "Go net/http",
    "read chunk extensions without a bound",
    "as above",
    broken(chunks(`1;a\r\nx\r\n`.repeat(2100))),
  ),
  incident(
    "CVE-2021-22960",
    "Node.js (llhttp)",
    "skipped chunk extensions without a look",
    "they are read by their grammar",
    broken(chunks(`5;\x00\r\nhello\r\n${EMPTY}${SMUGGLED}`)),
    broken(chunks(`2;\nxx\r\n33\r\n${EMPTY}${SMUGGLED}`)),
  ),
  incident(
    "CVE-2024-52304",
    "aiohttp",
    "took LF inside a chunk extension",
    "400",
    broken(chunks(`2;\nxx\r\n4c\r\n${EMPTY}${SMUGGLED}${EMPTY}`)),
    broken(chunks(`2;a="\n"\r\nxx\r\n${EMPTY}${SMUGGLED}`)),
  ),
  incident(
    "CVE-2025-22871",
    "Go net/http",
    "took LF for the end of a chunk size",
    "400",
    broken(chunks(`5\nhello\r\n${EMPTY}`)),
    broken(chunks(`5;a\nhello\r\n${EMPTY}`)),
  ),
  incident(
    "CVE-2025-58056",
    "Netty",
    "took LF for the end of a chunk size",
    "400",
    broken(chunks(`0\n\r\n${SMUGGLED}`)),
  ),
  incident(
    "CVE-2025-43859",
    "h11",
    "skipped the two bytes after a chunk's data, whatever they were",
    "they are CRLF, or 400",
    broken(chunks(`5\r\nAAAAAXX2\r\n45\r\n${EMPTY}${SMUGGLED}${EMPTY}`)),
    broken(chunks(`5\r\nhello\n\r0\r\n\r\n`)),
  ),
  incident(
    "CVE-2021-32714",
    "hyper",
    "let the size of a chunk overflow",
    "400",
    broken(chunks(`f0000000000000003\r\nabc\r\n${EMPTY}`)),
    broken(chunks(`10000000000000000\r\n${SMUGGLED}`)),
  ),
  incident(
    "CVE-2017-7657",
    "Jetty",
    "let the size of a chunk overflow",
    "400",
    broken(chunks(`1000000000000000000000\r\n${SMUGGLED}`)),
  ),
  incident(
    "CVE-2015-3183",
    "Apache httpd",
    "took garbled chunk sizes",
    "400",
    broken(chunks(`5 ;a=b c\r\nhello\r\n${EMPTY}`)),
    broken(chunks(`\r\n5\r\nhello\r\n${EMPTY}`)),
  ),
  incident(
    "CVE-2020-5249",
    "Puma",
    "sent CR in early hints as it was",
    "headers of interim responses are checked as those of the final one",
    failing("/split-hints", { hasNot: /smuggled/i }),
  ),
];
