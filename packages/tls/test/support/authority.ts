// A certificate authority for tests: signs certificates of servers and clients, and revokes them. Names and days in, PEM
// out. Each test makes its own; keys are P-256, so that making them takes milliseconds.

import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { onTestFinished } from "vitest";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
export const DAY = 24 * 60 * 60 * 1000;

export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly serialNumber: string;
}

export interface IssueOptions {
  /** Distinguished name. Default `CN=<the first name>`. */
  readonly subject?: string;
  /** Host names and addresses; none for a client. */
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly until?: Date;
}

export class Authority {
  readonly #keys: CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;
  readonly #revoked: string[] = [];

  private constructor(keys: CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(subject = "CN=Test Authority,O=Tests"): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerial(),
      name: subject,
      notBefore: new Date(Date.now() - DAY),
      notAfter: new Date(Date.now() + 365 * DAY),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(keys, certificate);
  }

  /** PEM of its own certificate. */
  get cert(): string {
    return `${this.#certificate.toString("pem")}\n`;
  }

  async issue({ names = [], subject, from, until }: IssueOptions = {}): Promise<Issued> {
    const keys = await newKeys();
    const serialNumber = newSerial();
    const alternatives = names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? "ip" : "dns", value }) as const);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber,
      subject: subject ?? `CN=${names[0] ?? "client"}`,
      issuer: this.#certificate.subject,
      notBefore: from ?? new Date(Date.now() - DAY),
      notAfter: until ?? new Date(Date.now() + 60 * DAY),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      ],
    });
    return { cert: `${certificate.toString("pem")}\n`, key: await exportKey(keys), serialNumber };
  }

  revoke({ serialNumber }: Issued): void {
    this.#revoked.push(serialNumber);
  }

  /** PEM of its revocation list. */
  async crl(): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: new Date(Date.now() - DAY),
      nextUpdate: new Date(Date.now() + DAY),
      signingAlgorithm: ALGORITHM,
      signingKey: this.#keys.privateKey,
      entries: this.#revoked.map((serialNumber) => ({ serialNumber, revocationDate: new Date(Date.now() - DAY) })),
    });
    return `${list.toString("pem").replace(/(BEGIN|END) CRL/g, "$1 X509 CRL")}\n`; // as OpenSSL calls it
  }
}

/** A folder with these files that ends with the test; returns the paths by name. */
export function writeFiles<K extends string>(
  files: Readonly<Record<K, string>>,
): Readonly<Record<K | "folder", string>> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const paths: Record<string, string> = { folder };
  for (const [name, content] of Object.entries<string>(files)) {
    paths[name] = join(folder, name);
    writeFileSync(paths[name] as string, content);
  }
  return paths as Readonly<Record<K | "folder", string>>;
}

async function newKeys(): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function newSerial(): string {
  return `4${randomBytes(10).toString("hex").slice(1)}`; // positive, and without a leading zero
}

async function exportKey({ privateKey }: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;
