// How a RequestParser keeps the bytes it was given: what it borrows, copies, hands back and looks at again.

import { describe, expect, test, vi } from "vitest";
import { ProtocolError } from "../src/errors.ts";
import { type ParserLimits, RequestParser } from "../src/request-parser.ts";
import { byteByByte, drive } from "./wire/drive.ts";
import { DEFAULT_LIMITS, SMALL_LIMITS } from "./wire/limits.ts";
import { bytesOf, chunked, get, lines, post } from "./wire/wire.ts";

function parserOf(bytes?: Buffer): RequestParser {
  const parser = new RequestParser(DEFAULT_LIMITS);
  if (bytes !== undefined) parser.push(bytes);
  return parser;
}

/** What a parser says of itself; its private fields cannot be compared. */
function factsOf({ pendingBytes, headBegun, bodyDone, bodyRemaining, trailers }: RequestParser) {
  return { pendingBytes, headBegun, bodyDone, bodyRemaining, trailers };
}

function readBody(parser: RequestParser): string {
  let body = "";
  for (let piece = parser.peekBody(); piece !== undefined; piece = parser.peekBody()) {
    body += piece.toString("latin1");
    parser.consumeBody(piece.length);
  }
  return body;
}

describe("before and between heads", () => {
  test("a new parser has nothing, and needs nothing of a body", () => {
    const parser = parserOf();
    expect(parser.readHead()).toBeUndefined();
    expect(parser.peekBody()).toBeUndefined();
    expect(factsOf(parser)).toEqual({
      ...{ pendingBytes: 0, headBegun: false, bodyDone: true, bodyRemaining: 0, trailers: undefined },
    });
    expect(parser.takeConsumed()).toBe(0);
  });

  test("an empty push changes nothing", () => {
    const parser = parserOf(bytesOf("GET / HT"));
    expect(parser.readHead()).toBeUndefined();
    parser.push(Buffer.alloc(0));
    expect(parser.readHead()).toBeUndefined();
    parser.push(bytesOf("TP/1.0\r\n\r\n"));
    expect(parser.readHead()).toMatchObject({ method: "GET", minorVersion: 0 });
  });

  test("a head has begun with its first byte, and not with the empty line before it", () => {
    const parser = parserOf(bytesOf("\r\n"));
    expect(parser.readHead()).toBeUndefined();
    expect(parser.headBegun).toBe(false);
    parser.push(bytesOf("G"));
    expect(parser.readHead()).toBeUndefined();
    expect(parser.headBegun).toBe(true);
  });

  test.each([
    ["no body", get()],
    ["a body of a length", post(["Content-Length: 5"], "hello")],
    ["a chunked body", chunked("5", "hello", "0", "")],
  ])("the next head begins behind a request with %s", (_, bytes) => {
    const parser = parserOf(Buffer.concat([bytes, bytesOf("GET")]));
    parser.readHead();
    readBody(parser);
    expect(factsOf(parser)).toMatchObject({ headBegun: true, bodyDone: true, pendingBytes: 3 });
  });

  test("no head has begun while a body is still to be read", () => {
    const parser = parserOf(post(["Content-Length: 5"], "hello"));
    parser.readHead();
    expect(parser.headBegun).toBe(false);
    readBody(parser);
    expect(parser.headBegun).toBe(false);
  });
});

