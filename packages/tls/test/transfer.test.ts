// What goes through a secure connection: large bodies both ways, at the pace of whoever is slower.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Application, Extension } from "../../core/src/index.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { turn, until } from "../../core/test/support/until.ts";
import { Authority } from "./support/authority.ts";
import { connectPlain } from "./support/secure-client.ts";
import { connectSecurely, serveSecure } from "./support/serve.ts";

const MIB = 1024 * 1024;
const WHOLE = 50 * MIB;
/** What the buffers of the system and of both TLS layers may hold of a connection. */
const BUFFERS_BYTES = 40 * MIB;

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };

/** Different in every piece, so that a lost, doubled or swapped one changes the hash. */
const content = randomBytes(WHOLE);
const contentHash = hash(content);

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reads the whole body, piece by piece, and answers with its hash and its length. */
const hashing: Application = async (environ, startResponse) => {
  const sum = createHash("sha256");
  let length = 0;
  for (;;) {
    const piece = await environ["wsgi.input"].read1();
    if (piece.length === 0) break;
    sum.update(piece);
    length += piece.length;
  }
  startResponse("200 OK", [["Connection", "close"]]);
  return [`${sum.digest("hex")} ${length}`];
};

function* pieces(size = 65_537): Generator<Buffer> {
  for (let start = 0; start < WHOLE; start += size) yield content.subarray(start, start + size);
}

const connect = (port: number, maxVersion: tls.SecureVersion = "TLSv1.3"): Promise<tls.TLSSocket> =>
  connectSecurely(port, { ca: authority.cert, servername: "localhost", maxVersion });

async function bodyOf(socket: tls.TLSSocket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  const all = Buffer.concat(parts);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}

/** The data of a chunked body. */
function dechunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let position = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", position);
    const size = Number.parseInt(body.toString("latin1", position, lineEnd), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    position = lineEnd + 2 + size + 2;
  }
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("50 MiB over %s", (version) => {
  test("are received as they were sent, with a Content-Length", async () => {
    const served = await serveSecure(own, hashing);
    const socket = await connect(served.port, version);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${WHOLE}\r\n\r\n`);
    socket.write(content);
    expect((await bodyOf(socket)).toString()).toBe(`${contentHash} ${WHOLE}`);
  });

  test("are received as they were sent, in chunks", async () => {
    const served = await serveSecure(own, hashing);
    const socket = await connect(served.port, version);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const piece of pieces()) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (!socket.write("\r\n")) await once(socket, "drain");
    }
    socket.write("0\r\n\r\n");
    expect((await bodyOf(socket)).toString()).toBe(`${contentHash} ${WHOLE}`);
  });

  test("arrive as the application gave them, with a Content-Length", async () => {
    const served = await serveSecure(own, (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Length", String(WHOLE)]]);
      return pieces();
    });
    const socket = await connect(served.port, version);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(hash(await bodyOf(socket))).toBe(contentHash);
    expect(await served.exchange()).toMatchObject({ completed: true, bodyBytes: WHOLE });
  });

  test("arrive as the application gave them, in chunks", async () => {
    const served = await serveSecure(own, async (_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        yield* pieces(100_003);
      })();
    });
    const socket = await connect(served.port, version);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(hash(dechunk(await bodyOf(socket)))).toBe(contentHash);
  });

  test("arrive as one item of the application", async () => {
    const served = await serveSecure(own, (_environ, startResponse) => {
      startResponse("200 OK", []);
      return [content];
    });
    const socket = await connect(served.port, version);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(hash(await bodyOf(socket))).toBe(contentHash);
  });

  test("come back while they are still being sent", async () => {
    const served = await serveSecure(own, (environ, startResponse) => {
      startResponse("200 OK", [["Content-Length", String(WHOLE)]]);
      return (async function* () {
        for (;;) {
          const piece = await environ["wsgi.input"].read1();
          if (piece.length === 0) return;
          yield piece;
        }
      })();
    });
    const socket = await connect(served.port, version);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${WHOLE}\r\n\r\n`);
    socket.write(content);
    expect(hash(await bodyOf(socket))).toBe(contentHash);
  });
});

/** Resolves when the value has not changed for many turns. */
async function settled(value: () => number): Promise<number> {
  let before = value();
  for (let unchanged = 0; unchanged < 20; unchanged++) {
    await turn();
    const now = value();
    if (now !== before) unchanged = 0;
    before = now;
  }
  return before;
}

describe("backpressure", () => {
  test("stops the application while the client takes nothing, and lets it go on when the client does", async () => {
    let produced = 0;
    const piece = Buffer.alloc(65_536, "x");
    const served = await serveSecure(own, (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Length", String(200 * MIB)]]);
      return (async function* () {
        for (; produced < 200 * MIB; produced += piece.length) yield piece;
      })();
    });
    const socket = await connect(served.port);
    let received = 0;
    socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => received > 0);
    socket.pause();
    const stalled = await settled(() => produced);
    expect(stalled).toBeLessThan(received + BUFFERS_BYTES);
    socket.resume();
    await until(() => produced > stalled + MIB);
  });

  test("leaves an upload that nobody reads with the system", async () => {
    const called = deferred();
    const mayRead = deferred();
    const sockets: Socket[] = [];
    const spy: Extension = { name: "spy", onEnviron: (_environ, { socket }) => sockets.push(socket as Socket) };
    const served = await serveSecure(
      own,
      async (environ, startResponse) => {
        called.resolve();
        await mayRead.promise;
        return hashing(environ, startResponse);
      },
      { extensions: [spy] },
    );
    const raw = await connectPlain(served.port);
    const socket = tls.connect({ socket: raw, ca: authority.cert, servername: "localhost" });
    onTestFinished(() => void socket.destroy());
    await once(socket, "secureConnect");
    const accepted = raw.bytesWritten;
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${WHOLE}\r\n\r\n`);
    socket.write(content);
    await called.promise;
    await settled(() => sockets[0]?.bytesRead ?? 0);
    expect(sockets[0]?.bytesRead).toBeGreaterThan(0);
    expect(sockets[0]?.bytesRead).toBeLessThan(accepted + MIB);
    expect(socket.writableLength).toBeGreaterThan(0);
    mayRead.resolve();
    expect((await bodyOf(socket)).toString()).toBe(`${contentHash} ${WHOLE}`);
  });
});
