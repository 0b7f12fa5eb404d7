// Sessions that are resumed by ticket, and those that are not any more.

import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { until } from "../../core/test/support/until.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, GET } from "./support/secure-client.ts";
import { ask, connectSecurely, serveSecure } from "./support/serve.ts";
import { hasOpenssl, sClient } from "./support/tools.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };

/** The session of a new connection that has served a request. */
async function newSession(port: number, version: (typeof VERSIONS)[number]): Promise<Buffer> {
  const socket = await connectSecurely(port, { ...trusting, servername: "localhost", maxVersion: version });
  const ticket = version === "TLSv1.3" ? once(socket, "session") : [socket.getSession()];
  await ask(socket);
  return (await ticket)[0] as Buffer;
}

describe.each(VERSIONS)("a session of %s", (version) => {
  const resume = (port: number, session: Buffer) => attempt(port, { ...trusting, maxVersion: version, session });

  test("is resumed", async () => {
    const served = await serveSecure(own);
    const session = await newSession(served.port, version);
    expect(served.listener.counters).toMatchObject({ completed: 1, resumed: 0 });
    const { text, resumed } = await resume(served.port, session);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(resumed).toBe(true);
    expect(served.listener.counters).toMatchObject({ completed: 2, resumed: 1, failed: 0 });
  });

  test("is resumed by another process that has the same ticket keys", async () => {
    const ticketKeys = Buffer.alloc(48, "k");
    const first = await serveSecure({ ...own, ticketKeys });
    const second = await serveSecure({ ...own, ticketKeys });
    const stranger = await serveSecure(own);
    const session = await newSession(first.port, version);
    expect((await resume(second.port, session)).resumed).toBe(true);
    const { text, resumed } = await resume(stranger.port, session);
    expect(resumed).toBe(false);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(stranger.listener.counters).toMatchObject({ completed: 1, resumed: 0 });
  });

  test("is not resumed after sessionTimeout", async () => {
    const served = await serveSecure({ ...own, sessionTimeout: 1 });
    const session = await newSession(served.port, version);
    const made = Math.floor(Date.now() / 1000);
    await until(() => Date.now() / 1000 > made + 2.1); // OpenSSL counts whole seconds of the wall clock
    const { text, resumed } = await resume(served.port, session);
    expect(resumed).toBe(false);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(served.listener.counters).toMatchObject({ completed: 2, resumed: 0 });
  });

  test.skipIf(!hasOpenssl)("is resumed by openssl", async () => {
    const served = await serveSecure(own);
    const { ca, folder } = writeFiles({ ca: authority.cert });
    const file = join(folder, "session");
    const flags = ["-CAfile", ca, version === "TLSv1.2" ? "-tls1_2" : "-tls1_3"];
    const first = await sClient(served.port, GET, ...flags, "-sess_out", file);
    expect(first.stdout).toMatch(/^New, /m);
    const second = await sClient(served.port, GET, ...flags, "-sess_in", file);
    expect(second.stdout).toMatch(/^Reused, /m);
    expect(second.stdout).toContain("HTTP/1.1 200 OK");
    expect(served.listener.counters).toMatchObject({ completed: 2, resumed: 1, failed: 0 });
  });
});
