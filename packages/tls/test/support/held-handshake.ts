// A client that stops in the middle of its handshake until a test lets it go on, then with its first request in one packet.

import { once } from "node:events";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { until } from "../../../core/test/support/until.ts";
import { connectPlain, SecureClient } from "./secure-client.ts";

export interface HeldHandshake {
  /**
   * Sends the rest. In TLS 1.3 the request is in one packet with the end of the handshake; in TLS 1.2 the client has to
   * wait for the server's Finished before.
   */
  finish(request: string): Promise<SecureClient>;
}

/** Resolves when the server has answered the first flight and the client's second one is held back. */
export async function beginHandshake(port: number, options: tls.ConnectionOptions): Promise<HeldHandshake> {
  const raw = await connectPlain(port);
  let flights = 0;
  let held: Buffer[] | undefined;
  const pipe = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, callback) => {
      if (flights++ === 0 || held === undefined) raw.write(chunk);
      else held.push(chunk);
      callback();
    },
    final: (callback) => void raw.end(callback),
  });
  raw.once("data", () => {
    held = [];
  });
  raw.on("data", (bytes) => pipe.push(bytes));
  raw.on("end", () => pipe.push(null));
  const socket = tls.connect({ socket: pipe, servername: "localhost", ...options });
  onTestFinished(() => void socket.destroy());
  const client = new SecureClient(socket);
  await until(() => (held?.length ?? 0) > 0);
  const release = (): void => {
    raw.write(Buffer.concat(held ?? []));
    held = undefined;
  };
  return {
    finish: async (request) => {
      if (socket.getProtocol() === "TLSv1.3") {
        const before = held?.length ?? 0;
        client.send(request);
        await until(() => (held?.length ?? 0) > before);
        release();
      } else {
        release();
        await once(socket, "secureConnect");
        client.send(request);
      }
      return client;
    },
  };
}
