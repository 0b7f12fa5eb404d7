// What the environ of a secure connection tells of it, under the names of Apache's mod_ssl. A TLS socket in, keys and
// values out, made once for a connection. It reads facts off the socket and changes nothing.

import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ConnectionFacts } from "@wsgi/core";

/** @param withClient whether to tell of the client's certificate too */
export function sslFacts(socket: TLSSocket, withClient: boolean): ConnectionFacts {
  const facts: [key: string, value: string][] = [
    ["SSL_PROTOCOL", socket.getProtocol() ?? ""],
    ["SSL_CIPHER", socket.getCipher().name],
  ];
  const { servername } = socket as { servername?: string | false | null };
  if (typeof servername === "string") facts.push(["SSL_TLS_SNI", servername]);
  if (withClient) facts.push(...clientFacts(socket.getPeerX509Certificate()));
  return facts;
}

/** A certificate that came is a good one: connections with a bad one end before they are handed over. */
function clientFacts(certificate: X509Certificate | undefined): [key: string, value: string][] {
  if (certificate === undefined) return [["SSL_CLIENT_VERIFY", "NONE"]];
  return [
    ["SSL_CLIENT_VERIFY", "SUCCESS"],
    ["SSL_CLIENT_CERT", certificate.toString()],
    ["SSL_CLIENT_S_DN", distinguishedName(certificate.subject)],
    ["SSL_CLIENT_I_DN", distinguishedName(certificate.issuer)],
    ["SSL_CLIENT_M_SERIAL", certificate.serialNumber],
    ["SSL_CLIENT_V_END", certificate.validTo],
  ];
}

/**
 * A name as Node shows it, one part a line and the most general first, in the form of RFC 2253: on one line, the most
 * specific first, parts of several attributes reversed too, as OpenSSL does. Node escapes what RFC 2253 escapes, so that
 * line ends and ` + ` are always separators. An attribute that OpenSSL has no name for keeps its value as text, where
 * RFC 2253 §2.4 would have its encoding in hexadecimal: Node does not tell that.
 */
export function distinguishedName(lines: string | undefined): string {
  if (lines === undefined || lines === "") return "";
  const parts = lines.split("\n").map((line) => line.split(" + ").reverse().join("+"));
  return parts.reverse().join(",");
}
