// A WebSocket client of raw bytes: the handshake by hand, frames as they are told, everything that comes back.

import { once } from "node:events";
import net from "node:net";
import { onTestFinished } from "vitest";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** RFC 6455 §1.3. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export const HANDSHAKE: Readonly<Record<string, string>> = {
  Host: "localhost",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

export function request(headers: Readonly<Record<string, string | undefined>> = {}, line = "GET / HTTP/1.1"): string {
  const fields = Object.entries({ ...HANDSHAKE, ...headers }).filter(([, value]) => value !== undefined);
  return `${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly fin?: boolean;
  /** Reserved bits, 4 to 1. */
  readonly rsv?: number;
  readonly masked?: boolean;
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** RFC 6455 §5.2. */
export function frame({ opcode, payload = "", fin = true, rsv = 0, masked = true }: FrameParts): Buffer {
  const data = Buffer.from(payload as string);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  let head: Buffer;
  if (data.length < 126) head = Buffer.from([first, maskBit | data.length]);
  else if (data.length < 65536) head = Buffer.from([first, maskBit | 126, data.length >> 8, data.length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(data.length), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  return Buffer.concat([head, MASK, data.map((byte, i) => byte ^ (MASK[i & 3] as number))]);
}

/** What comes back for the frames, after the head of the 101: up to the answer to a last ping, and so many bytes, or the end. */
export async function exchange(port: number, bytes: Uint8Array, pieces = 1, least = 0): Promise<string> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.setNoDelay(true).write(request());
  let received = Buffer.alloc(0);
  const last = frame({ opcode: 9, payload: "last" });
  const pong = Buffer.from([0x8a, 4, ...Buffer.from("last")]);
  return await new Promise((resolve) => {
    let isOpen = false;
    const finish = (ending: string): void => resolve(`${received.toString("hex")} ${ending}`);
    socket.on("data", (piece) => {
      received = Buffer.concat([received, piece]);
      const end = received.indexOf("\r\n\r\n");
      if (!isOpen && end >= 0) {
        isOpen = true;
        received = received.subarray(end + 4);
        const size = Math.max(1, Math.ceil(bytes.length / pieces));
        for (let start = 0; start < bytes.length; start += size) socket.write(bytes.subarray(start, start + size));
        socket.write(last);
      }
      if (received.length >= least && received.includes(pong)) finish("open");
    });
    socket.on("end", () => {
      socket.end();
      finish("ended");
    });
    socket.on("close", () => finish("closed"));
  });
}
