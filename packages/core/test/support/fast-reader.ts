// A client in a thread of its own, which takes what comes as fast as the system brings it: in the server's own thread a
// reader can never be faster than the server lets it.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

const PROGRAM = `
const net = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
let bytes = 0;
const socket = net.connect({ port: workerData.port, host: "127.0.0.1", onread: {
  buffer: Buffer.alloc(1024 * 1024),
  callback: (count) => { if (bytes === 0) parentPort.postMessage("begun"); bytes += count; return true; },
} });
socket.write("GET " + workerData.path + " HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n");
socket.on("error", () => {});
socket.on("close", () => parentPort.postMessage("ended"));
`;

export interface FastReader {
  /** Resolves when the server has closed the connection. */
  readonly ended: Promise<void>;
  leave(): Promise<void>;
}

/** Resolves when the first bytes came. */
export async function startFastReader(port: number, path: string): Promise<FastReader> {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { port, path } });
  const leave = async (): Promise<void> => {
    await worker.terminate();
  };
  onTestFinished(leave);
  const ended = new Promise<void>((resolve) => {
    worker.on("message", (message) => {
      if (message === "ended") resolve();
    });
  });
  await once(worker, "message");
  return { ended, leave };
}
