// What `@wsgi/tls` offers. Nothing inside the package imports this file.

export type { ReloadReport } from "./certificate-store.ts";
export { TLS_ERRORS, TlsError, type TlsErrorCode } from "./errors.ts";
export { SSL_OPTION_TABLE, type SslOptionRow } from "./option-table.ts";
export type {
  CertificateOptions,
  CertificateRequirement,
  Pem,
  SniAnswer,
  SniCallback,
  WrapSslOptions,
} from "./options.ts";
export { type SelfSignedCertificate, type SelfSignedOptions, selfSigned } from "./self-signed.ts";
export type { CertificateInfo, SslListener } from "./ssl-listener.ts";
export type { HandshakeCounters } from "./tls-gate.ts";
export { wrapSsl } from "./wrap-ssl.ts";
