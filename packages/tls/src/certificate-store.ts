// The certificates of a listener and which is shown to whom. SslOptions in; contexts by host name out. A reload takes each
// certificate that is better and keeps each old one whose new one is bad. It knows files, not sockets.

import { randomBytes } from "node:crypto";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { type Certificate, filesOf, loadCertificate } from "./certificate.ts";
import { type ClientTrust, loadClientTrust, trustFiles } from "./client-trust.ts";
import { messageOf, TlsError } from "./errors.ts";
import type { CertificateOptions, NamedCertificate, SniAnswer, SslOptions } from "./options.ts";
import { resolveCertificate } from "./resolve-options.ts";
import { buildContext, type ReadyContext } from "./secure-context.ts";
import { ServerNames } from "./server-names.ts";

/** What became of a `reload`. */
export interface ReloadReport {
  /** Certificates and lists that are new, as log lines call them. */
  readonly changed: readonly string[];
  /** What was bad, and is kept as it was. */
  readonly failed: readonly TlsError[];
}

/** One certificate of the options, as it is at present. */
interface Slot extends ReadyContext {
  readonly source: NamedCertificate;
  readonly certificate: Certificate;
}

export class CertificateStore {
  readonly #options: SslOptions;
  #ticketKeys: Buffer;
  #trust: ClientTrust;
  #slots: readonly Slot[];
  #byName: ServerNames<Slot>;
  /** Contexts of certificates that `sniCallback` returned, for as long as it returns the same objects. */
  #called = new WeakMap<CertificateOptions, SecureContext>();

  /** @throws {TlsError} when anything is bad: a server must not start with half its certificates */
  constructor(options: SslOptions) {
    this.#options = options;
    this.#ticketKeys = options.ticketKeys ?? randomBytes(48);
    this.#trust = loadClientTrust(options);
    this.#slots = options.certificates.map((source) => this.#slot(source, loadCertificate(source)));
    this.#byName = byName(this.#slots);
  }

  /** The default one first. */
  get certificates(): readonly Certificate[] {
    return this.#slots.map(({ certificate }) => certificate);
  }

  /** For clients that name no host, or none that is known. */
  get defaultOptions(): SecureContextOptions {
    return (this.#slots[0] as Slot).options;
  }

  /** Every file that a reload reads. */
  get files(): string[] {
    return [
      ...new Set([
        ...this.#options.certificates.flatMap(({ options }) => filesOf(options)),
        ...trustFiles(this.#options),
      ]),
    ];
  }

  /** Whether a client's host name can make a difference. */
  get choosesByName(): boolean {
    return this.#slots.length > 1 || this.#options.sniCallback !== undefined;
  }

  /** The context for a host name; undefined for the default one. */
  async contextFor(serverName: string): Promise<SecureContext | undefined> {
    const slot = this.#byName.find(serverName);
    if (slot !== undefined) return slot.context;
    return this.#contextOf(await this.#options.sniCallback?.(serverName), serverName);
  }

  setTicketKeys(keys: Buffer): void {
    this.#ticketKeys = keys;
    this.#slots = this.#slots.map(({ source, certificate }) => this.#slot(source, certificate));
    this.#byName = byName(this.#slots);
    this.#called = new WeakMap();
  }

  /** Reads everything again. Never throws: what is bad is reported, and the old one stays. */
  reload(now: number): ReloadReport {
    const changed: string[] = [];
    const failed: TlsError[] = [];
    this.#reloadTrust(changed, failed);
    this.#slots = this.#slots.map((slot) => {
      const { source, certificate } = slot;
      try {
        const fresh = loadCertificate(source);
        if (fresh.chain === certificate.chain && fresh.key.equals(certificate.key)) return slot;
        checkValidity(fresh, now);
        const next = this.#slot(source, fresh);
        changed.push(fresh.label);
        return next;
      } catch (error) {
        failed.push(asTlsError(error));
        return slot;
      }
    });
    this.#byName = byName(this.#slots);
    this.#called = new WeakMap(); // their files may be new too
    return { changed, failed };
  }

  /** New authorities are good when contexts can be made of them, with the certificates as they are. */
  #reloadTrust(changed: string[], failed: TlsError[]): void {
    try {
      const fresh = loadClientTrust(this.#options);
      if (fresh.sessionContext === this.#trust.sessionContext) return;
      this.#slots = this.#slots.map(({ source, certificate }) => this.#slot(source, certificate, fresh));
      this.#trust = fresh;
      changed.push("the authorities of clients");
    } catch (error) {
      failed.push(asTlsError(error));
    }
  }

  #slot(source: NamedCertificate, certificate: Certificate, trust = this.#trust): Slot {
    return { source, certificate, ...buildContext(this.#options, certificate, trust, this.#ticketKeys) };
  }

  #contextOf(answer: SniAnswer, serverName: string): SecureContext | undefined {
    if (answer === undefined || answer === null) return undefined;
    if (isContext(answer)) return answer;
    const known = this.#called.get(answer);
    if (known !== undefined) return known;
    const source = resolveCertificate(answer, `sniCallback(${JSON.stringify(serverName)}).`);
    const { context } = this.#slot(source, loadCertificate(source));
    this.#called.set(answer, context);
    return context;
  }
}

/** A certificate that clients refuse must not take the place of one that they accept. */
function checkValidity({ label, validFrom, expiresAt }: Certificate, now: number): void {
  if (expiresAt.getTime() <= now) {
    throw new TlsError("CERTIFICATE_EXPIRED", `${label}: on ${expiresAt.toISOString()}`);
  }
  if (validFrom.getTime() > now) {
    throw new TlsError("BAD_CERTIFICATE", `${label}: it is not valid before ${validFrom.toISOString()}`);
  }
}

function byName(slots: readonly Slot[]): ServerNames<Slot> {
  const names = new ServerNames<Slot>();
  for (const slot of slots) for (const name of slot.certificate.serverNames) names.add(name, slot);
  return names;
}

function isContext(answer: CertificateOptions | SecureContext): answer is SecureContext {
  return typeof answer === "object" && "context" in answer;
}

function asTlsError(error: unknown): TlsError {
  return error instanceof TlsError ? error : new TlsError("BAD_CERTIFICATE", messageOf(error), { cause: error });
}
