// Whose certificates of clients are good: authorities and revocation lists, from files or contents. SslOptions in,
// ClientTrust out, or a TlsError that names the file. It knows files, not contexts.

import { createHash } from "node:crypto";
import { createSecureContext } from "node:tls";
import { parseAll } from "./certificate.ts";
import { messageOf, TlsError } from "./errors.ts";
import type { Pem, SslOptions } from "./options.ts";
import { readPemFile } from "./read-file.ts";

export interface ClientTrust {
  readonly ca: readonly Pem[];
  readonly crl: readonly Pem[];
  /**
   * What a session belongs to: one that was made under other rules is not resumed, because resuming does not look at
   * the client's certificate again. At most 32 characters (SSL_MAX_SID_CTX_LENGTH).
   */
  readonly sessionContext: string;
}

/** @throws {TlsError} FILE_UNREADABLE, BAD_CERTIFICATE */
export function loadClientTrust(options: SslOptions): ClientTrust {
  const ca = [...read("caCerts", options.caCerts), ...contents("ca", options.ca)];
  const crl = [...read("crlfile", options.crlfile), ...contents("crl", options.crl)];
  for (const { name, pem } of ca) parseAll(name, pem);
  const lists = crl.flatMap(({ name, pem }) => revocationLists(name, pem));
  const hash = createHash("sha256").update(options.certReqs);
  for (const { pem } of [...ca, ...crl]) hash.update(pem);
  return {
    ca: ca.map(({ pem }) => pem),
    crl: lists,
    sessionContext: hash.digest("base64url").slice(0, 32),
  };
}

/** The files that it is read from. */
export function trustFiles({ caCerts, crlfile }: SslOptions): string[] {
  return [...listOf(caCerts), ...listOf(crlfile)];
}

interface Source {
  readonly name: string;
  readonly pem: string;
}

function read(option: string, files: string | readonly string[] | undefined): Source[] {
  return listOf(files).map((path) => ({ name: `${option}: ${path}`, pem: readPemFile(option, path).toString() }));
}

function contents(option: string, pems: Pem | readonly Pem[] | undefined): Source[] {
  return listOf(pems).map((pem) => ({ name: option, pem: pem.toString() }));
}

/** The lists of a PEM text, one by one: Node takes only the first of those it is given together. */
function revocationLists(name: string, pem: string): string[] {
  const lists = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith("-----BEGIN X509 CRL-----"));
  if (lists.length === 0) {
    throw new TlsError("BAD_CERTIFICATE", `${name}: expected a PEM revocation list (X509 CRL), there is none in it`);
  }
  for (const [index, list] of lists.entries()) {
    try {
      createSecureContext({ crl: list }); // OpenSSL reads a list when a context is made of it, and only then
    } catch (error) {
      const which = lists.length === 1 ? "" : `list ${index + 1} of ${lists.length}: `;
      throw new TlsError("BAD_CERTIFICATE", `${name}: ${which}${messageOf(error)}`, { cause: error });
    }
  }
  return lists;
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}
