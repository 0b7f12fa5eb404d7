import { describe, expect, test } from "vitest";
import { DEFAULT_OPTIONS } from "../../src/option-table.ts";
import { byteByByte, cutAt, splitPositions } from "./drive.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { bytesOf, chunked, lines, post, wire } from "./wire.ts";

describe("the wire template", () => {
  test("makes CRLF of its line ends, and drops the first one and the indentation", () => {
    const bytes = wire`
      GET / HTTP/1.1
      Host: a

    `;
    expect(bytes.toString("latin1")).toBe("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  });

  test("keeps escapes as they are, and bytes above ASCII as one byte", () => {
    expect(wire`a\nb\rc\td\0\x80\xff\\`).toEqual(Buffer.from("a\nb\rc\td\0\x80\xff\\", "latin1"));
  });

  test("keeps empty lines, deeper indentation and a last line without its end", () => {
    const bytes = wire`

      a
        b

      c`;
    expect(bytes.toString("latin1")).toBe("\r\na\r\n  b\r\n\r\nc");
  });

  test("puts values in as they are", () => {
    const bytes = wire`
      Length: ${5}

      ${"a\n  b\\n"}${"\xff"}`;
    expect(bytes.toString("latin1")).toBe("Length: 5\r\n\r\na\n  b\\n\xff");
  });

  test("refuses what latin-1 cannot hold", () => {
    expect(() => wire`\xe9${"\u20ac"}`).toThrow(RangeError);
    expect(() => bytesOf("\u20ac")).toThrow(RangeError);
  });
});

test("heads and bodies are put together", () => {
  expect(lines("a", "", "b")).toBe("a\r\n\r\nb\r\n");
  expect(post(["X: y"], "hi").toString()).toBe("POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nhi");
  expect(chunked("0", "").toString()).toBe("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
});

test("the limits of the cases are those of a server that nobody configured", () => {
  expect(DEFAULT_OPTIONS).toMatchObject(DEFAULT_LIMITS);
});

describe("cutting", () => {
  const bytes = bytesOf("abcd");

  test("takes bytes one by one", () => {
    expect(byteByByte(bytes).map(String)).toEqual(["a", "b", "c", "d"]);
  });

  test("cuts at positions in any order, and loses nothing", () => {
    expect(cutAt(bytes, [3, 1, 1, 9]).map(String)).toEqual(["a", "bc", "d"]);
    expect(cutAt(bytes, [])).toEqual([bytes]);
  });

  test("knows every position between two bytes", () => {
    expect(splitPositions(bytes)).toEqual([1, 2, 3]);
    expect(splitPositions(Buffer.alloc(1024))).toHaveLength(1023);
    expect(splitPositions(Buffer.alloc(5000)).length).toBeLessThan(200);
  });
});
