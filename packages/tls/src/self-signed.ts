// A certificate for development, signed by itself. Host names in, PEM out. The library that makes it is loaded when this
// is called and never else: a server in production that has a certificate does not run a line of it.

import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { messageOf, TlsError } from "./errors.ts";
import { isServerName } from "./server-names.ts";

export interface SelfSignedOptions {
  /** Host names and IP addresses that it is for. Default localhost, 127.0.0.1 and ::1. */
  names?: readonly string[];
  /** For how many days. Default 30; clients of Apple take none that is valid for more than 825. */
  days?: number;
}

/** Options for `wrapSsl`. */
export interface SelfSignedCertificate {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 60 * 60 * 1000;

/**
 * Makes a self-signed certificate with a new P-256 key. Needs the optional dependency `@peculiar/x509`.
 *
 * @throws {TlsError} BAD_OPTION; NO_SELF_SIGNED when the library is not installed
 */
export async function selfSigned({
  names = ["localhost", "127.0.0.1", "::1"],
  days = 30,
}: SelfSignedOptions = {}): Promise<SelfSignedCertificate> {
  const strange = names.find((name) => isIP(name) === 0 && !isServerName(name));
  if (names.length === 0 || strange !== undefined) {
    throw new TlsError("BAD_OPTION", `selfSigned: names: expected host names or addresses, got ${strange ?? "none"}`);
  }
  if (!(days > 0 && days <= 36_500))
    throw new TlsError("BAD_OPTION", `selfSigned: days: expected 1 or more, got ${days}`);
  const x509 = await loadLibrary();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    name: [{ CN: [names[0] as string] }],
    notBefore: new Date(now - DAY), // clients whose clock is behind
    notAfter: new Date(now + days * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { cert: `${certificate.toString("pem")}\n`, key: pem("PRIVATE KEY", key) };
}

async function loadLibrary(): Promise<typeof import("@peculiar/x509")> {
  try {
    await import("reflect-metadata"); // the library's own dependency injection asks for it
    return await import("@peculiar/x509");
  } catch (error) {
    const hint = "install the optional packages: npm install @peculiar/x509 reflect-metadata";
    throw new TlsError("NO_SELF_SIGNED", `${hint} (${messageOf(error)})`, { cause: error });
  }
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
