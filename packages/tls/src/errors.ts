// The errors of this package: one class, one table of codes. A code and the facts in, a sentence for the operator out.
// Nothing here knows files or sockets.

/** Every code and what it says; the detail names the option, the file, what was expected and what came. */
export const TLS_ERRORS = Object.freeze({
  BAD_OPTION: "bad option",
  NO_CERTIFICATE: "there is no certificate to show",
  FILE_UNREADABLE: "a file cannot be read",
  BAD_CERTIFICATE: "a certificate cannot be used",
  BAD_KEY: "a private key cannot be used",
  KEY_MISMATCH: "certificate and private key do not belong together",
  CERTIFICATE_EXPIRED: "the certificate has expired",
  NO_SELF_SIGNED: "a self-signed certificate cannot be made",
});

export type TlsErrorCode = keyof typeof TLS_ERRORS;

/** What is wrong with options, certificates or keys. Thrown by `wrapSsl`; logged and reported by `reload`. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly code: TlsErrorCode;

  constructor(code: TlsErrorCode, detail: string, options?: ErrorOptions) {
    super(`${TLS_ERRORS[code]}: ${detail}`, options);
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node error; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}
