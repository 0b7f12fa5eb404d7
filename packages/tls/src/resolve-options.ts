// Options of `wrapSsl` as given in, SslOptions with every value present and checked out; or a TlsError that names the
// option, what was expected and what came. Knows values only: it reads no file.

import { resolve } from "node:path";
import { TlsError } from "./errors.ts";
import { SSL_OPTION_TABLE, type SslOptionRow } from "./option-table.ts";
import type { CertificateOptions, NamedCertificate, SslOptions, WrapSslOptions } from "./options.ts";

const CERTIFICATE_OPTIONS = ["certfile", "keyfile", "password", "cert", "key", "serverNames"] as const;
const VERSION_ORDER = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** Values that no error text shows. */
const SECRETS: ReadonlySet<string> = new Set(["password", "key", "ticketKeys"]);

/** Names that programs of eventlet and of Node bring, and what to say to them. */
const FOREIGN: Readonly<Record<string, string>> = Object.freeze({
  sslVersion: "say minVersion and maxVersion",
  ssl_version: "say minVersion and maxVersion",
  requestCert: 'say certReqs: "optional" or "required"',
  rejectUnauthorized: 'say certReqs: "optional" or "required"',
  passphrase: "it is spelled password",
  SNICallback: "it is spelled sniCallback, and takes the name only",
  ALPNProtocols: "it is spelled alpnProtocols",
  pfx: "convert it to PEM: openssl pkcs12 -in file.pfx -out file.pem",
  sessionIdContext: "it is made of the authorities that are trusted",
});

/**
 * Checks options and fills in the defaults. `undefined` means "not given".
 *
 * @throws {TlsError} BAD_OPTION, NO_CERTIFICATE
 */
export function resolveOptions(options: WrapSslOptions): SslOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw bad(`expected an object of options, got ${show(options)}`);
  }
  const given = checkAll(options, Object.keys(SSL_OPTION_TABLE), "") as WrapSslOptions;
  const value = <K extends keyof WrapSslOptions>(name: K): WrapSslOptions[K] =>
    given[name] ?? (SSL_OPTION_TABLE[name].default as WrapSslOptions[K]);
  const resolved = {
    sniCallback: given.sniCallback,
    certReqs: value("certReqs"),
    caCerts: absolute(given.caCerts),
    ca: given.ca,
    crl: given.crl,
    crlfile: absolute(given.crlfile),
    ciphers: given.ciphers,
    minVersion: value("minVersion"),
    maxVersion: value("maxVersion"),
    alpnProtocols: value("alpnProtocols"),
    handshakeTimeout: value("handshakeTimeout"),
    sessionTimeout: value("sessionTimeout"),
    ticketKeys: given.ticketKeys && Buffer.from(given.ticketKeys), // the caller may wipe its own
    secureContext: given.secureContext,
    clientEnviron: given.clientEnviron ?? value("certReqs") !== "none",
    watch: value("watch"),
    watchInterval: value("watchInterval"),
    certificates: certificatesOf(given),
  } as SslOptions;
  checkTogether(resolved);
  return resolved;
}

/** Checks one certificate's options by themselves: the default one, an item of `certificates`, an answer of `sniCallback`. */
export function resolveCertificate(options: CertificateOptions, prefix: string): NamedCertificate {
  const given = checkAll(options, CERTIFICATE_OPTIONS, prefix) as CertificateOptions;
  const conflict = (file: "certfile" | "keyfile", content: "cert" | "key"): void => {
    if (given[file] === undefined || given[content] === undefined) return;
    throw bad(`${prefix}${file}: expected either it or ${content}, got both`);
  };
  conflict("certfile", "cert");
  conflict("keyfile", "key");
  if (given.certfile === undefined && given.cert === undefined) {
    throw new TlsError("NO_CERTIFICATE", `expected ${prefix}certfile or ${prefix}cert`);
  }
  const { certfile, keyfile } = given;
  return {
    prefix,
    options: {
      ...given,
      ...(certfile !== undefined && { certfile: absolute(certfile) }),
      ...(keyfile !== undefined && { keyfile: absolute(keyfile) }),
    },
  };
}

/** A reload must read where the first read was, whatever the working directory has become. */
function absolute<T extends string | readonly string[] | undefined>(file: T): T {
  if (file === undefined) return file;
  const one = (path: string): string => (path.includes("-----BEGIN") ? path : resolve(path));
  return (typeof file === "string" ? one(file) : file.map(one)) as T;
}

function certificatesOf(given: WrapSslOptions): readonly NamedCertificate[] {
  const own: Record<string, unknown> = {};
  for (const name of CERTIFICATE_OPTIONS) if (given[name] !== undefined) own[name] = given[name];
  const others = (given.certificates ?? []).map((one, index) => resolveCertificate(one, `certificates[${index}].`));
  if (Object.keys(own).length > 0) return [resolveCertificate(own, ""), ...others];
  if (others.length > 0) return others;
  throw new TlsError("NO_CERTIFICATE", "expected certfile and keyfile, cert and key, or certificates");
}

function checkTogether(options: SslOptions): void {
  const { minVersion, maxVersion, certReqs, caCerts, ca } = options;
  if (VERSION_ORDER.indexOf(minVersion) > VERSION_ORDER.indexOf(maxVersion)) {
    throw bad(`minVersion: expected at most maxVersion, which is ${maxVersion}, got ${minVersion}`);
  }
  const hasAuthorities = caCerts !== undefined || ca !== undefined;
  if (certReqs !== "none" && !hasAuthorities) {
    throw bad(`certReqs: expected caCerts or ca beside ${show(certReqs)}: nobody else says which clients are good`);
  }
  if (certReqs === "none" && (hasAuthorities || options.crl !== undefined || options.crlfile !== undefined)) {
    throw bad('certReqs: expected "optional" or "required" beside authorities or revocation lists, got "none"');
  }
}

function checkAll(options: object, names: readonly string[], prefix: string): Record<string, unknown> {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) throw bad(unknownOption(name, names, prefix));
    if (value === undefined) continue;
    const row = (SSL_OPTION_TABLE as Record<string, SslOptionRow>)[name] as SslOptionRow;
    if (!row.accepts(value)) {
      throw bad(`${prefix}${name}: expected ${row.expected}, got ${SECRETS.has(name) ? kindOf(value) : show(value)}`);
    }
    checked[name] = value;
  }
  return checked;
}

function unknownOption(name: string, names: readonly string[], prefix: string): string {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const meant = names.find((known) => plain(known) === plain(name));
  const foreign = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined;
  const hint = meant === undefined ? foreign : `it is spelled ${meant}`;
  return `there is no option ${JSON.stringify(`${prefix}${name}`)}${hint === undefined ? "" : `; ${hint}`}`;
}

function bad(detail: string): TlsError {
  return new TlsError("BAD_OPTION", detail);
}

/** A value in an error text; long text is cut. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : kindOf(value);
}

/** What kind of value it is, for those that must not be shown. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return `text of ${value.length} characters`;
  if (typeof value === "function") return "a function";
  if (Buffer.isBuffer(value)) return `a Buffer of ${value.length}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
