// The laws of wsgi.input: whatever is read of it, in whatever order, is what Python's io.BytesIO would give, however the body was
// framed and cut on its way; and reading costs no more memory than the body is large. A sequence of calls in; what came out, of the
// Input and of the model, to be compared. `read1` alone may give less: at least a byte, never past the end.

import fc from "fast-check";
import { Input, type InputSource } from "../../src/input.ts";
import { RequestParser } from "../../src/request-parser.ts";
import { cutAt } from "../wire/drive.ts";
import { DEFAULT_LIMITS } from "../wire/limits.ts";

/** A call; `undefined` stands for no argument. */
export type Call = readonly [method: "read" | "readline" | "readlines" | "read1" | "next", size: number | undefined];

const size = fc.oneof(fc.constantFrom(undefined, -1, 0, 1, 2), fc.integer({ min: -3, max: 90 }));
const call: fc.Arbitrary<Call> = fc.tuple(
  fc.constantFrom("read", "readline", "readline", "readlines", "read1", "next"),
  size,
);
const body = fc
  .array(fc.constantFrom("\n", "\n\n", "\r\n", "a", "line\n", "\0", "\xff", "0\r\n\r\n", "x".repeat(50)), {
    maxLength: 25,
  })
  .map((parts) => parts.join(""));

/** A body, how it comes, and what is read of it. */
export const readings = fc.record({
  body,
  calls: fc.array(call, { maxLength: 12 }),
  cuts: fc.array(fc.nat(600), { maxLength: 10 }),
  chunkSizes: fc.option(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), { nil: undefined }),
});
export type Reading = typeof readings extends fc.Arbitrary<infer T> ? T : never;

/** The wire form of a body, its head in front. */
function wireOf({ body, chunkSizes }: Reading): Buffer {
  if (chunkSizes === undefined) {
    return Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`, "latin1");
  }
  let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (let at = 0, i = 0; at < body.length; i++) {
    const data = body.slice(at, at + (chunkSizes[i % chunkSizes.length] as number));
    text += `${data.length.toString(16)}\r\n${data}\r\n`;
    at += data.length;
  }
  return Buffer.from(`${text}0\r\n\r\n`, "latin1");
}

/** Makes the calls of an Input whose bytes come in pieces; each result as latin-1. */
export async function readByInput(reading: Reading): Promise<unknown[]> {
  const pieces = cutAt(wireOf(reading), reading.cuts);
  const parser = new RequestParser(DEFAULT_LIMITS);
  const feed = (): void => {
    const piece = pieces.shift();
    if (piece === undefined) throw new Error("bytes are wanted behind the end of the body");
    parser.push(Buffer.from(piece), piece.length, pieces.length % 2 === 0);
  };
  while (parser.readHead() === undefined) feed();
  parser.retain();
  const source: InputSource = {
    peekBody: () => parser.peekBody(),
    consumeBody: (count) => parser.consumeBody(count),
    takeBody: (count) => parser.takeBody(count),
    get bodyDone() {
      return parser.bodyDone;
    },
    connection: undefined,
    get trailers() {
      return parser.trailers;
    },
    wantBytes: () => queueMicrotask(arrive),
    sendContinue: () => {},
    takeSocket: () => {
      throw new Error("not here");
    },
  };
  const input = new Input(source);
  function arrive(): void {
    while (input.waiting) {
      feed();
      input.advance();
      parser.retain();
    }
  }
  const results: unknown[] = [];
  for (const [method, limit] of reading.calls) results.push(await makeCall(input, method, limit));
  return results;
}

async function makeCall(input: Input, method: Call[0], limit: number | undefined): Promise<unknown> {
  if (method === "readlines") return (await input.readlines(limit)).map((line) => line.toString("latin1"));
  if (method !== "next") return (await input[method](limit)).toString("latin1");
  for await (const line of input) return line.toString("latin1");
  return "";
}

/**
 * What BytesIO gives for the same calls.
 *
 * @param results of the Input, whose `read1` says how much it took
 */
export function readByModel({ body, calls }: Reading, results: readonly unknown[]): unknown[] {
  let at = 0;
  const take = (end: number): string => {
    const taken = body.slice(at, end);
    at = Math.min(end, body.length);
    return taken;
  };
  const read = (limit: number | undefined): string => take(limit === undefined || limit < 0 ? body.length : at + limit);
  const readline = (limit?: number): string => {
    const newline = body.indexOf("\n", at);
    const end = newline < 0 ? body.length : newline + 1;
    return take(limit === undefined || limit < 0 ? end : Math.min(end, at + limit));
  };
  const readlines = (hint = 0): string[] => {
    const lines: string[] = [];
    for (let total = 0; at < body.length && (hint <= 0 || total < hint); ) {
      const line = readline();
      lines.push(line);
      total += line.length;
    }
    return lines;
  };
  return calls.map(([method, limit], i) => {
    if (method === "read") return read(limit);
    if (method === "readlines") return readlines(limit);
    if (method !== "read1") return readline(method === "readline" ? limit : undefined);
    const length = (results[i] as string).length;
    const most = limit === undefined || limit < 0 ? body.length - at : Math.min(limit, body.length - at);
    return length > most || (length === 0 && most > 0) ? `at least a byte and at most ${most}` : take(at + length);
  });
}

/** The same in Python, for a list of readings: a program that reads JSON and prints JSON. */
export const PYTHON_MODEL = `
import io, json, sys
def run(reading):
    stream = io.BytesIO(reading["body"].encode("latin-1"))
    results = []
    for method, size in reading["calls"]:
        if method == "next":
            results.append(next(stream, b"").decode("latin-1"))
            continue
        args = [] if size is None else [size]
        result = getattr(stream, method)(*args)
        results.append([l.decode("latin-1") for l in result] if method == "readlines" else result.decode("latin-1"))
    return results
print(json.dumps([run(r) for r in json.load(sys.stdin)]))
`;
