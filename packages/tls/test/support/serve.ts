// Starts a secure server on a free port for one test, and clients of node:tls that speak to it.

import { once } from "node:events";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { type Application, listen, type Options } from "../../../core/src/index.ts";
import { type Served, serve } from "../../../core/test/support/serve.ts";
import { type SslListener, type WrapSslOptions, wrapSsl } from "../../src/index.ts";

export interface SecureServed extends Served {
  readonly listener: SslListener;
}

/** Answers with what its environ has of these keys, as JSON. */
export function showing(...keys: string[]): Application {
  return (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [JSON.stringify(Object.fromEntries(keys.map((key) => [key, environ[key]])))];
  };
}

export async function serveSecure(
  ssl: WrapSslOptions,
  application: Application = showing("SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI", "HTTPS", "wsgi.url_scheme"),
  options: Options = {},
): Promise<SecureServed> {
  const listener = wrapSsl(listen(["127.0.0.1", 0]), ssl);
  const served = await serve(application, options, listener);
  return { ...served, listener };
}

/** A finished handshake; rejects when it fails. The socket ends with the test. */
export async function connectSecurely(port: number, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: "127.0.0.1", ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** Sends a GET that closes and resolves with everything that came. */
export async function ask(socket: tls.TLSSocket, path = "/"): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let text = "";
  socket.setEncoding("latin1");
  for await (const piece of socket) text += piece;
  return text;
}
