// The table of `wrapSsl`'s options: default, what is accepted, Python's name, a summary, and why the default is what it is.
// The one place for all of these: the resolver checks by it, and the package's README is made of it.

import type { WrapSslOptions } from "./options.ts";

/** One row of the table; the same shape as a row of `OPTION_TABLE` in `@wsgi/core`. */
export interface SslOptionRow {
  readonly default: unknown;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Its name in Python's `ssl` or in `eventlet.wrap_ssl`; undefined for what they lack. */
  readonly python: string | undefined;
  readonly summary: string;
  /** Why the default is what it is, and what others have. */
  readonly precedent: string;
}

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const REQUIREMENTS = ["none", "optional", "required"];
export const TICKET_KEYS_BYTES = 48;

const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isPem = (value: unknown): boolean => isText(value) || (Buffer.isBuffer(value) && value.length > 0);
const isFunction = (value: unknown): boolean => typeof value === "function";
const isSeconds = (value: unknown): boolean => typeof value === "number" && value > 0 && value < 2 ** 31 / 1000;
const isWholeSeconds = (value: unknown): boolean => Number.isSafeInteger(value) && isSeconds(value);
const isVersion = (value: unknown): boolean => VERSIONS.includes(value as string);
const listOf =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(accepts);
const oneOrMore =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    accepts(value) || listOf(accepts)(value);
const isCertificate = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
/** ALPN: RFC 7301 §3.1. The server behind the listener speaks HTTP/1.1, so HTTP/2 must not be agreed on. */
const isProtocol = (value: unknown): boolean =>
  isText(value) && Buffer.byteLength(value as string) <= 255 && value !== "h2" && value !== "h3";

const FILES = "the name of a file, or a list of them";
const PEM = "PEM text or a Buffer";
const SECONDS = "a number of seconds above 0";
const BOOLEAN = "true or false";

function row(
  value: unknown,
  expected: string,
  accepts: (value: unknown) => boolean,
  python: string | undefined,
  summary: string,
  precedent: string,
): SslOptionRow {
  return Object.freeze({ default: value, expected, accepts, python, summary, precedent });
}

