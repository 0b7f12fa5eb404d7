// The options of `wrapSsl` as types: Python's names in camelCase, and what Node and operators need besides.
// Types only. Defaults and checks are in option-table.ts.

import type { SecureContext, SecureContextOptions, SecureVersion } from "node:tls";

/** PEM text or bytes. */
export type Pem = string | Buffer;

/** One certificate with its key: files, or their contents. */
export interface CertificateOptions {
  /** File of the certificate, the server's own first, then those that lead to a root. PEM. */
  certfile?: string;
  /** File of the private key, PEM. When neither it nor `key` is given, the key is in the certificate's file. */
  keyfile?: string;
  /** Opens an encrypted key. */
  password?: string | (() => string);
  /** The certificate itself instead of `certfile`. */
  cert?: Pem;
  /** The private key itself instead of `keyfile`. */
  key?: Pem;
  /** Host names that it is shown for, `*.example.com` among them. Those in the certificate when not given. */
  serverNames?: readonly string[];
}

/** What a client's certificate has to be: not asked for, good if there is one, or there and good. */
export type CertificateRequirement = "none" | "optional" | "required";

/** Chooses for a host name that no certificate covers: a certificate, a context, or nothing for the default one. */
export type SniCallback = (serverName: string) => SniAnswer | Promise<SniAnswer>;

export type SniAnswer = SecureContext | CertificateOptions | undefined;

/** Options of `wrapSsl`. The certificate given here is the default one: for clients that name no host, or no known one. */
export interface WrapSslOptions extends CertificateOptions {
  /** More certificates, chosen by the host name a client asks for (SNI). Without a default the first is it. */
  certificates?: readonly CertificateOptions[];
  sniCallback?: SniCallback;
  /** Always true: a listener is a server. */
  serverSide?: boolean;
  certReqs?: CertificateRequirement;
  /** Files of the authorities that sign the certificates of clients. */
  caCerts?: string | readonly string[];
  /** The same as contents. */
  ca?: Pem | readonly Pem[];
  /** Revocation lists of these authorities, contents. */
  crl?: Pem | readonly Pem[];
  /** Files of revocation lists. */
  crlfile?: string | readonly string[];
  ciphers?: string;
  minVersion?: SecureVersion;
  maxVersion?: SecureVersion;
  alpnProtocols?: readonly string[];
  handshakeTimeout?: number;
  sessionTimeout?: number;
  ticketKeys?: Buffer;
  secureContext?: (options: SecureContextOptions) => SecureContextOptions;
  clientEnviron?: boolean;
  watch?: boolean;
  watchInterval?: number;
  doHandshakeOnConnect?: boolean;
  suppressRaggedEofs?: boolean;
}

/** Options of the listener as a whole, every value present where the table has a default. */
export interface SslOptions {
  readonly sniCallback: SniCallback | undefined;
  readonly certReqs: CertificateRequirement;
  readonly caCerts: string | readonly string[] | undefined;
  readonly ca: Pem | readonly Pem[] | undefined;
  readonly crl: Pem | readonly Pem[] | undefined;
  readonly crlfile: string | readonly string[] | undefined;
  readonly ciphers: string | undefined;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  readonly alpnProtocols: readonly string[];
  readonly handshakeTimeout: number;
  readonly sessionTimeout: number;
  readonly ticketKeys: Buffer | undefined;
  readonly secureContext: ((options: SecureContextOptions) => SecureContextOptions) | undefined;
  readonly clientEnviron: boolean;
  readonly watch: boolean;
  readonly watchInterval: number;
  /** The default certificate first. */
  readonly certificates: readonly NamedCertificate[];
}

/** A certificate's options, and where error texts say they stand: `""`, `certificates[1].`. */
export interface NamedCertificate {
  readonly prefix: string;
  readonly options: CertificateOptions;
}
