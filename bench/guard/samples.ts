// What is parsed and built: requests as bytes, and the limits and the surroundings that a server gives them. Values only.

import type { Endpoints, EnvironBase, RequestParts } from "../../packages/core/src/environ.ts";
import { DEFAULT_OPTIONS } from "../../packages/core/src/option-table.ts";
import type { ParserLimits } from "../../packages/core/src/request-parser.ts";

export const LIMITS: ParserLimits = DEFAULT_OPTIONS;

/** Lines with their CRLF, and the empty one. */
export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

export const SMALL_HEAD = Buffer.from(head("GET / HTTP/1.1", "Host: localhost:8090"));

/** What a browser sends for a page: 12 fields. */
export const BROWSER_HEAD = Buffer.from(
  head(
    "GET /orders/2041/lines?page=2&sort=-date HTTP/1.1",
    "Host: app.example.com",
    "Connection: keep-alive",
    "Cache-Control: max-age=0",
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Referer: https://app.example.com/orders?page=2",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "Cookie: session=4f1d2a9b7c3e8f60a1b2c3d4e5f60718; theme=dark; consent=necessary%2Cstatistics; _ga=GA1.1.1234567890",
  ),
);

export const CHUNKED_HEAD = Buffer.from(head("POST /in HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"));

/** `count` chunks of as many bytes each, without the last one. */
export function chunks(count: number, size: number): Buffer {
  return Buffer.from(`${size.toString(16)}\r\n${"x".repeat(size)}\r\n`.repeat(count));
}

export const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export const ENDS: Endpoints = {
  scheme: "http",
  serverName: "127.0.0.1",
  serverPort: "8090",
  remoteAddress: "127.0.0.1",
  remotePort: "50000",
};

export const BASE: EnvironBase<undefined> = {
  errors: { write: () => {}, writelines: () => {}, flush: () => {} },
  fileWrapper: undefined,
  minimumChunkSize: 4096,
  extra: [],
};

export const PARTS: RequestParts<{ signal: AbortSignal }> = {
  input: { signal: new AbortController().signal },
  earlyHints: () => {},
  setIdle: () => {},
  facts: [],
};
