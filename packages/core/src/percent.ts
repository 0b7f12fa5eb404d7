// Percent-decoding of a path: RFC 3986 §2.1, the octets read as UTF-8. Text in, text out. Never throws:
// a `%` without two hexadecimal digits stays as it is, octets that are not UTF-8 become U+FFFD.

import { HEX_VALUE } from "./grammar.ts";

const PERCENT = 0x25;

export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLeniently(text);
  }
}

function decodeLeniently(text: string): string {
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const high = code === PERCENT ? (HEX_VALUE[text.charCodeAt(i + 1)] ?? 255) : 255;
    const low = high === 255 ? 255 : (HEX_VALUE[text.charCodeAt(i + 2)] ?? 255);
    if (low === 255) {
      octets[length++] = code;
    } else {
      octets[length++] = high * 16 + low;
      i += 2;
    }
  }
  return octets.toString("utf8", 0, length);
}
