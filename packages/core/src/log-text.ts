// Lines of a log as bytes, one behind the other, until they are written together. Text and numbers in, one string out.
// A peer has a say in some of the text: nothing but printable ASCII goes in, and no quote that is not escaped.
//
// To put a line together of strings takes twice as long: each part is an object, and all are copied in the end.

const ZERO = 0x30;
const POINT = 0x2e;
const BACKSLASH = 0x5c;
const HEX = Buffer.from("0123456789abcdef");

/** Characters that stand for themselves. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x7f);
PLAIN[0x22] = PLAIN[BACKSLASH] = 0;

/** What a character may become: `\uffff`. */
const MAX_ESCAPED = 6;
/** Digits of what `putInteger` takes. */
const MAX_INTEGER_DIGITS = 10;
const MAX_INTEGER = 2 ** 31 - 1;

const INITIAL_BYTES = 16 * 1024;
const SCALES = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

export class LogText {
  /** Made with the first line. */
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  /** Takes away what has been put in. */
  take(): string {
    const text = this.#bytes.toString("utf8", 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > INITIAL_BYTES) this.#bytes = Buffer.alloc(0);
    return text;
  }

  /** As it is: words of the operator. */
  put(words: Uint8Array): void {
    this.#makeRoom(words.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < words.length; i++) bytes[at++] = words[i] as number;
    this.#length = at;
  }

  /** Escapes quotes, backslashes, and what is not printable ASCII. */
  putEscaped(text: string): void {
    this.#makeRoom(text.length * MAX_ESCAPED);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (PLAIN[code] === 1) bytes[at++] = code;
      else at = putEscape(bytes, at, code);
    }
    this.#length = at;
  }

  /** As `String` shows it. */
  putNumber(value: number): void {
    if (!(value >= 0 && value <= MAX_INTEGER) || !Number.isInteger(value)) return this.putEscaped(String(value));
    this.#makeRoom(MAX_INTEGER_DIGITS);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    this.#putDigits(value, digits);
  }

  /** As `toFixed` shows it, but that half of the last digit may be rounded either way. */
  putFixed(value: number, digits: number): void {
    if (digits === 0 || digits > 6 || !(value >= 0 && value < 1e6)) return this.putEscaped(value.toFixed(digits));
    const scale = SCALES[digits] as number;
    const scaled = Math.round(value * scale);
    const whole = Math.floor(scaled / scale);
    this.putNumber(whole);
    this.#makeRoom(1 + digits);
    this.#bytes[this.#length++] = POINT;
    this.#putDigits(scaled - whole * scale, digits);
  }

  /** The last `count` digits. */
  #putDigits(value: number, count: number): void {
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tens = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.#length += count;
  }

  #makeRoom(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 * (this.#length + count)));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Returns the position after it. */
function putEscape(bytes: Buffer, start: number, code: number): number {
  let at = start;
  bytes[at++] = BACKSLASH;
  if (code === 0x22 || code === BACKSLASH) {
    bytes[at++] = code;
    return at;
  }
  bytes[at++] = code > 0xff ? 0x75 : 0x78; // u or x
  for (let shift = code > 0xff ? 12 : 4; shift >= 0; shift -= 4) bytes[at++] = HEX[(code >> shift) & 15] as number;
  return at;
}
