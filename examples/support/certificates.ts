// The certificates that programs of the documentation name, and clients that check them.

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { Authority } from "../../packages/tls/test/support/authority.ts";
import { curl } from "./program.ts";

/** Writes them into a folder. Returns the authority that has signed those of servers. */
export async function writeCertificates(folder: string): Promise<Authority> {
  const authority = await Authority.create();
  const clients = await Authority.create("CN=Clients");
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("authority.crt", authority.cert);
  write("clients.crt", clients.cert);
  const servers = { shop: ["shop.example"], wildcard: ["*.example.com"] };
  for (const [name, names] of Object.entries(servers)) {
    const { cert, key } = await authority.issue({ names });
    write(`${name}.crt`, cert);
    write(`${name}.key`, key);
  }
  const alice = await clients.issue({ subject: "O=Example,CN=alice" });
  write("alice.crt", alice.cert);
  write("alice.key", alice.key);
  await writeOwn(folder, authority);
  return authority;
}

/** Writes `cert.crt` and `private.key`, for localhost. */
export async function writeOwn(folder: string, authority: Authority): Promise<void> {
  const { cert, key } = await authority.issue({ names: ["localhost"] });
  writeFileSync(join(folder, "cert.crt"), cert);
  writeFileSync(join(folder, "private.key"), key);
}

/** What curl gets that asks for this host, connects to localhost, and trusts the authority alone. */
export function curlSecurely(folder: string, port: number, host = "localhost", ...args: string[]): Promise<string> {
  const there = `${host}:443:localhost:${port}`;
  return curl("--cacert", join(folder, "authority.crt"), "--connect-to", there, ...args, `https://${host}/`);
}

/** A connection of a client that trusts the authority alone. */
export async function connectSecurely(
  folder: string,
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const ca = readFileSync(join(folder, "authority.crt"));
  const socket = tls.connect({ port, host: "localhost", servername: "localhost", ca, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}
