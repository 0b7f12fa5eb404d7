import { describe, expect, test, vi } from "vitest";
import type { Header } from "../src/environ.ts";
import { UsageError } from "../src/errors.ts";
import { CHUNKED, type Framing, NO_BODY, UNTIL_CLOSE } from "../src/framing.ts";
import { encodeResponseHead, type HeadExtras, ResponseHeadEncoder, type ResponseStart } from "../src/response-head.ts";

const HOP_BY_HOP = ["Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding"];

function start(status: string, headers: Iterable<Header> = [], capitalize = true): ResponseStart {
  return new ResponseHeadEncoder(capitalize).start(status, headers);
}

/** Calls with what TypeScript would not let through. */
function startWith(status: unknown, headers: unknown): ResponseStart {
  return new ResponseHeadEncoder(true).start(status as string, headers as Header[]);
}

function faultOf(attempt: () => unknown): { code: string; message: string } {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error("nothing was refused");
}

describe("the status", () => {
  test.each([
    ["200 OK", 200, "200 OK"],
    ["404 Not Found", 404, "404 Not Found"],
    ["299 Nobody Knows This", 299, "299 Nobody Knows This"],
    ["999 x", 999, "999 x"],
    ["101 Switching Protocols", 101, "101 Switching Protocols"],
    ["200 caf\xe9\t!", 200, "200 caf\xe9\t!"],
    ["200 ", 200, "200 "],
    ["200", 200, "200 "],
  ])("%j is sent as it is, with its space", (given, status, sent) => {
    expect(start(given)).toMatchObject({ status, statusLine: given, startLine: `HTTP/1.1 ${sent}\r\n` });
  });

  test.each([
    ["", '""'],
    ["OK", '"OK"'],
    ["20 OK", '"20 OK"'],
    ["2000 OK", '"2000 OK"'],
    ["099 OK", '"099 OK"'],
    [" 200 OK", '" 200 OK"'],
    ["200OK", '"200OK"'],
    ["200\tOK", '"200\\tOK"'],
    ["2e2 OK", '"2e2 OK"'],
    ["200 OK\r\nX: y", '"200 OK\\r\\nX: y"'],
    ["200 OK\n", '"200 OK\\n"'],
    ["200\n", '"200\\n"'],
    ["200 \0", '"200 \\u0000"'],
    ["200 \u20ac", '"200 \u20ac"'],
    [200, "the number 200"],
    [undefined, "undefined"],
    [null, "null"],
    [["200 OK"], "an array of 1"],
    [{}, "an object"],
  ])("%j is refused", (given, shown) => {
    const fault = faultOf(() => startWith(given, []));
    expect(fault).toMatchObject({ code: "BAD_STATUS", message: expect.stringMatching(/: /) });
    expect(fault.message.endsWith(`: ${shown}`)).toBe(true);
  });

  test.each(["100 Continue", "102 Processing", "103 Early Hints", "199 x"])("%j is refused: it is interim", (given) => {
    const fault = faultOf(() => start(given));
    expect(fault).toMatchObject({ code: "BAD_STATUS", message: expect.stringContaining("wsgi.early_hints") });
  });
});

describe("the list of headers", () => {
  test("is kept as it was given", () => {
    const headers: Header[] = [["X", "y"]];
    expect(start("200 OK", headers).headers).toBe(headers);
  });

  test.each([
    ["a map", new Map([["X", "y"]])],
    ["a set of pairs", new Set([["X", "y"]])],
    ["a generator", [["X", "y"]].values()],
  ])("may be %s", (_, headers) => {
    expect(startWith("200 OK", headers)).toMatchObject({ fieldLines: "X: y\r\n", headers: [["X", "y"]] });
  });

  test.each([
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a string", "X: y", '"X: y"'],
    ["a number", 7, "the number 7"],
    ["an object", { X: "y" }, "an object"],
  ])("is refused when it is %s", (_, headers, shown) => {
    expect(faultOf(() => startWith("200 OK", headers))).toMatchObject({
      ...{ code: "BAD_HEADERS", message: `headers are a list of [name, value] pairs of strings: ${shown}` },
    });
  });

  test.each([
    ["a string", "X: y", '"X: y"'],
    ["a string of two characters", "Xy", '"Xy"'],
    ["one member", ["X"], "an array of 1"],
    ["three members", ["X", "y", "z"], "an array of 3"],
    ["undefined", undefined, "undefined"],
    ["an object", { name: "X", value: "y" }, "an object"],
  ])("is refused when a pair is %s", (_, pair, shown) => {
    const fault = faultOf(() => startWith("200 OK", [["A", "b"], pair]));
    expect(fault).toMatchObject({ code: "BAD_HEADERS", message: expect.stringContaining(shown) });
  });
});

