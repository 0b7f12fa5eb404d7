// Changes a request in the ways that parsers trip over: bytes, tokens of the grammar, numbers, lines, chunks, and crossing with
// another request. Text in, text out, every character a byte. Knows HTTP's words and nothing of the parser.

import type { Random } from "./random.ts";

/** Mutants are not longer: beyond it cost grows and nothing new is met but limits, which small limits show sooner. */
const MAX_LENGTH = 8192;

const WORDS: readonly string[] = [
  ...[
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    "\n\n",
    "\n\r",
    " ",
    "\t",
    "\0",
    "\x0b",
    "\x7f",
    "\x80",
    "\xff",
    ":",
    ";",
    ",",
    "=",
    '"',
  ],
  ...[
    "%",
    "%0d%0a",
    "?",
    "#",
    "/",
    "*",
    "[",
    "]",
    "[::1]",
    "@",
    "..",
    "_",
    "-",
    "+",
    "0x",
    "0",
    "1",
    "5",
    "f",
    "F",
    "00000000",
  ],
  ...[
    "ffffffffffffffff",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "4294967296",
    "-1",
    "1e3",
    "5, 5",
  ],
  ...[
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "http/1.1",
    "GET ",
    "POST ",
    "HEAD ",
    "OPTIONS ",
    "CONNECT ",
    "PRI ",
  ],
  ...[
    "http://b",
    "HTTPS://b/",
    "chunked",
    "Chunked",
    "gzip",
    "identity",
    "close",
    "keep-alive",
    "upgrade",
    "100-continue",
  ],
  ...[
    "Host: b\r\n",
    "Host:\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "X: y\r\n",
  ],
  ...["Content-Length: 5\r\n", "Content-Length: 0\r\n", "content-length:5\r\n", "Transfer-Encoding: chunked\r\n"],
  ...["Transfer-Encoding: gzip, chunked\r\n", "transfer-encoding:\tchunked\t\r\n", "Transfer-Encoding : chunked\r\n"],
  ...["Content_Length: 5\r\n", "Trailer: X\r\n", "Upgrade: h2c\r\n", " folded\r\n", "Content-Length: 5\r\n\r\nhello"],
  ...[
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "1;x=y\r\na\r\n",
    "1;\r\na\r\n",
    "0\r\nX: y\r\n\r\n",
    "GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
  ],
];

type Change = (text: string, random: Random, other: string) => string;

const splice = (text: string, at: number, removed: number, put: string): string =>
  text.slice(0, at) + put + text.slice(at + removed);

const CHANGES: readonly Change[] = [
  function flipBit(text, random) {
    const at = random.below(text.length);
    return splice(text, at, 1, String.fromCharCode((text.charCodeAt(at) ^ (1 << random.below(8))) & 0xff));
  },
  function setByte(text, random) {
    return splice(text, random.below(text.length), 1, String.fromCharCode(random.below(256)));
  },
  (text, random) => splice(text, random.below(text.length), 1 + random.below(random.oneIn(4) ? 40 : 4), ""),
  function copyStretch(text, random) {
    const from = random.below(text.length);
    return splice(text, random.below(text.length), 0, text.slice(from, from + 1 + random.below(60)));
  },
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick(WORDS)),
  (text, random) => splice(text, random.below(text.length + 1), random.below(6), random.pick(WORDS)),
  function changeLines(text, random) {
    const lines = text.split("\r\n");
    const [line = ""] = lines.splice(random.below(lines.length), 1);
    const copies = random.oneIn(12) ? 20 : random.below(3);
    lines.splice(random.below(lines.length + 1), 0, ...new Array<string>(copies).fill(line));
    return lines.join("\r\n");
  },
  function changeLineEnd(text, random) {
    const ends = [...text.matchAll(/\r\n/g)];
    if (ends.length === 0) return `${text}\r\n`;
    const end = random.pick(["\n", "\r", "\n\r", "\r\r\n", "\r\n ", "\r\n\t", "", "\r\n\r\n", " \r\n", "\0\r\n"]);
    return splice(text, random.pick(ends).index, 2, end);
  },
  function changeNumber(text, random) {
    const numbers = [...text.matchAll(/[0-9a-f]+/gi)];
    if (numbers.length === 0) return text;
    const number = random.pick(numbers);
    const value = Number.parseInt(number[0], 10) || 0;
    const put = random.pick([
      String(value + 1),
      String(value - 1),
      `0${number[0]}`,
      String(value * 256),
      value.toString(16),
      "",
    ]);
    return splice(text, number.index, number[0].length, put);
  },
  function changeCase(text, random) {
    const at = random.below(text.length);
    const word = text.slice(at, at + 12);
    return splice(text, at, 12, random.oneIn(2) ? word.toUpperCase() : word.toLowerCase());
  },
  function repeat(text, random) {
    const at = random.below(text.length);
    const stretch = text.slice(at, at + 1 + random.below(8));
    return splice(text, at, 0, stretch.repeat(1 + random.below(random.oneIn(6) ? 200 : 12)));
  },
  (text, random, other) => text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1)),
  (text, random, other) => (random.oneIn(2) ? text + other : other + text),
  function asChunks(text, random) {
    const end = text.indexOf("\r\n\r\n") + 4;
    const [head, body] = [text.slice(0, Math.max(end, 0)), text.slice(Math.max(end, 0), end + 200)];
    const size = 1 + random.below(6);
    const pieces = body.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    const extension = random.pick(["", "", ";", ";a", ";a=b", ' ;a="b;c"', "\t;"]);
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`);
    return `${head.replace(/content-length:.*\r\n/i, "Transfer-Encoding: chunked\r\n")}${chunks.join("")}0\r\n\r\n`;
  },
];

/** Some changes, one after the other; `other` is what it may be crossed with. */
export function mutate(text: string, other: string, random: Random): string {
  let mutant = text;
  for (let left = 1 + random.below(random.oneIn(3) ? 8 : 3); left > 0; left--) {
    mutant = mutant === "" ? other : random.pick(CHANGES)(mutant, random, other);
  }
  return mutant.slice(0, MAX_LENGTH);
}
