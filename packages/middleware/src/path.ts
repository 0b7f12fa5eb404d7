// Paths as segments, in the two forms in which an environ has them: RAW_PATH_INFO as it came, and PATH_INFO decoded. RFC 3986 §2.1,
// §3.3. Text in, text out; nothing throws. A slash that came as `%2F` is a character of its segment and never separates two.

/** Whether RAW_PATH_INFO says the same path as PATH_INFO; middleware may have changed one and not the other. */
export function isInStep(raw: unknown, path: string): raw is string {
  return raw === path || (typeof raw === "string" && raw.includes("%") && decodePath(raw) === path);
}

/**
 * Percent-decoding as the core does it: octets are UTF-8, what is not becomes U+FFFD, a `%` without two digits stays. The core's own is
 * not imported, since its index brings sockets to runtimes that have none; a test compares them.
 */
export function decodePath(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLeniently(text);
  }
}

function decodeLeniently(text: string): string {
  const octets = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digits = text.charCodeAt(i) === 0x25 ? text.slice(i + 1, i + 3) : "";
    const isPair = /^[0-9a-fA-F]{2}$/.test(digits);
    octets[length++] = isPair ? Number.parseInt(digits, 16) : text.charCodeAt(i);
    if (isPair) i += 2;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets.subarray(0, length));
}

/** The inverse: decoded text as a path that means the same. */
export function encodePath(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu, (character) =>
    /^\p{Surrogate}$/u.test(character) ? "%EF%BF%BD" : encodeURIComponent(character),
  );
}
