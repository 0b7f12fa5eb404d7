// The answer to a client that speaks plain HTTP on a secure port. The first bytes it sent in; whether they are a TLS
// handshake, and the response, out. RFC 8446 §5.1 (record types), RFC 9112 §3 (request line). Pure.

/** The first byte of a record that begins a handshake. */
const HANDSHAKE = 0x16;

/** What a first byte announces. */
export function announces(firstByte: number): "tls" | "http" | "nothing known" {
  if (firstByte === HANDSHAKE) return "tls";
  const isLetter = (firstByte >= 0x41 && firstByte <= 0x5a) || (firstByte >= 0x61 && firstByte <= 0x7a);
  return isLetter ? "http" : "nothing known";
}

/** @param now milliseconds since the epoch, for the Date */
export function plainHttpAnswer(firstBytes: Buffer, now: number): string {
  const body = "This port speaks HTTPS, and the request came in plain HTTP. Say https:// in the address.\n";
  const isHead = firstBytes.toString("latin1", 0, 5) === "HEAD ";
  return [
    "HTTP/1.1 400 Bad Request",
    `Date: ${new Date(now).toUTCString()}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    isHead ? "" : body,
  ].join("\r\n");
}