describe("header names", () => {
  test.each([
    ["conTENT-type", "Content-Type"],
    ["x", "X"],
    ["ETag", "Etag"],
    ["x-a--b-", "X-A--B-"],
    ["X_y", "X_y"],
    ["!#$%&'*+-.^_`|~9", "!#$%&'*+-.^_`|~9"],
  ])("are capitalized: %s", (name, shown) => {
    expect(start("200 OK", [[name, "v"]]).fieldLines).toBe(`${shown}: v\r\n`);
  });

  test("are left alone when the server is told to", () => {
    expect(start("200 OK", [["conTENT-type", "v"]], false).fieldLines).toBe("conTENT-type: v\r\n");
  });

  test.each(["", " ", "X ", " X", "X Y", "X:", "X\r\nY", "X\0", "caf\xe9", "\u20ac", "X\t", "(X)"])(
    "%j is refused",
    (name) => {
      expect(faultOf(() => start("200 OK", [[name, "v"]]))).toMatchObject({ code: "BAD_HEADER_NAME" });
    },
  );

  test.each([
    [7, "the number 7"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("x"), "the symbol Symbol(x)"],
  ])("%s is refused", (name, shown) => {
    expect(faultOf(() => startWith("200 OK", [[name, "v"]]))).toMatchObject({
      ...{ code: "BAD_HEADER_NAME", message: `a header name is a token: ${shown}` },
    });
  });

  test("are checked each time, those that were refused before too", () => {
    const encoder = new ResponseHeadEncoder(true);
    for (let i = 0; i < 3; i++)
      expect(faultOf(() => encoder.start("200 OK", [["X Y", "v"]])).code).toBe("BAD_HEADER_NAME");
  });

  test("keep their last value, and no other takes its place", () => {
    const encoder = new ResponseHeadEncoder(true);
    const linesOf = (value: unknown): string => encoder.start("200 OK", [["X", value] as Header]).fieldLines;
    for (const value of ["a", "a", "", "", "b", "a", "x".repeat(1000), "x".repeat(1000), "a"]) {
      expect(linesOf(value)).toBe(`X: ${value}\r\n`);
    }
    for (const value of [undefined, null, Number.NaN, ["a"], new String("a"), "a\r\nb"]) {
      expect(faultOf(() => linesOf(value)).code).toBe("BAD_HEADER_VALUE");
    }
    expect(linesOf("a")).toBe("X: a\r\n");
  });

  test.each(["Content-Length", "Connection", "Keep-Alive", "Upgrade"])("that steer are read each time: %s", (name) => {
    const encoder = new ResponseHeadEncoder(true);
    const outcome = (value: string): unknown => {
      try {
        return encoder.start("200 OK", [[name, value]]);
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (const value of ["5", "close", ""]) expect(outcome(value)).toEqual(outcome(value));
    expect(faultOf(() => encoder.start("200 OK", [[name, undefined as never]])).code).toBe("BAD_HEADER_VALUE");
  });

  test("may be more than are remembered", () => {
    const encoder = new ResponseHeadEncoder(true);
    const remember = vi.spyOn(Map.prototype, "set");
    const sent = Array.from({ length: 1500 }, (_, i) => encoder.start("200 OK", [[`x-${i}`, "v"]]).fieldLines);
    const remembered = remember.mock.calls.length;
    remember.mockRestore();
    expect(sent).toEqual(sent.map((_, i) => `X-${i}: v\r\n`));
    expect(remembered).toBeGreaterThan(0);
    expect(remembered).toBeLessThan(1000);
    expect(encoder.start("200 OK", [["x-0", "v"]]).fieldLines).toBe("X-0: v\r\n");
    expect(encoder.start("200 OK", [["content-LENGTH", "5"]]).declaredLength).toBe(5);
  });
});

describe("header values", () => {
  test.each(["", "a", " a ", "a\tb", "a, b", "caf\xe9", "\x80\xff", "~!"])("%j is sent as it is", (value) => {
    expect(start("200 OK", [["X", value]]).fieldLines).toBe(`X: ${value}\r\n`);
  });

  test.each([
    ["a response split by CRLF", "a\r\nSet-Cookie: b", '"\\r" at position 1'],
    ["a response split by LF", "a\nb", '"\\n" at position 1'],
    ["a response split by CR", "ab\rc", '"\\r" at position 2'],
    ["a line end behind the value", "a\n", '"\\n" at position 1'],
    ["NUL", "\0", '"\\u0000" at position 0'],
    ["DEL", "a\x7f", '"\\x7f" at position 1'],
    ["a vertical tab", "\v", '"\\u000b" at position 0'],
    ["a character that latin-1 would cut to LF", "a\u010a", '"\u010a" at position 1'],
    ["a character that latin-1 does not hold", "\u20ac", '"\u20ac" at position 0'],
  ])("are refused with %s", (_, value, shown) => {
    expect(faultOf(() => start("200 OK", [["X", value]]))).toMatchObject({
      ...{ code: "BAD_HEADER_VALUE", message: expect.stringContaining(`: "X" has ${shown}`) },
    });
  });

  test.each([
    [7, "the number 7"],
    [undefined, "undefined"],
    [null, "null"],
    [["a", "b"], "an array of 2"],
    [{}, "an object"],
  ])("%j is refused: it is no string", (value, shown) => {
    const fault = faultOf(() => startWith("200 OK", [["X", value]]));
    expect(fault).toMatchObject({ code: "BAD_HEADER_VALUE", message: expect.stringContaining(`"X" has ${shown}`) });
  });

  test.each(["Content-Length", "Connection", "Date", "Keep-Alive"])("of %s are checked too", (name) => {
    expect(faultOf(() => start("200 OK", [[name, "a\r\nb"]])).code).toBe("BAD_HEADER_VALUE");
  });
});

describe("the headers that the server obeys", () => {
  test("Content-Length is the declared length, and is left to the server to send", () => {
    expect(start("200 OK", [["content-length", "5"]])).toMatchObject({ declaredLength: 5, fieldLines: "" });
    expect(start("200 OK", [["Content-Length", "0"]]).declaredLength).toBe(0);
    expect(start("200 OK").declaredLength).toBeUndefined();
  });

  test.each(["", "x", "-1", " 5", "5, 5", "1e3", "9007199254740992"])("a Content-Length of %j is refused", (value) => {
    expect(faultOf(() => start("200 OK", [["Content-Length", value]]))).toMatchObject({
      ...{
        code: "BAD_CONTENT_LENGTH_HEADER",
        message: `Content-Length is one decimal number: ${JSON.stringify(value)}`,
      },
    });
  });

  test("a second Content-Length is refused, even when it agrees", () => {
    const headers: Header[] = [
      ["Content-Length", "5"],
      ["content-length", "5"],
    ];
    expect(faultOf(() => start("200 OK", headers))).toMatchObject({
      ...{ code: "BAD_CONTENT_LENGTH_HEADER", message: expect.stringContaining("given twice") },
    });
  });

  test("a second Content-Length after one of 0 is refused", () => {
    const headers: Header[] = [
      ["Content-Length", "0"],
      ["Content-Length", "5"],
    ];
    expect(faultOf(() => start("200 OK", headers)).code).toBe("BAD_CONTENT_LENGTH_HEADER");
  });

  test("Date is the application's own", () => {
    expect(start("200 OK", [["dAtE", "yesterday"]])).toMatchObject({
      hasDate: true,
      fieldLines: "Date: yesterday\r\n",
    });
    expect(start("200 OK").hasDate).toBe(false);
  });

  test.each(["close", "Close", " close ", "close,", "close, CLOSE"])("Connection: %j is a wish to close", (value) => {
    expect(start("200 OK", [["Connection", value]])).toMatchObject({
      wantsClose: true,
      wantsUpgrade: false,
      fieldLines: "",
    });
  });

  test("nothing is wished without Connection, or with an empty one", () => {
    expect(start("200 OK")).toMatchObject({ wantsClose: false, wantsUpgrade: false });
    expect(start("200 OK", [["Connection", ""]])).toMatchObject({ wantsClose: false, wantsUpgrade: false });
  });

  test.each(["101 Switching Protocols", "426 Upgrade Required"])("%s may ask for an upgrade", (status) => {
    const headers: Header[] = [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
    ];
    expect(start(status, headers)).toMatchObject({
      ...{ wantsUpgrade: true, wantsClose: false },
      fieldLines: "Upgrade: websocket\r\n",
    });
  });

  test("an upgrade and a wish to close go together", () => {
    expect(start("426 Upgrade Required", [["Connection", "upgrade, close"]])).toMatchObject({
      wantsUpgrade: true,
      wantsClose: true,
    });
  });
});

describe("hop-by-hop headers are refused", () => {
  test.each([...HOP_BY_HOP, ...HOP_BY_HOP.map((name) => name.toLowerCase()), "TRANSFER-encoding"])("%s", (name) => {
    expect(faultOf(() => start("200 OK", [[name, "v"]]))).toMatchObject({
      ...{ code: "HOP_BY_HOP_HEADER", message: expect.stringContaining(`"${name}: v"`) },
    });
  });

  test.each([
    ["200 OK", "Connection", "keep-alive"],
    ["200 OK", "Connection", "close, X"],
    ["200 OK", "Connection", "upgrade"],
    ["101 Switching Protocols", "Connection", "upgrade, keep-alive"],
    ["200 OK", "Upgrade", "websocket"],
    ["404 Not Found", "upgrade", "h2c"],
  ])("%s with %s: %s", (status, name, value) => {
    expect(faultOf(() => start(status, [[name, value]])).code).toBe("HOP_BY_HOP_HEADER");
  });

  test("but not names that only look like them", () => {
    expect(
      start("200 OK", [
        ["X-Connection", "a"],
        ["Upgrades", "b"],
      ]).fieldLines,
    ).toBe("X-Connection: a\r\nUpgrades: b\r\n");
  });
});

describe("the fields of an interim response", () => {
  const encoder = new ResponseHeadEncoder(true);

  test("are lines of text", () => {
    const headers: Header[] = [
      ["link", "</a.css>; rel=preload"],
      ["Link", "</b.js>"],
      ["date", "now"],
    ];
    expect(encoder.interimFields(headers)).toBe("Link: </a.css>; rel=preload\r\nLink: </b.js>\r\nDate: now\r\n");
    expect(encoder.interimFields([])).toBe("");
    expect(encoder.interimFields(new Map([["X", "y"]]))).toBe("X: y\r\n");
  });

  test.each([...HOP_BY_HOP, "Content-Length", "Connection", "Upgrade"])("refuse %s", (name) => {
    expect(faultOf(() => encoder.interimFields([[name, "5"]])).code).toBe("HOP_BY_HOP_HEADER");
  });

  test.each<[string, unknown]>([
    ["BAD_HEADERS", "Link"],
    ["BAD_HEADERS", [["Link"]]],
    ["BAD_HEADER_NAME", [["Li nk", "a"]]],
    ["BAD_HEADER_NAME", [[7, "a"]]],
    ["BAD_HEADER_VALUE", [["Link", "a\r\nb"]]],
    ["BAD_HEADER_VALUE", [["Link", 7]]],
  ])("are refused with %s: %j", (code, headers) => {
    expect(faultOf(() => encoder.interimFields(headers as Header[])).code).toBe(code);
  });
});

describe("encodeResponseHead", () => {
  const EXTRAS: HeadExtras = {
    method: "GET",
    framing: CHUNKED,
    dateLine: "Date: now\r\n",
    connection: undefined,
    keepAliveTimeout: undefined,
    lengthWithoutBody: undefined,
  };
  const length = (bytes: number): Framing => ({ kind: "length", length: bytes });

  /** The lines of a head, the status line and the empty ones left out. */
  function linesOf(extras: Partial<HeadExtras>, status = "200 OK", headers: readonly Header[] = []): string[] {
    const text = encodeResponseHead(start(status, headers), { ...EXTRAS, ...extras });
    expect(text).toMatch(/^HTTP\/1\.1 .*\r\n(.+\r\n)*\r\n$/);
    return text.split("\r\n").slice(1, -2);
  }

  test("begins with the server's version and the status, then the application's headers in their order", () => {
    const headers: Header[] = [
      ["X", "1"],
      ["Y", "2"],
      ["X", "3"],
    ];
    expect(encodeResponseHead(start("404 Not Found", headers), EXTRAS)).toBe(
      "HTTP/1.1 404 Not Found\r\nX: 1\r\nY: 2\r\nX: 3\r\nTransfer-Encoding: chunked\r\nDate: now\r\n\r\n",
    );
    const old = new ResponseHeadEncoder(true, 0).start("200", []);
    expect(encodeResponseHead(old, { ...EXTRAS, framing: UNTIL_CLOSE })).toBe("HTTP/1.0 200 \r\nDate: now\r\n\r\n");
  });

  test.each<[string, Partial<HeadExtras>, string[]]>([
    ["chunked", { framing: CHUNKED }, ["Transfer-Encoding: chunked"]],
    ["a length", { framing: length(5) }, ["Content-Length: 5"]],
    ["a length of 0", { framing: length(0) }, ["Content-Length: 0"]],
    ["close", { framing: UNTIL_CLOSE }, []],
    ["none", { framing: NO_BODY }, []],
    [
      "none, with the length that a GET would have",
      { framing: NO_BODY, method: "HEAD", lengthWithoutBody: 5 },
      ["Content-Length: 5"],
    ],
    ["none, with a length of 0", { framing: NO_BODY, method: "HEAD", lengthWithoutBody: 0 }, ["Content-Length: 0"]],
    ["a length, which counts more", { framing: length(5), lengthWithoutBody: 7 }, ["Content-Length: 5"]],
  ])("says what the framing is: %s", (_, extras, expected) => {
    expect(linesOf(extras)).toEqual([...expected, "Date: now"]);
  });

  test.each([
    ["204 No Content", "GET"],
    ["101 Switching Protocols", "GET"],
    ["200 OK", "CONNECT"],
  ])("has no Content-Length in a %s to %s", (status, method) => {
    expect(linesOf({ framing: NO_BODY, method, lengthWithoutBody: 5 }, status)).toEqual(["Date: now"]);
  });

  test("has the Content-Length of a 304", () => {
    expect(linesOf({ framing: NO_BODY, lengthWithoutBody: 5 }, "304 Not Modified")).toContain("Content-Length: 5");
  });

  test("has the application's Date and not the server's beside it", () => {
    expect(linesOf({ framing: NO_BODY }, "200 OK", [["Date", "yesterday"]])).toEqual(["Date: yesterday"]);
  });

  test.each<[Partial<HeadExtras>, string[]]>([
    [{ connection: "close" }, ["Connection: close"]],
    [{ connection: "keep-alive" }, ["Connection: keep-alive"]],
    [{ connection: "keep-alive", keepAliveTimeout: 5 }, ["Connection: keep-alive", "Keep-Alive: timeout=5"]],
    [{}, []],
  ])("says what becomes of the connection: %j", (extras, expected) => {
    expect(linesOf({ framing: NO_BODY, ...extras })).toEqual(["Date: now", ...expected]);
  });

  test("says upgrade for the application, and close beside it", () => {
    const headers: Header[] = [
      ["Connection", "upgrade"],
      ["Upgrade", "x"],
    ];
    const ofUpgrade = ["Upgrade: x", "Date: now"];
    expect(linesOf({ framing: NO_BODY }, "101 Switching Protocols", headers)).toEqual([
      ...ofUpgrade,
      "Connection: upgrade",
    ]);
    expect(linesOf({ framing: NO_BODY, connection: "close" }, "426 Upgrade Required", headers)).toEqual([
      ...ofUpgrade,
      "Connection: upgrade, close",
    ]);
  });
});
