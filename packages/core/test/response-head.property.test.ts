// What is written is read back the same by a client that knows nothing of this server: the HTTP parser of Node. Status,
// headers and body, for every framing, however the bytes are cut on their way.

import { type IncomingMessage, request } from "node:http";
import { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BodyEncoder } from "../src/body-encoder.ts";
import type { Header } from "../src/environ.ts";
import { type FramingKind, isBodyForbidden, responseFraming } from "../src/framing.ts";
import { encodeResponseHead, ResponseHeadEncoder } from "../src/response-head.ts";
import { cutAt } from "./wire/drive.ts";

/** What a client of Node makes of these pieces of a response. */
async function readByClient(
  method: string,
  pieces: readonly Uint8Array[],
): Promise<IncomingMessage & { body: Buffer }> {
  let answered = false;
  const connection = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      if (!answered) for (const piece of pieces) this.push(piece);
      if (!answered) this.push(null);
      answered = true;
      done();
    },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ method, headers: { Connection: "close" }, createConnection: () => connection }, resolve)
      .on("error", reject)
      .end();
  });
  return Object.assign(response, { body: await buffer(response) });
}

const TOKEN_CHARACTERS = [..."!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"];
const VALUE_CHARACTERS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((c) =>
  /[\t\x20-\x7e\x80-\xff]/.test(c),
);
const OF_THE_SERVER =
  /^(content-length|connection|transfer-encoding|keep-alive|proxy-connection|te|trailer|upgrade|date)$/;

const name = fc
  .array(fc.constantFrom(...TOKEN_CHARACTERS), { minLength: 1, maxLength: 12 })
  .map((characters) => characters.join(""))
  .filter((text) => !OF_THE_SERVER.test(text));
const value = fc
  .array(fc.constantFrom(...VALUE_CHARACTERS), { maxLength: 30 })
  .map((characters) => characters.join("").replace(/^[\t ]+|[\t ]+$/g, ""));

const response = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST"),
  status: fc.constantFrom(
    "200 OK",
    "201",
    "204 No Content",
    "205 Reset Content",
    "304 Not Modified",
    "404 caf\xe9",
    "599 x",
  ),
  headers: fc.array(fc.tuple(name, value), { maxLength: 6 }),
  minorVersion: fc.constantFrom<0 | 1>(0, 1),
  items: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
  lengthFrom: fc.constantFrom("nowhere", "the application", "the server"),
  excess: fc.constantFrom(0, 0, 1, 7),
  cuts: fc.array(fc.nat(600), { maxLength: 6 }),
});

/** Writes a response as a server does, with the pure parts of this one. */
function write(made: typeof response extends fc.Arbitrary<infer T> ? T : never): {
  wire: Buffer;
  kind: FramingKind;
  body: Buffer;
} {
  const { method, status, headers, minorVersion, items, lengthFrom } = made;
  const total = items.reduce((sum, item) => sum + item.length, 0);
  const declared: Header[] =
    lengthFrom === "the application" ? [["Content-Length", String(Math.max(0, total - made.excess))]] : [];
  const start = new ResponseHeadEncoder(false).start(status, [...headers, ...declared]);
  const knownLength = lengthFrom === "the server" ? total : undefined;
  const { declaredLength } = start;
  const framing = responseFraming({ method, status: start.status, minorVersion, declaredLength, knownLength });
  const head = encodeResponseHead(start, {
    ...{ method, framing, dateLine: "Date: now\r\n", keepAliveTimeout: undefined },
    connection: framing.kind === "close" ? "close" : undefined,
    lengthWithoutBody: declaredLength ?? knownLength,
  });
  const encoder = new BodyEncoder(framing);
  const wire: Buffer[] = [Buffer.from(head, "latin1")];
  const body: Uint8Array[] = [];
  for (const item of items) {
    const admitted = encoder.admit(item.length);
    if (admitted === 0) continue;
    body.push(item.subarray(0, admitted));
    wire.push(
      Buffer.from(encoder.before(admitted)),
      Buffer.from(item.subarray(0, admitted)),
      Buffer.from(encoder.after()),
    );
  }
  wire.push(Buffer.from(encoder.finish()));
  expect(encoder.missingBytes).toBe(0);
  expect(Buffer.concat(wire).length).toBe(head.length + encoder.bodyBytes + encoder.framingBytes);
  return { wire: Buffer.concat(wire), kind: framing.kind, body: Buffer.concat(body) };
}

test("a response is read by another client as it was written", async () => {
  const kinds = new Set<FramingKind>();
  const law = fc.asyncProperty(response, async (made) => {
    const { wire, kind, body } = write(made);
    kinds.add(kind);
    const read = await readByClient(made.method, cutAt(wire, made.cuts));
    expect(`${read.statusCode} ${read.statusMessage}`.trimEnd()).toBe(made.status);
    expect(read.httpVersion).toBe("1.1");
    expect(read.rawHeaders.slice(0, made.headers.length * 2)).toEqual(made.headers.flat());
    expect(read.headers["date"]).toBe("now");
    expect(read.headers["transfer-encoding"]).toBe(kind === "chunked" ? "chunked" : undefined);
    if (kind === "length") expect(read.headers["content-length"]).toBe(String(body.length));
    expect(read.body).toEqual(body);
    expect(read.complete).toBe(true);
    if (isBodyForbidden(made.method, read.statusCode as number)) expect(read.body).toHaveLength(0);
    else if (made.lengthFrom !== "the application" && read.statusCode !== 205) {
      expect(read.body).toEqual(Buffer.concat(made.items));
    }
  });
  await fc.assert(law, { numRuns: 500 });
  expect([...kinds].sort()).toEqual(["chunked", "close", "length", "none"]);
});
