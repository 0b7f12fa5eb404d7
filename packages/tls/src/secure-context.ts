// What `node:tls` is told of one certificate: SslOptions, a Certificate and whom to trust in, a SecureContext and its
// options out, or a TlsError: what is bad is bad here, not in a handshake. It knows no sockets.

import { constants } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { Certificate } from "./certificate.ts";
import type { ClientTrust } from "./client-trust.ts";
import { codeOf, messageOf, TlsError } from "./errors.ts";
import type { SslOptions } from "./options.ts";

/** A context, and the options it was made of: `tls.Server` takes options only. */
export interface ReadyContext {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

/**
 * @param ticketKeys the same for all contexts of a listener: whichever made a ticket, each can open it
 * @throws {TlsError} BAD_OPTION, BAD_CERTIFICATE; and what the `secureContext` option throws
 */
export function buildContext(
  options: SslOptions,
  certificate: Certificate,
  trust: ClientTrust,
  ticketKeys: Buffer,
): ReadyContext {
  const { ciphers, minVersion, maxVersion, sessionTimeout, secureContext } = options;
  const own: SecureContextOptions = {
    cert: certificate.chain,
    key: certificate.key.export({ type: "pkcs8", format: "pem" }),
    // Empty, not undefined: undefined would mean the system's authorities, any of whose clients were good then.
    ca: [...trust.ca] as (string | Buffer)[],
    minVersion,
    maxVersion,
    honorCipherOrder: true,
    ecdhCurve: "auto",
    // Renegotiation of TLS 1.2 costs a server more than a client (CVE-2011-1473), and HTTP has no use for it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: trust.sessionContext,
    sessionTimeout,
    ticketKeys,
    ...(ciphers !== undefined && { ciphers }),
    ...(trust.crl.length > 0 && { crl: [...trust.crl] as (string | Buffer)[] }),
  };
  const changed = secureContext === undefined ? own : secureContext(own);
  if (typeof changed !== "object" || changed === null) {
    throw new TlsError("BAD_OPTION", `secureContext: expected it to return options, it returned ${String(changed)}`);
  }
  try {
    return { options: changed, context: createSecureContext(changed) };
  } catch (error) {
    throw explained(error, certificate, options);
  }
}

function explained(error: unknown, { label }: Certificate, { ciphers, minVersion, maxVersion }: SslOptions): TlsError {
  const code = codeOf(error);
  const cause = { cause: error };
  if (code === "ERR_SSL_NO_CIPHER_MATCH") {
    return new TlsError("BAD_OPTION", `ciphers: OpenSSL knows none of ${JSON.stringify(ciphers)}`, cause);
  }
  if (code === "ERR_SSL_EE_KEY_TOO_SMALL" || code === "ERR_SSL_CA_MD_TOO_WEAK" || code === "ERR_SSL_CA_KEY_TOO_SMALL") {
    return new TlsError("BAD_CERTIFICATE", `${label}: its key or its signature is too weak (${code})`, cause);
  }
  const versions = `minVersion ${minVersion}, maxVersion ${maxVersion}`;
  return new TlsError("BAD_CERTIFICATE", `${label}: ${messageOf(error)} (${code}; ${versions})`, cause);
}
