// What the fuzzers start from: every row of the tables of wire cases, and what they themselves found. A crash becomes an entry
// of FOUND, with the law that it broke; so it is tried first in every run from then on.

import { acceptCases } from "../wire/accept-cases.ts";
import { rejectCases } from "../wire/reject-cases.ts";
import { bytesOf } from "../wire/wire.ts";

/** Inputs as latin-1, by what was wrong. */
const FOUND: Readonly<Record<string, string>> = {
  "extensions that would be a request to a server which ends a chunk line at LF":
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\nGET /x HTTP/1.1\r\n\r\nhello\r\n0\r\n\r\n",
  "a trailer section that is a request":
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET /x: y\r\n\r\n",
  "an empty line, and a second one": "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "a head of 100 fields, and one more": `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(100)}\r\n`,
  "HEAD with a body that is bad":
    "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n X: b\r\n\r\n",
  "a pipeline with a bad end": `${"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20)}GET  / HTTP/1.1\r\n\r\n`,
};

const MAX_BYTES = 4096;

/** The rows that are not large: a mutation of 64 KiB costs as much as hundreds of others. */
export const seeds: readonly Buffer[] = [
  ...Object.values(FOUND).map(bytesOf),
  ...[...acceptCases, ...rejectCases].map(({ bytes }) => bytes).filter(({ length }) => length <= MAX_BYTES),
];
