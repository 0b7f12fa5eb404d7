// Breaking off: what the peer sees on a TCP connection, by Node's flag and by the public method, and on what has no reset.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { resetSocket } from "../src/reset-socket.ts";
import { Client } from "./support/client.ts";

async function connection(address: net.ListenOptions): Promise<{ near: net.Socket; far: Client }> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(address);
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[net.Socket]>;
  const far = await Client.connect(address.path ?? (server.address() as net.AddressInfo).port);
  const [near] = await accepted;
  onTestFinished(() => {
    near.destroy();
    server.close();
  });
  return { near, far };
}

describe.each([
  ["by Node's flag", true],
  ["by the public method", false],
])("%s", (_, hasFlag) => {
  test("the peer of a TCP connection sees a reset", async () => {
    const { near, far } = await connection({ host: "127.0.0.1", port: 0 });
    near.write("some");
    await far.receive("some");
    const gone = new Promise((resolve) => far.socket.once("close", resolve));
    resetSocket(near, hasFlag);
    await gone;
    expect(far.error).toMatchObject({ code: "ECONNRESET" });
    expect(near.destroyed).toBe(true);
  });
});

test("the peer of a unix socket sees the end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wsgi-reset-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { near, far } = await connection({ path: join(folder, "s") });
  resetSocket(near);
  await far.end();
  expect(near.destroyed).toBe(true);
});

test("a stream that is no socket is destroyed", () => {
  const stream = new PassThrough();
  resetSocket(stream);
  resetSocket(stream, false);
  expect(stream.destroyed).toBe(true);
});