describe("a body", () => {
  test("of a length tells what is still to come", () => {
    const parser = parserOf(post(["Content-Length: 5"], "hel"));
    parser.readHead();
    expect(factsOf(parser)).toMatchObject({ bodyRemaining: 5, bodyDone: false, pendingBytes: 3 });
    expect(readBody(parser)).toBe("hel");
    expect(factsOf(parser)).toMatchObject({ bodyRemaining: 2, bodyDone: false, pendingBytes: 0 });
    parser.push(bytesOf("lo"));
    expect(readBody(parser)).toBe("lo");
    expect(factsOf(parser)).toMatchObject({ bodyRemaining: 0, bodyDone: true });
    expect(parser.trailers).toBeUndefined();
  });

  test("that is chunked does not know what is still to come, and has its trailers at its end", () => {
    const parser = parserOf(chunked("5", "hello", "0", "X: y"));
    parser.readHead();
    expect(readBody(parser)).toBe("hello");
    expect(factsOf(parser)).toMatchObject({ bodyRemaining: undefined, bodyDone: false, trailers: undefined });
    parser.push(bytesOf("\r\n"));
    expect(readBody(parser)).toBe("");
    expect(factsOf(parser)).toMatchObject({ bodyDone: true, trailers: [["X", "y"]] });
  });

  test("is a view of the pushed bytes, not a copy", () => {
    const bytes = post(["Content-Length: 5"], "hello");
    const parser = parserOf(bytes);
    parser.readHead();
    const piece = parser.peekBody() as Buffer;
    expect(piece.buffer).toBe(bytes.buffer);
    expect(piece.byteOffset).toBe(bytes.byteOffset + bytes.length - 5);
  });

  test("never reaches into what stands behind it", () => {
    const parser = parserOf(Buffer.concat([post(["Content-Length: 5"], "hello"), get()]));
    parser.readHead();
    expect(parser.peekBody()?.toString()).toBe("hello");
  });

  test.each([
    ["of a length", post(["Content-Length: 11"], "hello world")],
    ["that is chunked", chunked("5", "hello", "6", " world", "0", "")],
  ])("%s is the same when it is taken byte by byte", (_, bytes) => {
    const parser = parserOf(Buffer.concat([bytes, get()]));
    parser.readHead();
    let body = "";
    for (let piece = parser.peekBody(); piece !== undefined; piece = parser.peekBody()) {
      body += piece.toString("latin1", 0, 1);
      parser.consumeBody(1);
    }
    expect(body).toBe("hello world");
    expect(parser.bodyDone).toBe(true);
    expect(parser.readHead()).toMatchObject({ method: "GET" });
  });

  test.each([
    ["of a length", post(["Content-Length: 2"], "hi")],
    ["that is chunked", chunked("2", "hi", "0", "")],
  ])("%s is not changed by taking nothing, before, inside and behind it", (_, bytes) => {
    const parser = parserOf();
    let body = "";
    for (const byte of bytes) {
      parser.push(Buffer.of(byte));
      if (parser.bodyDone) parser.readHead();
      parser.consumeBody(0);
      body += readBody(parser);
      parser.consumeBody(0);
    }
    expect(body).toBe("hi");
    expect(parser.bodyDone).toBe(true);
  });

  test("has the same view after more was pushed and after it was retained", () => {
    const parser = parserOf(post(["Content-Length: 8"], "abc"));
    parser.readHead();
    expect(parser.peekBody()?.toString()).toBe("abc");
    parser.push(bytesOf("defgh"));
    expect(parser.peekBody()?.toString()).toBe("abc");
    parser.retain();
    expect(parser.peekBody()?.toString()).toBe("abc");
    parser.consumeBody(3);
    expect(parser.peekBody()?.toString()).toBe("defgh");
  });
});

