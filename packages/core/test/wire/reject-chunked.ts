// Chunked bodies that are refused: RFC 9112 §7.1. The head is good; what came out of the body before the fault stands
// in the row.

import type { ProtocolErrorCode } from "../../src/errors.ts";
import { type RejectCase, rejectBody } from "./cases.ts";
import { chunked, chunkedRaw, lines } from "./wire.ts";

/** The body as it is. */
function raw(name: string, body: string, code: ProtocolErrorCode, before = ""): RejectCase {
  return rejectBody(name, chunkedRaw(body), code, before);
}

/** A size line that is refused before any data. */
function size(name: string, text: string, code: ProtocolErrorCode = "BAD_CHUNK_SIZE"): RejectCase {
  return rejectBody(name, chunked(text, "hello", "0", ""), code);
}

/** What stands after the five bytes of the first chunk. */
function end(name: string, text: string, code: ProtocolErrorCode = "BAD_CHUNK_END"): RejectCase {
  return raw(name, `5\r\nhello${text}0\r\n\r\n`, code, "hello");
}

/** What stands after the last chunk. */
function trailer(name: string, text: string, code: ProtocolErrorCode): RejectCase {
  return raw(name, `${lines("5", "hello", "0")}${text}`, code, "hello");
}

export const chunkedFaults: readonly RejectCase[] = [
  size("an empty chunk size", ""),
  size("a chunk size that is no digit", "g"),
  size("a chunk size with a prefix", "0x5"),
  size("a chunk size with an h", "5h"),
  size("a negative chunk size", "-5"),
  size("a chunk size with a plus sign", "+5"),
  size("a space before a chunk size", " 5"),
  size("a tab before a chunk size", "\t5"),
  size("a space after a chunk size", "5 "),
  size("a tab after a chunk size", "5\t"),
  size("a space inside a chunk size", "5 0"),
  size("an underscore in a chunk size", "0_5"),
  size("a fraction in a chunk size", "5.0"),
  size("a comma after a chunk size", "5,a"),
  size("a chunk size in quotes", '"5"'),
  size("a chunk size with NUL", "5\0"),
  size("a chunk size in full-width digits", "\xef\xbc\x95"),
  size("a chunk size of 17 digits", "00000000000000005"),
  size("a chunk size of 2^53", "20000000000000"),
  size("a chunk size of 2^64 + 5, which wraps to 5", "10000000000000005"),
  size("a chunk size of endless zeros", "0".repeat(100)),
  size("an extension without a chunk size", ";a=b"),
  raw("an empty line where a chunk size was due", `${lines("5", "hello", "")}`, "BAD_CHUNK_SIZE", "hello"),
  raw("a request line where a chunk size was due", "GET / HTTP/1.1\r\n\r\n", "BAD_CHUNK_SIZE"),
  raw("data that is not chunked", "hello", "BAD_CHUNK_SIZE"),
  raw("a bad size after good chunks", lines("5", "hello", "1", "!", "z"), "BAD_CHUNK_SIZE", "hello!"),
  raw("an LF before a chunk size", "\n5\r\nhello\r\n0\r\n\r\n", "BAD_CHUNK_SIZE"),

  raw("a chunk size that ends with a bare LF", "5\nhello\r\n0\r\n\r\n", "BAD_LINE_END"),
  raw("a chunk size that ends with a bare CR", "5\rhello\r\n0\r\n\r\n", "BAD_LINE_END"),
  raw("a chunk size that ends with CR CR LF", "5\r\r\nhello\r\n0\r\n\r\n", "BAD_LINE_END"),
  raw("a last chunk that ends with a bare LF", "5\r\nhello\r\n0\n\r\n", "BAD_LINE_END", "hello"),
  raw("a last chunk that ends with a bare CR", "5\r\nhello\r\n0\r\r\n", "BAD_LINE_END", "hello"),

  size("an extension with NUL", "5;a\0", "BAD_CHUNK_EXTENSION"),
  size("an extension with DEL", "5;a=\x7f", "BAD_CHUNK_EXTENSION"),
  size("an extension with a vertical tab", "5;\va", "BAD_CHUNK_EXTENSION"),
  size("an extension of white space without its semicolon", "5 a=b"),
  size("an empty extension", "5;", "BAD_CHUNK_EXTENSION"),
  size("an empty extension of white space", "5; ", "BAD_CHUNK_EXTENSION"),
  size("two semicolons", "5;;a", "BAD_CHUNK_EXTENSION"),
  size("an empty extension after another", "5;a=b;", "BAD_CHUNK_EXTENSION"),
  size("an extension without a name", "5;=b", "BAD_CHUNK_EXTENSION"),
  size("an extension with an equals sign and no value", "5;a=", "BAD_CHUNK_EXTENSION"),
  size("an extension with white space for its value", "5;a= ", "BAD_CHUNK_EXTENSION"),
  size("an extension with two equals signs", "5;a==b", "BAD_CHUNK_EXTENSION"),
  size("an extension with two values", "5;a=b=c", "BAD_CHUNK_EXTENSION"),
  size("an extension of two words", "5;a b", "BAD_CHUNK_EXTENSION"),
  size("an extension with a value of two words", "5;a=b c", "BAD_CHUNK_EXTENSION"),
  size("white space behind an extension", "5;a ", "BAD_CHUNK_EXTENSION"),
  size("white space behind the value of an extension", "5;a=b\t", "BAD_CHUNK_EXTENSION"),
  size("white space behind the quoted value of an extension", '5;a="b" ', "BAD_CHUNK_EXTENSION"),
  size("a name of an extension that is no token", "5;a/b", "BAD_CHUNK_EXTENSION"),
  size("a name of an extension in quotes", '5;"a"', "BAD_CHUNK_EXTENSION"),
  size("a name of an extension with a byte above ASCII", "5;\xe9", "BAD_CHUNK_EXTENSION"),
  size("a value of an extension that is no token", "5;a=(b)", "BAD_CHUNK_EXTENSION"),
  size("a value of an extension with a byte above ASCII", "5;a=\xe9", "BAD_CHUNK_EXTENSION"),
  size("a quote that is never closed", '5;a="b', "BAD_CHUNK_EXTENSION"),
  size("a quote that is closed by an escaped one only", '5;a="b\\"', "BAD_CHUNK_EXTENSION"),
  size("a quote that ends inside an escape", '5;a="b\\', "BAD_CHUNK_EXTENSION"),
  size("text behind the closing quote", '5;a="b"c', "BAD_CHUNK_EXTENSION"),
  size("a quote inside a value", '5;a=b"c"', "BAD_CHUNK_EXTENSION"),
  size("NUL in the quotes of an extension", '5;a="\0"', "BAD_CHUNK_EXTENSION"),
  size("an escaped NUL in the quotes of an extension", '5;a="\\\0"', "BAD_CHUNK_EXTENSION"),
  size("a second extension with its quote not closed", '5;a="b";c="d', "BAD_CHUNK_EXTENSION"),
  raw("an LF in the quotes of an extension", '5;a="\n"\r\nhello\r\n0\r\n\r\n', "BAD_LINE_END"),
  raw("an escaped LF in the quotes of an extension", '5;a="\\\n"\r\nhello\r\n0\r\n\r\n', "BAD_LINE_END"),
  raw("a bare CR after the semicolon of an extension", "5;\ra\r\nhello\r\n0\r\n\r\n", "BAD_CHUNK_EXTENSION"),
  raw("an extension that ends with a bare LF", "5;a\nhello\r\n0\r\n\r\n", "BAD_LINE_END"),
  raw("an extension that ends with a bare CR", "5;a\rhello\r\n0\r\n\r\n", "BAD_LINE_END"),
  raw("white space before an LF after a chunk size", "5 \nhello\r\n0\r\n\r\n", "BAD_CHUNK_SIZE"),
  raw("a line end in the quotes of an extension", '5;a="\r\n"\r\nhello\r\n0\r\n\r\n', "BAD_CHUNK_EXTENSION"),
  raw("an extension on the last chunk with a bare LF", "0;a\n\r\n", "BAD_LINE_END"),

  end("data longer than its chunk", "!\r\n"),
  end("data that is followed by another size at once", ""),
  end("data that ends with a bare LF", "\n"),
  end("data that ends with a bare CR", "\r"),
  end("data that ends with CR CR LF", "\r\r\n"),
  end("data that ends with LF CR", "\n\r"),
  end("data that ends with two other bytes", "XX"),
  end("data that ends with CR and another byte", "\rX"),
  end("an empty line between two chunks", "\r\n\r\n", "BAD_CHUNK_SIZE"),
  end("a space after the data", " \r\n"),
  raw("data shorter than its chunk", lines("6", "hello", "0", ""), "BAD_CHUNK_END", "hello\r"),

  trailer("a trailer with a space before the colon", "X : b\r\n\r\n", "BAD_FIELD_NAME"),
  trailer("a trailer without a colon", "X\r\n\r\n", "BAD_FIELD_NAME"),
  trailer("a trailer without a name", ": b\r\n\r\n", "BAD_FIELD_NAME"),
  trailer("a trailer that is a request line", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "BAD_FIELD_NAME"),
  trailer("a folded trailer", "X: b\r\n c\r\n\r\n", "OBSOLETE_FOLDING"),
  trailer("a space before the first trailer", " X: b\r\n\r\n", "OBSOLETE_FOLDING"),
  trailer("a trailer with NUL", "X: a\0b\r\n\r\n", "BAD_FIELD_VALUE"),
  trailer("a trailer with DEL", "X: \x7f\r\n\r\n", "BAD_FIELD_VALUE"),
  trailer("a trailer that ends with a bare LF", "X: b\nY: c\r\n\r\n", "BAD_LINE_END"),
  trailer("a trailer that ends with a bare CR", "X: b\rY: c\r\n\r\n", "BAD_LINE_END"),
  trailer("trailers that end with a bare LF", "X: b\r\n\n", "BAD_LINE_END"),
  trailer("trailers that end with a bare CR", "X: b\r\n\rx", "BAD_LINE_END"),
  trailer("a last chunk followed by a bare LF", "\n", "BAD_LINE_END"),
  trailer("a last chunk followed by CR and another byte", "\rX", "BAD_LINE_END"),
  trailer("a last chunk followed by CR CR LF", "\r\r\n", "BAD_LINE_END"),
  trailer("a forbidden trailer that is malformed too", "Content-Length : 5\r\n\r\n", "BAD_FIELD_NAME"),
];
