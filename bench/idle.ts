// Very many connections that have had one answer and are quiet: what each costs the server in memory. The server collects its
// garbage before both readings. The client keeps the sockets in this process, and closes all of them.

import { once } from "node:events";
import net, { type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { ServerSpec } from "./contestants.ts";
import type { Sample } from "./results.ts";
import type { LoneEntrant } from "./row.ts";
import type { ServerProcess } from "./server-process.ts";
import { HELLO } from "./servers/workload.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const AT_ONCE = 100;
const TIMEOUT = 30_000;

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** A server of its own in each round: memory that was freed is seldom given back, and would hide what the next round costs. */
export function idle(name: string, spec: ServerSpec, connections: number): LoneEntrant {
  return {
    name,
    async measure({ bench }) {
      const server = await bench.start((port) => spec.launch(bench, port));
      try {
        await server.listening();
        return await measure(server, connections);
      } finally {
        await bench.stop(server);
      }
    },
  };
}

async function measure(server: ServerProcess, connections: number): Promise<Sample> {
  closeAll(await open(server, AT_ONCE)); // what is loaded and compiled at the first requests
  const before = await memoryOf(server);
  const sockets = await open(server, connections);
  const after = await memoryOf(server);
  const lost = sockets.filter((socket) => socket.destroyed).length;
  closeAll(sockets);
  if (lost > 0) throw new Error(`${lost} of ${connections} connections were closed meanwhile`);
  return perConnection(before, after, connections);
}

function perConnection(before: Memory, after: Memory, connections: number): Sample {
  const used = ({ heapUsed, external }: Memory): number => heapUsed + external;
  return {
    memory: (after.rss - before.rss) / connections / 1000,
    heap: (used(after) - used(before)) / connections / 1000,
  };
}

/** Opens connections, some at a time; each gets an answer. */
async function open(server: ServerProcess, connections: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < connections) {
    const count = Math.min(AT_ONCE, connections - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: count }, () => ask(server.port)))));
  }
  return sockets;
}

async function ask(port: number): Promise<Socket> {
  const socket = net.connect(port, "127.0.0.1");
  socket.setTimeout(TIMEOUT, () => socket.destroy(new Error("no answer in time")));
  socket.write(REQUEST);
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (!answer.toString("latin1").endsWith(HELLO)) throw new Error(`wrong answer: ${answer.toString("latin1")}`);
  socket.setTimeout(0);
  socket.on("error", () => {}); // a connection that was cut is found destroyed
  socket.resume();
  return socket;
}

function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Asks the server to collect its garbage, and for what is left. */
async function memoryOf(server: ServerProcess): Promise<Memory> {
  const known = server.printed.length;
  server.signal("SIGUSR2");
  for (const deadline = Date.now() + TIMEOUT; Date.now() < deadline; await wait(10)) {
    const fresh = server.printed.slice(known);
    if (fresh.endsWith("\n")) return JSON.parse(fresh) as Memory;
  }
  throw new Error("the server does not tell its memory");
}
