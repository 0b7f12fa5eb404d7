// The two decoders by themselves; the tables of wire cases drive them through the parser.

import { describe, expect, test } from "vitest";
import { type BodyDecoder, ChunkedDecoder, type ChunkLimits, LengthDecoder } from "../src/body-decoder.ts";
import { ProtocolError } from "../src/errors.ts";
import { DEFAULT_LIMITS } from "./wire/limits.ts";
import { bytesOf } from "./wire/wire.ts";

function chunked(limits: Partial<ChunkLimits> = {}): ChunkedDecoder {
  return new ChunkedDecoder({ ...DEFAULT_LIMITS, ...limits });
}

/** Feeds some bytes and takes out all data; returns the data and how far the decoder came. */
function decode(decoder: BodyDecoder, text: string): { data: string; position: number } {
  const bytes = bytesOf(text);
  let data = "";
  let position = decoder.scan(bytes, 0, bytes.length);
  while (decoder.available > 0) {
    data += text.slice(position, position + decoder.available);
    position += decoder.available;
    decoder.consume(decoder.available);
    position = decoder.scan(bytes, position, bytes.length);
  }
  return { data, position };
}

function faultOf(decoder: BodyDecoder, text: string): Partial<ProtocolError> {
  try {
    decode(decoder, text);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return error as ProtocolError;
  }
  return {};
}

describe("a LengthDecoder", () => {
  test("gives what is there, up to its length", () => {
    const decoder = new LengthDecoder(8);
    expect(decode(decoder, "hello")).toEqual({ data: "hello", position: 5 });
    expect(decoder).toMatchObject({ remaining: 3, done: false });
    expect(decode(decoder, "world")).toEqual({ data: "wor", position: 3 });
    expect(decoder).toMatchObject({ remaining: 0, done: true, trailers: undefined });
  });

  test("is done at once without a length", () => {
    expect(new LengthDecoder(0).done).toBe(true);
  });

  test("looks at the bytes it is told to and no others", () => {
    const decoder = new LengthDecoder(5);
    expect(decoder.scan(bytesOf("xxhixx"), 2, 4)).toBe(2);
    expect(decoder.available).toBe(2);
    decoder.consume(1);
    expect(decoder).toMatchObject({ available: 1, remaining: 4 });
  });
});

