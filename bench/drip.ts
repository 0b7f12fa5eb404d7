// Heads that arrive a byte at a time, on several connections in turn: what a byte costs the server, by the size of the head.

import { once } from "node:events";
import net, { type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { ServerSpec } from "./contestants.ts";
import type { ServedEntrant } from "./row.ts";
import { HELLO } from "./servers/workload.ts";

const CONNECTIONS = 16;
const TIMEOUT = 60_000;

export function drip(name: string, server: ServerSpec, size: number, series: string): ServedEntrant {
  const head = Buffer.from(headOf(size), "latin1");
  return {
    name,
    server,
    series,
    x: size,
    async measure(round) {
      const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(round.server.port)));
      const [begun, before] = [performance.now(), round.server.cpuTime];
      let heads = 0;
      do {
        await dripOnce(sockets, head);
        heads += CONNECTIONS;
      } while (performance.now() - begun < round.seconds * 1000);
      const after = round.server.cpuTime;
      const elapsed = performance.now() - begun;
      for (const socket of sockets) socket.destroy();
      return {
        time: (elapsed * CONNECTIONS) / heads,
        ...(before !== undefined && after !== undefined && { unitCost: ((after - before) * 1000) / (heads * size) }),
      };
    },
  };
}

/** A head of so many bytes, in fields of at most a thousand. */
export function headOf(size: number): string {
  let head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  const fixed = "X-Field: \r\n".length;
  for (let left = size - head.length - 2; left >= fixed; ) {
    const taken = left > 1000 + fixed ? 1000 : left;
    head += `X-Field: ${"x".repeat(taken - fixed)}\r\n`;
    left -= taken;
  }
  return `${head}\r\n`;
}

async function connect(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  socket.setTimeout(TIMEOUT, () => socket.destroy(new Error("no answer in time")));
  await once(socket, "connect");
  return socket;
}

/** One head on each connection, one byte in each turn of the event loop; then their answers. */
async function dripOnce(sockets: readonly Socket[], head: Buffer): Promise<void> {
  const answers = sockets.map((socket) => once(socket, "data") as Promise<[Buffer]>);
  for (let at = 0; at < head.length; at++) {
    for (const socket of sockets) socket.write(head.subarray(at, at + 1));
    await turn();
  }
  for (const [answer] of await Promise.all(answers)) {
    if (!answer.toString("latin1").endsWith(HELLO)) throw new Error(`wrong answer: ${answer.toString("latin1")}`);
  }
}
