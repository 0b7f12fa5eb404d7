// Why a handshake failed, in the operator's words. What `node:tls` reported in, a sentence out. Pure.

import { codeOf, messageOf } from "./errors.ts";

/** By code, as Node and OpenSSL have them. What is not here is told as it came. */
const REASONS: Readonly<Record<string, string>> = Object.freeze({
  ECONNRESET: "the client left",
  EPIPE: "the client left",
  ERR_TLS_HANDSHAKE_TIMEOUT: "the client took too long",
  ERR_SSL_NO_SHARED_CIPHER: "the client offers no cipher that is allowed here",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the client offers no version of TLS that is allowed here",
  ERR_SSL_VERSION_TOO_LOW: "the client offers no version of TLS that is allowed here",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the client offers no protocol that is spoken here (ALPN)",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client showed no certificate",
  ERR_SSL_WRONG_VERSION_NUMBER: "the client does not speak TLS",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the client does not trust our certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the client does not know the authority of our certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the client does not trust our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the client found our certificate expired",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "the client found nothing in common",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the client offers no version of TLS that is allowed here",
});

export function handshakeFailure(error: unknown): string {
  const code = codeOf(error);
  const reason = REASONS[code] ?? onOneLine(messageOf(error));
  return code === "" ? reason : `${reason} (${code})`;
}

/** OpenSSL's own messages end with a line end. */
function onOneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").trim();
}

/** @param verifyError why OpenSSL found the client's certificate bad, e.g. `CERT_HAS_EXPIRED` */
export function refusedClient(verifyError: string): string {
  return `the client's certificate is not good (${verifyError})`;
}