describe("the pushed bytes", () => {
  test("may come in one buffer that is used again and again", () => {
    const bytes = Buffer.concat([
      post(["Content-Length: 20"], "01234567890123456789"),
      chunked("3", "abc", "0", ""),
      get(),
    ]);
    const slab = Buffer.alloc(16);
    const parser = parserOf();
    const methods: string[] = [];
    let bodies = "";
    for (let at = 0; at < bytes.length; at += slab.length) {
      parser.push(slab.subarray(0, bytes.copy(slab, 0, at)));
      do {
        bodies += readBody(parser);
        const head = parser.bodyDone ? parser.readHead() : undefined;
        if (head === undefined) break;
        methods.push(head.method);
      } while (parser.pendingBytes > 0);
      parser.retain();
      slab.fill(0);
    }
    expect(methods).toEqual(["POST", "POST", "GET"]);
    expect(bodies).toBe("01234567890123456789abc");
  });

  test("are read a thousand requests at a time", () => {
    const requests = Array.from({ length: 1000 }, (_, i) => bytesOf(lines(`GET /${i} HTTP/1.1`, "Host: a", "")));
    const parser = parserOf(Buffer.concat(requests));
    for (let i = 0; i < 1000; i++) expect(parser.readHead()?.target).toBe(`/${i}`);
    expect(parser.readHead()).toBeUndefined();
  });

  test("may be retained between the heads of one read", () => {
    const parser = parserOf(bytesOf(lines("GET /1 HTTP/1.0", "", "GET /2 HTTP/1.0", "", "GET /3 HTTP/1.0", "")));
    const targets: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      targets.push(parser.readHead()?.target);
      parser.retain();
    }
    expect(targets).toEqual(["/1", "/2", "/3"]);
  });

  test("need not be retained when others are pushed behind them", () => {
    const parser = parserOf(bytesOf(lines("GET /1 HTTP/1.0", "")));
    expect(parser.readHead()?.target).toBe("/1");
    parser.push(bytesOf(`${lines("GET /2 HTTP/1.0", "", "GET /3 HTTP/1.0", "")}GET /4`));
    expect(parser.readHead()?.target).toBe("/2");
    parser.push(bytesOf(lines(" HTTP/1.0", "", "GET /5 HTTP/1.0", "")));
    expect(parser.readHead()?.target).toBe("/3");
    expect(parser.readHead()?.target).toBe("/4");
    expect(parser.readHead()?.target).toBe("/5");
    expect(parser.readHead()).toBeUndefined();
  });

  test("are consumed to the byte: what a message took on the wire, with the empty line before it", () => {
    const second = chunked("5;x", "hello", "0", "X: y", "");
    const parser = parserOf(Buffer.concat([bytesOf("\r\n"), get(), second, bytesOf("GET")]));
    parser.readHead();
    expect(parser.takeConsumed()).toBe(get().length + 2);
    parser.readHead();
    readBody(parser);
    expect(parser.takeConsumed()).toBe(second.length);
    expect(parser.takeConsumed()).toBe(0);
    expect(parser.pendingBytes).toBe(3);
  });

  test.each([
    ["borrowed", (parser: RequestParser) => parser],
    [
      "retained",
      (parser: RequestParser) => {
        parser.retain();
        return parser;
      },
    ],
  ])("that nobody consumed are handed over, %s", (_, prepare) => {
    const bytes = Buffer.concat([get("Upgrade: x"), bytesOf("\r\nrest of another protocol")]);
    const parser = parserOf(bytes);
    parser.readHead();
    const rest = prepare(parser).takeRest();
    bytes.fill(0);
    expect(rest.toString()).toBe("\r\nrest of another protocol");
    expect(parser.pendingBytes).toBe(0);
    expect(parser.takeRest()).toHaveLength(0);
  });

  test("are handed over without what was taken of a body", () => {
    const parser = parserOf(post(["Content-Length: 5"], "hello"));
    parser.readHead();
    parser.peekBody();
    parser.consumeBody(2);
    expect(parser.takeRest().toString()).toBe("llo");
  });
});

/** What was done with the bytes of every buffer that came into the parser or was made by it. */
interface Work {
  read: number;
  decoded: number;
  copied: number;
  allocated: number;
}

/** A buffer that counts each look at its bytes. */
function counting<B extends Buffer>(buffer: B, work: Work): B {
  const counted: Partial<Record<string, unknown>> = {
    target: buffer,
    copy(to: Buffer, ...args: [number?, number?, number?]): number {
      const copied = buffer.copy((to as unknown as { target: Buffer }).target, ...args);
      work.copied += copied;
      return copied;
    },
    toString(encoding: BufferEncoding, start: number, end: number): string {
      const text = buffer.toString(encoding, start, end);
      work.decoded += text.length;
      return text;
    },
  };
  return new Proxy(buffer, {
    get(_, key) {
      if (typeof key === "string" && key in counted) return counted[key];
      if (typeof key === "string" && /^[0-9]+$/.test(key)) work.read++;
      const value: unknown = Reflect.get(buffer, key, buffer);
      return typeof value === "function" ? value.bind(buffer) : value;
    },
  });
}

