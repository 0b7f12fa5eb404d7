// Requests that nobody wrote down: those of the tables of wire cases, changed in the ways that servers trip over.

import fc from "fast-check";
import { acceptCases } from "../wire/accept-cases.ts";
import { rejectCases } from "../wire/reject-cases.ts";
import { bytesOf } from "../wire/wire.ts";

const MAX_BYTES = 500;

/** The rows of the tables, those of moderate length. */
export const corpus: readonly Buffer[] = [...acceptCases, ...rejectCases]
  .map(({ bytes }) => bytes)
  .filter(({ length }) => length <= MAX_BYTES);

const PIECES = [
  ...[
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    "\n\n",
    " ",
    "\t",
    "\0",
    "\x7f",
    "\xff",
    ":",
    ";",
    ",",
    "=",
    '"',
    "%",
    "?",
    "#",
    "/",
    "*",
  ],
  ...[
    "0",
    "1",
    "5",
    "a",
    "F",
    "-",
    "+",
    "0x",
    "HTTP/1.1",
    "HTTP/1.0",
    "GET ",
    "POST ",
    "CONNECT ",
    "http://b",
    "chunked",
  ],
  ...["Host: b\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n", "X: y\r\n"],
  ...[
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
  ],
  ...["0\r\n\r\n", "5\r\nhello\r\n", "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"],
];

type Change = (text: string) => string;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const span = fc.integer({ min: 1, max: 12 });
const at = (text: string, where: number): number => Math.floor(where * (text.length + 1));

const change: fc.Arbitrary<Change> = fc.oneof(
  // one bit of one byte
  fc.tuple(place, fc.nat(7)).map(
    ([where, bit]): Change =>
      (text) => {
        const i = at(text, where);
        const flipped = String.fromCharCode((text.charCodeAt(i) ^ (1 << bit)) & 0xff);
        return i < text.length ? text.slice(0, i) + flipped + text.slice(i + 1) : text;
      },
  ),
  // a few bytes away, or twice
  fc.tuple(place, span).map(
    ([where, length]): Change =>
      (text) => {
        const i = at(text, where);
        return text.slice(0, i) + text.slice(i + length);
      },
  ),
  fc.tuple(place, span).map(
    ([where, length]): Change =>
      (text) => {
        const i = at(text, where);
        return text.slice(0, i + length) + text.slice(i);
      },
  ),
  // something put in, or over something else
  fc.tuple(place, fc.constantFrom(...PIECES), fc.nat(2)).map(
    ([where, piece, over]): Change =>
      (text) => {
        const i = at(text, where);
        return text.slice(0, i) + piece + text.slice(i + over);
      },
  ),
  // a line away, twice, or put in another place
  fc.tuple(place, fc.integer({ min: 0, max: 2 }), place).map(
    ([where, copies, target]): Change =>
      (text) => {
        const all = text.split("\r\n");
        const [line = ""] = all.splice(Math.floor(where * all.length), 1);
        all.splice(Math.floor(target * (all.length + 1)), 0, ...Array<string>(copies).fill(line));
        return all.join("\r\n");
      },
  ),
  // one line end written in another way
  fc.tuple(place, fc.constantFrom("\n", "\r", "\n\r", "\r\r\n", "\r\n ", "", "\r\n\r\n")).map(
    ([where, end]): Change =>
      (text) => {
        const all = text.split("\r\n");
        const i = Math.floor(where * (all.length - 1));
        return all.length < 2 ? text : all.slice(0, i + 1).join("\r\n") + end + all.slice(i + 1).join("\r\n");
      },
  ),
);

/** What comes behind, so that a server that takes the end of a message for elsewhere shows it. */
const TAILS = [
  "",
  "\r\n\r\n",
  "GET /after HTTP/1.1\r\nHost: a\r\n\r\n",
  "\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n",
];

/** One or two rows, changed up to four times, and a tail. */
export const requests: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(fc.constantFrom(...corpus), { minLength: 1, maxLength: 2 }),
    fc.array(change, { minLength: 0, maxLength: 4 }),
    fc.constantFrom(...TAILS),
  )
  .map(([rows, changes, tail]) => {
    const text = rows.map((bytes) => bytes.toString("latin1")).join("");
    return bytesOf(changes.reduce((changed, one) => one(changed), text) + tail);
  });
