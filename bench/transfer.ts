// Bodies of 100 MiB over one connection, up or down, chunked; and bodies of very many chunks. A client of its own that does little
// more than move bytes, so that the server is what limits. Its answers are read as bytes: framing is known beforehand.

import { once } from "node:events";
import net, { type Socket } from "node:net";
import type { ServerSpec } from "./contestants.ts";
import type { Sample } from "./results.ts";
import type { ServedEntrant, ServedRound } from "./row.ts";
import { PIECE, PIECES } from "./servers/workload.ts";

const TOTAL = PIECE.length * PIECES;
const FRAME = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from("\r\n")]);
const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const POST = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
const TIMEOUT = 60_000;

/** 100 MiB from the server. */
export function download(name: string, server: ServerSpec): ServedEntrant {
  return { name, server, measure: (round) => withMemory(round, () => exchange(round, receiveAll)) };
}

/** 100 MiB to the server. */
export function upload(name: string, server: ServerSpec): ServedEntrant {
  return {
    name,
    server,
    measure: (round) => withMemory(round, () => exchange(round, (socket) => sendAll(socket, FRAME, PIECES, TOTAL))),
  };
}

/** A body of one byte in each of so many chunks, again and again. */
export function manyChunks(name: string, server: ServerSpec, chunks: number, series: string): ServedEntrant {
  const perFrame = 1000;
  const frame = Buffer.from("1\r\nx\r\n".repeat(perFrame));
  return {
    name,
    server,
    series,
    x: chunks,
    async measure(round) {
      const [begun, before] = [performance.now(), round.server.cpuTime];
      let bodies = 0;
      do {
        await exchange(round, (socket) => sendAll(socket, frame, chunks / perFrame, chunks));
        bodies++;
      } while (performance.now() - begun < round.seconds * 1000);
      const [elapsed, after] = [performance.now() - begun, round.server.cpuTime];
      const cpu = before === undefined || after === undefined ? undefined : after - before;
      return {
        time: elapsed / bodies,
        ...(cpu !== undefined && { unitCost: (cpu * 1000) / (bodies * chunks) }),
      };
    },
  };
}

/** Does it on a new connection; fails when the server takes too long. */
async function exchange({ server }: ServedRound, transfer: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  socket.setTimeout(TIMEOUT, () => socket.destroy(new Error("the transfer stands still")));
  await once(socket, "connect");
  try {
    await transfer(socket);
  } finally {
    socket.destroy();
  }
}

/** Reads until the last chunk has come, and counts. */
async function receiveAll(socket: Socket): Promise<void> {
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  let [bytes, tail] = [0, Buffer.alloc(0)];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    bytes += piece.length;
    tail = Buffer.concat([tail, piece.subarray(-LAST_CHUNK.length)]).subarray(-LAST_CHUNK.length);
    if (tail.equals(LAST_CHUNK)) break;
  }
  if (bytes < TOTAL) throw new Error(`wrong answer: ${bytes} bytes for a body of ${TOTAL}`);
}

/** Sends frames of chunks; the answer is how many bytes they held. */
async function sendAll(socket: Socket, frame: Buffer, frames: number, size: number): Promise<void> {
  let answer = "";
  const answered = new Promise<void>((resolve, reject) => {
    socket.on("data", (piece) => {
      answer += piece.toString("latin1");
      if (answer.endsWith(`\r\n\r\n${size}`)) resolve();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`wrong answer: expected ${size} bytes counted, got ${answer}`)));
  });
  answered.catch(() => {}); // it is awaited below, perhaps later
  socket.write(POST);
  for (let n = 0; n < frames; n++) if (!socket.write(frame)) await Promise.race([once(socket, "drain"), answered]);
  socket.write(LAST_CHUNK);
  await answered;
}

/** Megabytes a second, and by how much the server's memory has grown at most since it listens. */
async function withMemory({ server }: ServedRound, transfer: () => Promise<void>): Promise<Sample> {
  const [begun, cpu] = [performance.now(), server.cpuTime];
  await transfer();
  const [seconds, after, growth] = [(performance.now() - begun) / 1000, server.cpuTime, server.memoryGrowth];
  return {
    throughput: TOTAL / seconds / 1e6,
    ...(cpu !== undefined && after !== undefined && { cpu: after - cpu }),
    ...(growth !== undefined && { peak: growth / 2 ** 20 }),
  };
}
