// One certificate with its key, loaded and looked at: CertificateOptions in, a Certificate out, or a TlsError that says
// what is wrong with which file. RFC 5280. It knows files and cryptography, neither sockets nor contexts.

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { codeOf, messageOf, TlsError } from "./errors.ts";
import type { CertificateOptions, NamedCertificate, Pem } from "./options.ts";
import { readPemFile } from "./read-file.ts";
import { isServerName, namesIn } from "./server-names.ts";

export interface Certificate {
  /** How log lines call it: its file, or its first name. */
  readonly label: string;
  /** PEM of the certificate and of what leads to its root. */
  readonly chain: string;
  readonly key: KeyObject;
  readonly serverNames: readonly string[];
  readonly validFrom: Date;
  readonly expiresAt: Date;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
}

/** @throws {TlsError} FILE_UNREADABLE, BAD_CERTIFICATE, BAD_KEY, KEY_MISMATCH, BAD_OPTION */
export function loadCertificate({ prefix, options }: NamedCertificate): Certificate {
  const certificate = sourceOf(options.cert, options.certfile, `${prefix}cert`);
  const ownKey = options.key === undefined && options.keyfile === undefined;
  const key = ownKey ? certificate : sourceOf(options.key, options.keyfile, `${prefix}key`);
  const leaf = parseCertificate(certificate);
  const privateKey = parseKey(key, options.password, ownKey);
  if (!leaf.checkPrivateKey(privateKey)) throw mismatch(certificate, key, privateKey);
  const serverNames = options.serverNames ?? namesIn(leaf);
  const strange = serverNames.find((name) => !isServerName(name));
  if (strange !== undefined) {
    throw new TlsError("BAD_OPTION", `${prefix}serverNames: expected host names, got ${JSON.stringify(strange)}`);
  }
  return {
    label: options.certfile ?? serverNames[0] ?? `${prefix}cert`,
    chain: certificate.pem.toString(),
    key: privateKey,
    serverNames,
    validFrom: new Date(leaf.validFrom),
    expiresAt: new Date(leaf.validTo),
    fingerprint: leaf.fingerprint256,
  };
}

/** The files that it is read from. */
export function filesOf({ certfile, keyfile }: CertificateOptions): string[] {
  return [certfile, keyfile].filter((file) => file !== undefined);
}

/** PEM and how an error text calls where it came from. */
interface Source {
  readonly pem: Pem;
  readonly name: string;
}

function sourceOf(content: Pem | undefined, file: string | undefined, option: string): Source {
  if (content !== undefined) return { pem: content, name: option };
  const path = file as string; // one of the two is there: the options were checked
  return { pem: readPemFile(`${option}file`, path), name: `${option}file: ${path}` };
}

function parseCertificate({ pem, name }: Source): X509Certificate {
  const text = pem.toString();
  if (!text.includes("-----BEGIN CERTIFICATE-----") && !text.includes("-----BEGIN TRUSTED CERTIFICATE-----")) {
    const seen = text.includes("PRIVATE KEY-----")
      ? "it holds a private key; are the two files swapped?"
      : describe(pem);
    throw new TlsError("BAD_CERTIFICATE", `${name}: expected a PEM certificate, ${seen}`);
  }
  return parseAll(name, pem)[0] as X509Certificate;
}

/**
 * Every certificate of a PEM text.
 *
 * @throws {TlsError} BAD_CERTIFICATE naming the one that is broken
 */
export function parseAll(name: string, pem: Pem): X509Certificate[] {
  const blocks = pem
    .toString()
    .split(/(?=-----BEGIN )/)
    .filter((block) => /^-----BEGIN (TRUSTED )?CERTIFICATE-/.test(block));
  if (blocks.length === 0)
    throw new TlsError("BAD_CERTIFICATE", `${name}: expected PEM certificates, ${describe(pem)}`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const which = blocks.length === 1 ? "" : `certificate ${index + 1} of ${blocks.length}: `;
      throw new TlsError("BAD_CERTIFICATE", `${name}: ${which}${messageOf(error)}`, { cause: error });
    }
  });
}

function parseKey({ pem, name }: Source, password: CertificateOptions["password"], inCertificate: boolean): KeyObject {
  const text = pem.toString();
  if (!text.includes("PRIVATE KEY-----")) {
    const seen = text.includes("-----BEGIN CERTIFICATE-----")
      ? `it holds a certificate only${inCertificate ? "; say keyfile or key too" : "; are the two files swapped?"}`
      : describe(pem, "pkey");
    throw new TlsError("BAD_KEY", `${name}: expected a PEM private key, ${seen}`);
  }
  const passphrase = passwordOf(password, name);
  try {
    return createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase });
  } catch (error) {
    throw new TlsError("BAD_KEY", `${name}: ${keyReason(error, text, passphrase)}`, { cause: error });
  }
}

function passwordOf(password: CertificateOptions["password"], name: string): string | undefined {
  if (typeof password !== "function") return password;
  let answer: unknown;
  try {
    answer = password();
  } catch (error) {
    throw new TlsError("BAD_KEY", `${name}: the password function threw: ${messageOf(error)}`, { cause: error });
  }
  if (typeof answer === "string") return answer;
  throw new TlsError(
    "BAD_KEY",
    `${name}: expected the password function to return text, it returned a ${typeof answer}`,
  );
}

function keyReason(error: unknown, text: string, passphrase: string | undefined): string {
  const isEncrypted = text.includes("ENCRYPTED");
  if (isEncrypted && passphrase === undefined) return "it is encrypted; say password";
  if (isEncrypted) return `the password does not open it (${codeOf(error)})`;
  return messageOf(error);
}

function mismatch(certificate: Source, key: Source, privateKey: KeyObject): TlsError {
  const inChain = parseAll(certificate.name, certificate.pem).findIndex((one) => one.checkPrivateKey(privateKey));
  const hint =
    inChain > 0
      ? `; the key is that of certificate ${inChain + 1} in the file, and the server's own must come first`
      : "";
  return new TlsError("KEY_MISMATCH", `${certificate.name} and ${key.name}${hint}`);
}

/** What is in its place. @param command openssl's, for one in binary form */
function describe(pem: Pem, command = "x509"): string {
  if (pem.length === 0) return "it is empty";
  const isDer = typeof pem !== "string" && pem[0] === 0x30;
  return isDer ? `it looks like DER: openssl ${command} -inform DER -in file -out file.pem` : "there is none in it";
}
