// What a config file says, as a type: every setting under its name, and what no flag can hold.

import type { Options } from "@wsgi/core";
import type { WrapSslOptions } from "@wsgi/tls";
import type { CommandSettings } from "./settings.ts";

type Loose<T> = { -readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Settings of a config file; names as in the README's table. */
export interface WsgiConfig
  extends Loose<Omit<CommandSettings, "environ" | "bind" | "check" | "printConfig" | "completion">>,
    Omit<Options, "signal" | "logOutput" | "shutdownTimeout" | "accessLog">,
    Pick<
      WrapSslOptions,
      | "certificates"
      | "sniCallback"
      | "secureContext"
      | "ticketKeys"
      | "alpnProtocols"
      | "ciphers"
      | "certReqs"
      | "handshakeTimeout"
    > {
  /** The application, as on the command line. */
  app?: string;
  /** Changed to after this file was read. */
  chdir?: string;
  envFile?: string | readonly string[];
  bind?: string | readonly string[];
  certfile?: string | readonly string[];
  keyfile?: string | readonly string[];
  keyPassword?: string;
  caCerts?: string | readonly string[];
  crlfile?: string | readonly string[];
  tlsMinVersion?: WrapSslOptions["minVersion"];
  tlsMaxVersion?: WrapSslOptions["maxVersion"];
  tlsSessionTimeout?: number;
  clientCertificateEnviron?: boolean;
  watchCertificates?: boolean;
}

/** Gives a config file its types: `export default defineConfig({ workers: 4 })`. */
export function defineConfig(config: WsgiConfig): WsgiConfig {
  return config;
}
