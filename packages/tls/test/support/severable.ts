// A relay between a client and a server whose wire a test can cut: TLS ends say goodbye, wires do not.

import { once } from "node:events";
import net from "node:net";
import { onTestFinished } from "vitest";

export interface Relay {
  /** Where clients connect. */
  readonly port: number;
  /** The side that the server sees, of the latest connection. */
  upstream(): net.Socket;
}

/** Starts a relay to a server; it ends with the test. */
export async function relayTo(port: number): Promise<Relay> {
  const sockets: net.Socket[] = [];
  let upstream: net.Socket | undefined;
  const server = net.createServer((client) => {
    const wire = net.connect({ port, host: "127.0.0.1", noDelay: true });
    upstream = wire;
    sockets.push(client, wire);
    client.on("error", () => {});
    wire.on("error", () => {});
    client.pipe(wire);
    wire.pipe(client);
    wire.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    upstream: () => {
      if (upstream === undefined) throw new Error("nobody has connected to the relay");
      return upstream;
    },
  };
}
