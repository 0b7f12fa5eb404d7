// The laws of the access log, for any template and any values: a line is one line of printable ASCII whatever a peer sent, what
// was escaped can be had back, and no value ends the quotes that it stands in. Values in, a broken law as an exception out.

import fc from "fast-check";
import { accessLog } from "../../src/access-log.ts";
import type { Exchange } from "../../src/index.ts";
import { SILENT } from "../../src/log.ts";
import { DEFAULT_LOG_FORMAT } from "../../src/option-table.ts";

const NAMES = ["client_ip", "client_port", "date_time", "request_line", "status_code", "body_length", "wall_seconds"];
const directive = fc.oneof(
  fc.constantFrom(...NAMES).map((name) => `%(${name})s`),
  fc
    .constantFrom(...["status_code", "body_length", "wall_seconds", "client_port", "request_line"])
    .map((name) => `%(${name})d`),
  fc
    .tuple(fc.constantFrom("wall_seconds", "body_length"), fc.integer({ min: 0, max: 20 }))
    .map(([name, digits]) => `%(${name}).${digits}f`),
  fc.constantFrom("%%", '"', " ", "-", "[", "]", "x", "(", ")s"),
);
const formats = fc.oneof(
  fc.constant(DEFAULT_LOG_FORMAT),
  fc.array(directive, { maxLength: 10 }).map((parts) => parts.join("")),
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        "\r\n",
        "\n",
        "\r",
        '"',
        "\\",
        "\x1b[2J",
        "\0",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\ud800",
        "%(client_ip)s",
        "%",
        "GET / HTTP/1.1",
        " ",
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join("")),
);

/** One line of a log, and what it is made of. */
export const entries = fc.record({
  format: formats,
  requestLine: text,
  remoteAddress: fc.oneof(fc.constantFrom("127.0.0.1", "::1", ""), text),
  forwarded: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
  seconds: fc.oneof(fc.double(), fc.constantFrom(0, 0.001, 1e9, -1)),
  bodyBytes: fc.nat(),
});
type Entry = typeof entries extends fc.Arbitrary<infer T> ? T : never;

/** @throws {Error} naming the law that is broken */
export function checkLogEntry(entry: Entry): void {
  const { format, requestLine, remoteAddress, forwarded = [], seconds, bodyBytes } = entry;
  const written: string[] = [];
  const log = accessLog(
    {
      logFormat: format,
      logXForwardedFor: true,
      accessLog: { write: (one: string) => written.push(one) },
    },
    SILENT,
  );
  log.onResponded?.({
    ...{ requestLine, bodyBytes, status: 200, startTime: 0, finishTime: seconds * 1000 },
    endpoints: { scheme: "http", serverName: "a", serverPort: "80", remoteAddress, remotePort: "1" },
    requestHeaders: forwarded.map((value) => ["X-Forwarded-For", value] as const),
  } as unknown as Exchange);
  void log.onClose?.(new AbortController().signal); // writes it: else the turn would have to end
  if (written.length !== 1) throw new Error(`there is one write: ${JSON.stringify(written)}`);
  const line = written[0] as string;
  if (!/^[\x20-\x7e]*\n$/.test(line)) throw new Error(`it is one line of printable ASCII: ${JSON.stringify(line)}`);
  if (format !== DEFAULT_LOG_FORMAT) return;
  const shown = /^.* - - \[[^\]]*\] "((?:[^"\\]|\\.)*)" 200 \d+ \S+\n$/.exec(line)?.[1];
  if (shown === undefined || unescaped(shown) !== requestLine)
    throw new Error(`the request line can be had back: ${JSON.stringify(line)}`);
}

function unescaped(shown: string): string {
  return shown.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(["\\]))/g,
    (_, two?: string, four?: string, one?: string) =>
      one ?? String.fromCharCode(Number.parseInt((two ?? four) as string, 16)),
  );
}
