// A Listener over a Listener: connections of the one beneath, made secure, go to the server. It puts the parts together:
// certificates, their watch, the gate. It knows no handshake's details, and nothing of HTTP.

import type { Duplex } from "node:stream";
import type { BoundAddress, Listener, ListenerHandlers, Logger } from "@wsgi/core";
import type { CertificateStore, ReloadReport } from "./certificate-store.ts";
import { TlsError } from "./errors.ts";
import { expiryNotice } from "./expiry.ts";
import { FileWatch } from "./file-watch.ts";
import { TICKET_KEYS_BYTES } from "./option-table.ts";
import type { SslOptions } from "./options.ts";
import { type HandshakeCounters, TlsGate } from "./tls-gate.ts";

/** A certificate that is shown at present. */
export interface CertificateInfo {
  /** Its file, or its first name. */
  readonly label: string;
  readonly serverNames: readonly string[];
  readonly expiresAt: Date;
  /** SHA-256, as `openssl x509 -fingerprint -sha256` shows it. */
  readonly fingerprint: string;
}

/** What `wrapSsl` returns. */
export interface SslListener extends Listener {
  readonly scheme: "https";
  /** The certificates that new connections are shown, the default one first. */
  readonly certificates: readonly CertificateInfo[];
  /** When the first of them ends. */
  readonly expiresAt: Date;
  readonly counters: HandshakeCounters;
  /**
   * Reads certificates, keys, authorities and revocation lists again, for connections that begin from now on. What is bad
   * is logged and kept as it was. Never throws.
   */
  reload(): ReloadReport;
  /**
   * Changes the keys of session tickets. @param keys 48 secret bytes, the same in every process of an address
   * @throws {TlsError} BAD_OPTION
   */
  setTicketKeys(keys: Buffer): void;
}

/** How often the operator is told that a certificate ends soon. */
const NOTICE_INTERVAL_MILLISECONDS = 12 * 60 * 60 * 1000;

export class WrappedListener implements SslListener {
  readonly scheme = "https";
  readonly ready: Promise<BoundAddress>;
  readonly #inner: Listener;
  readonly #options: SslOptions;
  readonly #store: CertificateStore;
  #gate: TlsGate | undefined;
  #watch: FileWatch | undefined;
  #notices: NodeJS.Timeout | undefined;
  #logger: Logger | undefined;
  #closing: Promise<void> | undefined;

  constructor(inner: Listener, options: SslOptions, store: CertificateStore) {
    this.#inner = inner;
    this.#options = options;
    this.#store = store;
    this.ready = inner.ready.then((bound) => ({ ...bound, url: bound.url.replace(/^http:/, "https:") }));
  }

  get served(): boolean {
    return this.#inner.served;
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#store.certificates.map(({ label, serverNames, expiresAt, fingerprint }) => ({
      label,
      serverNames,
      expiresAt,
      fingerprint,
    }));
  }

  get expiresAt(): Date {
    return new Date(Math.min(...this.#store.certificates.map(({ expiresAt }) => expiresAt.getTime())));
  }

  get counters(): HandshakeCounters {
    return this.#gate?.counters ?? NO_HANDSHAKES;
  }

  accept(handlers: ListenerHandlers): void {
    const { logger } = handlers;
    const gate = new TlsGate(this.#options, this.#store, {
      logger,
      onSecure: (socket, facts) => handlers.onConnection(socket, facts),
    });
    this.#inner.accept({
      logger,
      onConnection: (raw: Duplex, facts = []) => gate.begin(raw, facts),
      onClose: () => handlers.onClose(),
      onError: (error) => handlers.onError(error),
    });
    this.#gate = gate;
    this.#logger = logger;
    this.#notify();
    this.#notices = setInterval(() => this.#notify(), NOTICE_INTERVAL_MILLISECONDS).unref();
    if (!this.#options.watch) return;
    this.#watch = new FileWatch(this.#store.files, this.#options.watchInterval, () => this.reload());
    this.#watch.start();
  }

  close(signal?: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  reload(): ReloadReport {
    const report = this.#store.reload(Date.now());
    if (report.changed.length > 0) this.#gate?.setDefault(this.#store.defaultOptions);
    for (const name of report.changed) this.#log("info", `new connections use ${name} as it is now`);
    for (const error of report.failed) this.#log("error", `${error.message}. What was loaded before stays in use`);
    if (report.changed.length > 0) this.#notify();
    return report;
  }

  setTicketKeys(keys: Buffer): void {
    if (!Buffer.isBuffer(keys) || keys.length !== TICKET_KEYS_BYTES) {
      const came = Buffer.isBuffer(keys) ? `one of ${keys.length}` : `a ${typeof keys}`;
      throw new TlsError(
        "BAD_OPTION",
        `setTicketKeys: expected a Buffer of ${TICKET_KEYS_BYTES} secret bytes, got ${came}`,
      );
    }
    this.#store.setTicketKeys(Buffer.from(keys)); // the caller may wipe its own
    this.#gate?.setDefault(this.#store.defaultOptions);
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    clearInterval(this.#notices);
    this.#watch?.stop();
    await this.#inner.close(signal);
    await this.#gate?.finish(signal);
  }

  #notify(): void {
    const now = Date.now();
    for (const certificate of this.#store.certificates) {
      const notice = expiryNotice(certificate, now);
      if (notice !== undefined) this.#log(notice.level, notice.text);
    }
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#logger?.[level](`(${process.pid}) ${text}`);
  }
}

const NO_HANDSHAKES: HandshakeCounters = Object.freeze({
  pending: 0,
  completed: 0,
  resumed: 0,
  failed: 0,
  timedOut: 0,
  plainHttp: 0,
  silent: 0,
});