/** Pushes the bytes in pieces of this size and tells what the parser did with them, up to the fault if there is one. */
function workOn(bytes: Buffer, pieceLength: number): Work & { code?: string } {
  const work: Work & { code?: string } = { read: 0, decoded: 0, copied: 0, allocated: 0 };
  const allocations = vi.spyOn(Buffer, "allocUnsafe").mockImplementation((size) => {
    work.allocated += size;
    return counting(Buffer.alloc(size), work);
  });
  const parser = new RequestParser(DEFAULT_LIMITS);
  try {
    for (let at = 0; at < bytes.length; at += pieceLength) {
      parser.push(counting(bytes.subarray(at, at + pieceLength), work));
      if (parser.bodyDone) parser.readHead();
      readBody(parser);
      parser.retain();
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    work.code = error.code;
  } finally {
    allocations.mockRestore(); // at once: the test runner allocates too
  }
  return work;
}

describe("the work", () => {
  const longHead = get(...Array<string>(60).fill(`X: ${"v".repeat(1000)}`));

  test.each([1, 7, 1000])("grows with the head, not with its pieces of %i bytes", (pieceLength) => {
    const { length } = longHead;
    const work = workOn(longHead, pieceLength);
    expect(work.code).toBeUndefined();
    expect(work.read).toBeGreaterThanOrEqual(length);
    expect(work.read).toBeLessThan(length * 4 + 1000);
    expect(work.decoded).toBeLessThan(length * 2);
    expect(work.copied).toBeLessThan(length * 4);
    expect(work.allocated).toBeLessThan(length * 5);
  });

  test("is one decoding of a head that comes whole, and no copy", () => {
    const { length } = get();
    expect(workOn(get(), length)).toMatchObject({ decoded: length, copied: 0, allocated: 0 });
  });

  test("decodes the heads of one read once", () => {
    const requests = Buffer.concat(Array<Buffer>(100).fill(get()));
    const work: Work = { read: 0, decoded: 0, copied: 0, allocated: 0 };
    const parser = new RequestParser(DEFAULT_LIMITS);
    parser.push(counting(requests, work));
    for (let i = 0; i < 100; i++) expect(parser.readHead()).toBeDefined();
    expect(work).toMatchObject({ decoded: requests.length, copied: 0 });
  });

  test.each([1, 100])("on a chunked body looks at each byte of framing once, in pieces of %i", (pieceLength) => {
    const head = chunked();
    const bytes = chunked(...Array.from({ length: 300 }, () => ["1;a=b", "x"]).flat(), "0", "X: y", "");
    const ofHead = workOn(head, pieceLength).read;
    expect(workOn(bytes, pieceLength).read - ofHead).toBeLessThanOrEqual(bytes.length - head.length);
  });

  test("does not start anew when somebody looks for a body that is done", () => {
    const bytes = Buffer.concat([post(["Content-Length: 2"], "hi"), bytesOf(`GET /${"x".repeat(5000)}`)]);
    const work: Work = { read: 0, decoded: 0, copied: 0, allocated: 0 };
    const parser = new RequestParser(DEFAULT_LIMITS);
    parser.push(counting(bytes, work));
    parser.readHead();
    readBody(parser);
    parser.readHead();
    const { read } = work;
    for (let i = 0; i < 10; i++) {
      expect(parser.peekBody()).toBeUndefined();
      expect(parser.readHead()).toBeUndefined();
    }
    expect(work.read - read).toBeLessThan(100);
  });

  test("copies no byte of a body", () => {
    const bytes = post(["Content-Length: 100000"], "x".repeat(100_000));
    expect(workOn(bytes, 1000).copied).toBeLessThan(1000);
  });

  test.each([
    ["request line", bytesOf(`GET /${"x".repeat(1_000_000)}`), "REQUEST_LINE_TOO_LONG"],
    ["header line", bytesOf(`${lines("GET / HTTP/1.1")}X: ${"v".repeat(1_000_000)}`), "FIELD_TOO_LONG"],
    ["head", bytesOf(lines("GET / HTTP/1.1", ...Array<string>(5000).fill(`X: ${"v".repeat(100)}`))), "TOO_MANY_FIELDS"],
    [
      "head of few long lines",
      bytesOf(lines("GET / HTTP/1.1", ...Array<string>(99).fill(`X: ${"v".repeat(8000)}`))),
      "HEAD_TOO_LARGE",
    ],
  ])("on a %s that never ends is bounded", (_, bytes, code) => {
    const work = workOn(bytes, 500);
    expect(work.code).toBe(code);
    expect(work.allocated).toBeLessThan(DEFAULT_LIMITS.maxHeadBytes * 5);
    expect(work.read).toBeLessThan(DEFAULT_LIMITS.maxHeadBytes * 4);
  });

  const START = lines("GET / HTTP/1.1");
  test.each<[string, Partial<ParserLimits>, string, string]>([
    ["request line", { urlLengthLimit: 20, maxFieldBytes: 60 }, "GET /".padEnd(20, "x"), "REQUEST_LINE_TOO_LONG"],
    ["header line", { urlLengthLimit: 60, maxFieldBytes: 20 }, START + "X:".padEnd(20, "x"), "FIELD_TOO_LONG"],
    ["longer header line", { urlLengthLimit: 20, maxFieldBytes: 60 }, START + "X:".padEnd(60, "x"), "FIELD_TOO_LONG"],
    ["head", { maxHeadBytes: 50 }, `${START}X: y\r\n`.padEnd(50, "x"), "HEAD_TOO_LARGE"],
  ])("on a %s is given up at the first byte beyond its limit, and not before", (_, limits, text, code) => {
    const { fault, pushed } = drive(byteByByte(bytesOf(`${text}${"x".repeat(100)}`)), { ...DEFAULT_LIMITS, ...limits });
    expect(fault).toMatchObject({ code });
    expect(pushed).toBe(text.length + 1);
  });

  test("keeps no more of an endless head than the limit and one piece", () => {
    const parser = new RequestParser(SMALL_LIMITS);
    const pending: number[] = [];
    const push = (): void => {
      parser.push(bytesOf("X: y\r\n"));
      parser.readHead();
      parser.retain();
      pending.push(parser.pendingBytes);
    };
    parser.push(bytesOf("GET / HTTP/1.1\r\n"));
    expect(() => {
      for (;;) push();
    }).toThrow(ProtocolError);
    expect(Math.max(...pending)).toBeLessThanOrEqual(SMALL_LIMITS.maxHeadBytes + 6);
  });
});

describe("a piece that is taken to be kept", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n";
  const body = "abcdefgh".repeat(500);

  function pushed(isGiven: boolean): { bytes: Buffer; parser: RequestParser } {
    const bytes = Buffer.allocUnsafeSlow(head.length + body.length);
    bytes.write(head + body, "latin1");
    const parser = new RequestParser(DEFAULT_LIMITS);
    parser.push(bytes, bytes.length, isGiven);
    parser.readHead();
    return { bytes, parser };
  }

  test.each([
    ["is a view of bytes that were given", true, 4000, true],
    ["is a copy of borrowed bytes", false, 4000, false],
    ["is a copy where a view would keep more than four times its size", true, 1000, false],
  ])("%s", (_what, isGiven, count, isView) => {
    const { bytes, parser } = pushed(isGiven);
    expect(parser.peekBody()?.length).toBe(4000);
    const taken = parser.takeBody(count);
    expect(taken.toString()).toBe(body.slice(0, count));
    expect(taken.buffer === bytes.buffer).toBe(isView);
    expect(parser.peekBody()?.length).toBe(count === 4000 ? undefined : 4000 - count);
    expect(parser.takeConsumed()).toBe(head.length + count);
  });

  test("stays what it is when more comes behind what was given", () => {
    const { parser } = pushed(true);
    parser.peekBody();
    const taken = parser.takeBody(2000);
    parser.retain();
    parser.push(Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(taken.toString()).toBe(body.slice(0, 2000));
    expect(parser.peekBody()?.toString()).toBe(body.slice(2000));
  });
});
