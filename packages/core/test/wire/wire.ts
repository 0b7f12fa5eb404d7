// Wire text as one reads it: a line of a template is a line on the wire, its line end is CRLF. What is written as an
// escape stays what it is: `\n` is a bare LF, `\r` a bare CR, `\xe9` one byte. The indentation that all lines share is
// not part of the text, nor is a line break right after the opening backtick.
//
//   wire`
//     POST / HTTP/1.1
//     Host: a
//     Content-Length: 5
//
//     hello`

const SLOT = "\ufffc";

/** The bytes of a template. The strings and numbers put into it go out as they are. */
export function wire(strings: TemplateStringsArray, ...values: readonly (string | number)[]): Buffer {
  const rows = strings.raw.join(SLOT).split("\n");
  const first = rows[0] === "" ? 1 : 0;
  const margins = rows.slice(1).filter((row) => row.trim() !== "");
  const margin = Math.min(...margins.map((row) => row.search(/[^ ]/)), Number.POSITIVE_INFINITY);
  const dedented = rows.map((row, i) => (i === 0 ? row : row.slice(Math.min(margin, row.length))));
  let slot = 0;
  const text = unescaped(dedented.slice(first).join("\r\n")).replaceAll(SLOT, () => String(values[slot++]));
  return bytesOf(text);
}

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", 0: "\0" };

function unescaped(raw: string): string {
  return raw.replace(/\\(x[0-9a-f]{2}|.)/gi, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}

/** The bytes of latin-1 text; other characters are a mistake in the test. */
export function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.toString("latin1") !== text) throw new RangeError(`wire text is latin-1, this is not: ${text}`);
  return bytes;
}

/** Lines, each with its CRLF. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join("");
}

/** A whole head with this request line, `Host: a` and these further lines. */
export function request(requestLine: string, ...fieldLines: readonly string[]): Buffer {
  return bytesOf(lines(requestLine, "Host: a", ...fieldLines, ""));
}

/** The whole head of `GET / HTTP/1.1` with `Host: a` and these further lines. */
export function get(...fieldLines: readonly string[]): Buffer {
  return request("GET / HTTP/1.1", ...fieldLines);
}

/** `POST / HTTP/1.1` with `Host: a`, these further lines, and then this body. */
export function post(fieldLines: readonly string[], body = ""): Buffer {
  return Buffer.concat([request("POST / HTTP/1.1", ...fieldLines), bytesOf(body)]);
}

/** A chunked POST; the body is given line by line, the last line ended too. */
export function chunked(...bodyLines: readonly string[]): Buffer {
  return post(["Transfer-Encoding: chunked"], lines(...bodyLines));
}

/** A chunked POST; the body is given as it is. */
export function chunkedRaw(body: string): Buffer {
  return post(["Transfer-Encoding: chunked"], body);
}
