// A response body on its way to the wire: counts it, cuts it at its Content-Length, frames its chunks. RFC 9112 §6, §7.1.
// Lengths in; the texts that go around the data, and how much of it may go, out. Pure; it never sees the data itself.

import type { Framing } from "./framing.ts";

export class BodyEncoder {
  readonly #framing: Framing;
  /** Bytes of payload let through so far. */
  bodyBytes = 0;
  /** Bytes of framing around them. */
  framingBytes = 0;
  /** Bytes that the application gave beyond its Content-Length. */
  excessBytes = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** How many of these bytes go out: all, what is left of the Content-Length, or none where no body is allowed. */
  admit(length: number): number {
    const { kind } = this.#framing;
    if (kind === "none") return 0;
    const admitted = kind === "length" ? Math.min(length, this.#framing.length - this.bodyBytes) : length;
    this.bodyBytes += admitted;
    this.excessBytes += length - admitted;
    return admitted;
  }

  /** What goes before that many bytes of data. */
  before(length: number): string {
    if (this.#framing.kind !== "chunked") return "";
    const text = `${length.toString(16)}\r\n`;
    this.framingBytes += text.length + 2;
    return text;
  }

  /** What goes after them. */
  after(): string {
    return this.#framing.kind === "chunked" ? "\r\n" : "";
  }

  /** What ends the body. */
  finish(): string {
    if (this.#framing.kind !== "chunked") return "";
    this.framingBytes += 5;
    return "0\r\n\r\n";
  }

  /** Bytes missing from a declared Content-Length. */
  get missingBytes(): number {
    return this.#framing.kind === "length" ? this.#framing.length - this.bodyBytes : 0;
  }
}