describe("a ChunkedDecoder", () => {
  test("gives the data of one chunk after the other", () => {
    const decoder = chunked();
    expect(decode(decoder, "5\r\nhello\r\n6\r\n world\r\n")).toEqual({ data: "hello world", position: 21 });
    expect(decoder.done).toBe(false);
    expect(decode(decoder, "0\r\n\r\nrest")).toEqual({ data: "", position: 5 });
    expect(decoder.done).toBe(true);
    expect(decoder.trailers).toEqual([]);
  });

  test("stays where it is when it is done", () => {
    const decoder = chunked();
    decode(decoder, "0\r\n\r\n");
    expect(decode(decoder, "5\r\nhello\r\n")).toEqual({ data: "", position: 0 });
  });

  test("offers no more of a chunk than there is, and takes it in parts", () => {
    const decoder = chunked();
    expect(decoder.scan(bytesOf("5\r\nhel"), 0, 6)).toBe(3);
    expect(decoder.available).toBe(3);
    decoder.consume(1);
    decoder.consume(0);
    expect(decoder.available).toBe(2);
    decoder.consume(2);
    expect(decoder.scan(bytesOf("lo\r\n"), 0, 4)).toBe(0);
    expect(decoder.available).toBe(2);
  });

  test("keeps trailers of several pieces, and drops the forbidden ones", () => {
    const decoder = chunked();
    decode(decoder, "0\r\nX-Su");
    expect(decoder.trailers).toBeUndefined();
    decode(decoder, "m: 7\r\nHO");
    expect(decode(decoder, "ST: b\r\nY:\r\n\r\nrest").position).toBe(13);
    expect(decoder.trailers).toEqual([
      ["X-Sum", "7"],
      ["Y", ""],
    ]);
  });

  test.each([
    ...[
      "transfer-encoding",
      "content-length",
      "host",
      "connection",
      "keep-alive",
      "te",
      "trailer",
      "upgrade",
      "expect",
    ],
    ...[
      "max-forwards",
      "cache-control",
      "pragma",
      "range",
      "if-match",
      "if-none-match",
      "if-modified-since",
      "if-range",
    ],
    ...["if-unmodified-since", "authorization", "proxy-authorization", "proxy-connection", "cookie", "set-cookie"],
    ...["content-encoding", "content-type", "content-range", "www-authenticate", "proxy-authenticate", "age", "date"],
    ...["expires", "location", "retry-after", "vary", "warning", "forwarded", "x-forwarded-for", "x-forwarded-host"],
    ...["x-forwarded-proto", "x-real-ip"],
  ])("drops the trailer %s", (name) => {
    const decoder = chunked();
    decode(decoder, `0\r\n${name}: x\r\n${name.toUpperCase()}: x\r\nX: y\r\n\r\n`);
    expect(decoder.trailers).toEqual([["X", "y"]]);
  });

  test.each([
    ["g", "BAD_CHUNK_SIZE", '"g"'],
    ["5g", "BAD_CHUNK_SIZE", '"g"'],
    ["5 \r", "BAD_CHUNK_SIZE", '"\\r"'],
    ["00000000000000001", "BAD_CHUNK_SIZE", "it is too large"],
    ["20000000000000", "BAD_CHUNK_SIZE", "it is too large"],
    ["5\n", "BAD_LINE_END", "an LF without its CR after a chunk size"],
    ["5\rx", "BAD_LINE_END", "a CR without its LF after a chunk size"],
    ["5;\n", "BAD_LINE_END", "an LF without its CR in a chunk extension"],
    ["5;\0", "BAD_CHUNK_EXTENSION", '"\\u0000"'],
    ["1\r\nab", "BAD_CHUNK_END", '"b"'],
    ["1\r\na\rb", "BAD_CHUNK_END", '"b"'],
  ])("refuses %j with %s and shows the fault", (text, code, shown) => {
    const fault = faultOf(chunked(), text);
    expect(fault.code).toBe(code);
    expect(fault.message?.endsWith(`: ${shown}`)).toBe(true);
  });

  test.each(["1fffffffffffff", "001FFFFFFFFFFFFF"])("takes the largest size, %s", (size) => {
    expect(decode(chunked(), `${size}\r\nx`)).toEqual({ data: "x", position: size.length + 3 });
  });

  test("bounds the body, the extensions and the trailers", () => {
    expect(faultOf(chunked({ maxBodyBytes: 5 }), "5\r\nhello\r\n1\r\n")).toMatchObject({
      ...{ code: "BODY_TOO_LARGE", message: "the body is larger than is accepted here: more than 5 bytes" },
    });
    expect(faultOf(chunked({ maxChunkExtensionBytes: 3 }), "1;ab\r\na\r\n1;")).toMatchObject({
      ...{ code: "BAD_CHUNK_EXTENSION", message: "a chunk extension is malformed or too long: more than 3 bytes" },
    });
    expect(faultOf(chunked({ maxFieldBytes: 3 }), "0\r\nA: b").code).toBe("FIELD_TOO_LONG");
    expect(faultOf(chunked({ maxHeadBytes: 8 }), "0\r\nA:\r\nB: cd").code).toBe("HEAD_TOO_LARGE");
    expect(faultOf(chunked({ maxFieldCount: 1 }), "0\r\nA:\r\nB:\r\n\r\n").code).toBe("TOO_MANY_FIELDS");
  });

  test("looks at no byte twice, whatever the pieces are", () => {
    const text = `5;a=b\r\nhello\r\n3 ;c\r\nabc\r\n0\r\nX: y\r\n\r\n`;
    const looks = new Map<number, number>();
    const counted = new Proxy(bytesOf(text), {
      get(bytes, key) {
        if (typeof key === "string" && /^[0-9]+$/.test(key)) looks.set(Number(key), (looks.get(Number(key)) ?? 0) + 1);
        return Reflect.get(bytes, key);
      },
    });
    const decoder = chunked();
    let position = 0;
    for (let end = 1; end <= text.length; end++) {
      position = decoder.scan(counted, position, end);
      const { available } = decoder;
      decoder.consume(available);
      position += available;
    }
    expect(decoder.done).toBe(true);
    expect(looks.size).toBe(text.length - "helloabc".length); // data is not looked at at all
    expect(new Set(looks.values())).toEqual(new Set([1]));
  });
});
