// `wrapSsl`: eventlet's `wrap_ssl`. A listener and options in, checked; a secure listener out.

import type { Listener } from "@wsgi/core";
import { CertificateStore } from "./certificate-store.ts";
import { TlsError } from "./errors.ts";
import type { WrapSslOptions } from "./options.ts";
import { resolveOptions } from "./resolve-options.ts";
import { type SslListener, WrappedListener } from "./ssl-listener.ts";

/**
 * Makes a listener secure. Certificates are read and checked at once, synchronously.
 *
 * @param listener what `listen()` returned; it must not have a server yet
 * @param options names of Python's `ssl` in camelCase; `certfile` and `keyfile`, or `cert` and `key`, are needed
 * @throws {TlsError} when options, certificates or keys cannot be used: it says which file of which option, and why
 */
export function wrapSsl(listener: Listener, options: WrapSslOptions): SslListener {
  if (typeof listener !== "object" || listener === null || typeof listener.accept !== "function") {
    throw new TlsError("BAD_OPTION", "wrapSsl: expected what listen() returns as the first argument");
  }
  if (listener.scheme === "https") throw new TlsError("BAD_OPTION", "wrapSsl: the listener is secure already");
  if (listener.served) throw new TlsError("BAD_OPTION", "wrapSsl: the listener has a server already");
  const resolved = resolveOptions(options);
  return new WrappedListener(listener, resolved, new CertificateStore(resolved));
}