/** Every option, in the order of the documentation. */
export const SSL_OPTION_TABLE: Readonly<Record<keyof WrapSslOptions, SslOptionRow>> = Object.freeze({
  certfile: row(
    undefined,
    "the name of a file",
    isText,
    "certfile",
    "file with the server's certificate, then those that lead to a root (PEM)",
    "the order that nginx, Go and certbot's `fullchain.pem` have",
  ),
  keyfile: row(
    undefined,
    "the name of a file",
    isText,
    "keyfile",
    "file with the private key (PEM); without it, the key is looked for in `certfile`",
    "Python looks there too",
  ),
  password: row(
    undefined,
    "text, or a function that returns it",
    (value) => isText(value) || isFunction(value),
    "password",
    "opens an encrypted private key",
    "Python takes text or a callable",
  ),
  cert: row(undefined, PEM, isPem, undefined, "the certificate itself, instead of `certfile`", "Node has this name"),
  key: row(undefined, PEM, isPem, undefined, "the private key itself, instead of `keyfile`", "Node has this name"),
  serverNames: row(
    undefined,
    "a list of host names such as example.com or *.example.com",
    listOf(isText),
    undefined,
    "host names that the certificate is shown for; those in the certificate when not given",
    "Caddy and HAProxy read the names from the certificate, nginx has `server_name`",
  ),
  certificates: row(
    undefined,
    "a list of { certfile, keyfile, password, cert, key, serverNames }",
    listOf(isCertificate),
    undefined,
    "more certificates, chosen by the host name that the client asks for; without a default one the first is it",
    "nginx takes the first server block for an unknown name",
  ),
  sniCallback: row(
    undefined,
    "a function",
    isFunction,
    "sni_callback",
    "called with a host name that no certificate covers; returns a certificate, a `SecureContext`, or undefined for the default, or a promise of one",
    "Go's GetCertificate, Node's SNICallback",
  ),
  serverSide: row(
    true,
    "true: a listener is the server's side of a connection",
    (value) => value === true,
    "server_side",
    "always true; accepted because eventlet's programs say it",
    "eventlet's default is false, and useless for a server",
  ),
  certReqs: row(
    "none",
    'one of "none", "optional", "required"',
    (value) => REQUIREMENTS.includes(value as string),
    "cert_reqs",
    "whether clients show a certificate: not asked for; good when there is one; there and good",
    "Python's CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED",
  ),
  caCerts: row(
    undefined,
    FILES,
    oneOrMore(isText),
    "ca_certs",
    "files of the authorities that sign the certificates of clients",
    "never the system's authorities: a client of anybody's would be good",
  ),
  ca: row(
    undefined,
    `${PEM}, or a list of them`,
    oneOrMore(isPem),
    undefined,
    "what is in `caCerts`, itself",
    "Node's name",
  ),
  crlfile: row(
    undefined,
    FILES,
    oneOrMore(isText),
    undefined,
    "files of revocation lists; one for each authority of the chain",
    "nginx's `ssl_crl`; Python loads them with `load_verify_locations`",
  ),
  crl: row(
    undefined,
    `${PEM}, or a list of them`,
    oneOrMore(isPem),
    undefined,
    "what is in `crlfile`, itself",
    "Node's name",
  ),
  ciphers: row(
    undefined,
    "a list of ciphers as OpenSSL writes it",
    isText,
    "ciphers",
    "ciphers in OpenSSL's notation; Node's own list when not given",
    "Node's list follows the field; better not to change it",
  ),
  minVersion: row(
    "TLSv1.2",
    `one of ${VERSIONS.join(", ")}`,
    isVersion,
    "minimum_version",
    "the oldest version of TLS that is spoken",
    "RFC 8996 forbids 1.0 and 1.1; Node, Go and nginx agree",
  ),
  maxVersion: row(
    "TLSv1.3",
    `one of ${VERSIONS.join(", ")}`,
    isVersion,
    "maximum_version",
    "the newest version of TLS that is spoken",
    "what Node's OpenSSL has",
  ),
  alpnProtocols: row(
    Object.freeze(["http/1.1"]),
    "a list of protocol names, without h2 and h3, which this server does not speak",
    listOf(isProtocol),
    "set_alpn_protocols",
    "protocols offered to clients that negotiate one (ALPN)",
    "a client that knows only others is refused, RFC 7301 §3.2",
  ),
  handshakeTimeout: row(
    10,
    SECONDS,
    isSeconds,
    undefined,
    "seconds for a client to begin its handshake, and as many to finish it",
    "Node 120, Go and Caddy 10, nginx 60; a second is plenty for an honest client",
  ),
  sessionTimeout: row(
    300,
    "a whole number of seconds above 0",
    isWholeSeconds,
    undefined,
    "seconds for which a session can be resumed",
    "OpenSSL, Node and nginx: 300",
  ),
  ticketKeys: row(
    undefined,
    `a Buffer of ${TICKET_KEYS_BYTES} secret bytes`,
    (value) => Buffer.isBuffer(value) && value.length === TICKET_KEYS_BYTES,
    undefined,
    "keys of session tickets, shared by processes that serve the same address; random when not given",
    "nginx's `ssl_session_ticket_key`",
  ),
  secureContext: row(
    undefined,
    "a function",
    isFunction,
    undefined,
    "called with the options of each `tls.createSecureContext` before it is made; returns those to use",
    "gunicorn's `ssl_context` hook",
  ),
  clientEnviron: row(
    undefined,
    BOOLEAN,
    isBoolean,
    undefined,
    "whether environs have the `SSL_CLIENT_*` keys; when not given, they do unless `certReqs` is `none`",
    "mod_ssl's `SSLOptions +StdEnvVars +ExportCertData`",
  ),
  watch: row(
    false,
    BOOLEAN,
    isBoolean,
    undefined,
    "whether renewed files are noticed and taken for new connections",
    "Caddy and Envoy do; nginx and gunicorn want a signal",
  ),
  watchInterval: row(
    5,
    SECONDS,
    isSeconds,
    undefined,
    "seconds between two looks at the files; a change is taken when it has lasted for two",
    "looking finds what file events miss: swapped symbolic links, network file systems",
  ),
  doHandshakeOnConnect: row(
    true,
    "true: an application never sees a connection whose handshake is not done",
    (value) => value === true,
    "do_handshake_on_connect",
    "always true",
    "eventlet's default",
  ),
  suppressRaggedEofs: row(
    true,
    "true: framing tells a whole body from a cut one, with or without close_notify",
    (value) => value === true,
    "suppress_ragged_eofs",
    "always true: a connection that ends without TLS's goodbye is an error only inside a body",
    "eventlet's default; Go and nginx do the same",
  ),
});
