// The two ends of a socket as the environ and the log name them. A socket and its listener in, Endpoints out.

import type { Duplex } from "node:stream";
import type { Endpoints } from "./environ.ts";
import type { BoundAddress } from "./listener.ts";

/** What of a net.Socket or TLSSocket is looked at; a Duplex without it counts as a unix peer. */
interface Addressed {
  localAddress?: string;
  localPort?: number;
  remoteAddress?: string;
  remotePort?: number;
}

const IPV4_IN_IPV6 = "::ffff:";

/** A peer on a unix socket is named `unix`, as in eventlet; SERVER_PORT, which PEP 3333 forbids to be empty, is the scheme's. */
export function endpointsOf(socket: Duplex, scheme: "http" | "https", bound: BoundAddress | undefined): Endpoints {
  const { remoteAddress, remotePort } = socket as Addressed;
  if (bound?.kind === "unix" || remoteAddress === undefined) {
    const serverPort = scheme === "https" ? "443" : "80";
    return { scheme, serverName: "unix", serverPort, remoteAddress: "unix", remotePort: "" };
  }
  const { host, port } = localEnd(socket as Addressed, bound);
  return {
    scheme,
    serverName: plainAddress(host),
    serverPort: String(port),
    remoteAddress: plainAddress(remoteAddress),
    remotePort: String(remotePort ?? ""),
  };
}

/** Where the listener is bound to one address every connection comes to that; asking the system costs 1 µs. */
function localEnd(socket: Addressed, bound: BoundAddress | undefined): { host: string; port: number | string } {
  if (bound?.kind === "tcp" && !EVERY_ADDRESS.test(bound.host)) return bound;
  const { localAddress, localPort } = socket;
  return { host: localAddress ?? bound?.host ?? "", port: localPort ?? bound?.port ?? "" };
}

const EVERY_ADDRESS = /^(0\.0\.0\.0|::)$/;

/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1`; applications and logs want `192.0.2.1`. */
function plainAddress(address: string): string {
  return address.startsWith(IPV4_IN_IPV6) ? address.slice(IPV4_IN_IPV6.length) : address;
}
