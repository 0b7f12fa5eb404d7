// Clients that never finish a handshake: garbage, silence, stalls, drips, resets and floods. They are counted, told at
// debug, bounded in time, and delay nobody.

import { once } from "node:events";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { turn, until } from "../../core/test/support/until.ts";
import { Authority } from "./support/authority.ts";
import { attempt, clientHello, closed, connectPlain, SecureClient } from "./support/secure-client.ts";
import { type SecureServed, serveSecure } from "./support/serve.ts";

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const own = { cert, key };
const trusting = { ca: authority.cert };
const hello = await clientHello();
const NOTHING = { pending: 0, completed: 0, resumed: 0, failed: 0, timedOut: 0, plainHttp: 0, silent: 0 };

async function expectServed(served: SecureServed): Promise<void> {
  const { text } = await attempt(served.port, trusting);
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
}

/** Everything is over, and exactly this was counted. */
async function expectCounted(served: SecureServed, counted: Partial<typeof NOTHING>): Promise<void> {
  await until(() => served.listener.counters.pending === 0);
  expect(served.listener.counters).toEqual({ ...NOTHING, ...counted });
}

describe("garbage", () => {
  test.each<[string, Buffer]>([
    ["zeros", Buffer.alloc(100)],
    ["a hello of SSLv2", Buffer.from("802e0100020015000000100100800200800300800400800500800600400700c0", "hex")],
    ["a digit", Buffer.from("1")],
    ["a line end", Buffer.from("\r\n\r\n")],
    ["bytes above 0x7f", Buffer.alloc(1000, 0xff)],
    ["a record of another kind", Buffer.from("17030300051234567890", "hex")],
    ["an alert", Buffer.from("15030100020228", "hex")],
    [
      "a handshake record with rubbish in it",
      Buffer.concat([Buffer.from("1603010100", "hex"), Buffer.alloc(256, 0xaa)]),
    ],
    ["a handshake record of no known version", Buffer.concat([Buffer.from("16ffff0100", "hex"), Buffer.alloc(256, 1)])],
    ["a handshake record that is too long", Buffer.concat([Buffer.from("160301ffff", "hex"), Buffer.alloc(65_535, 1)])],
    [
      "a hello with a broken length inside",
      Buffer.concat([hello.subarray(0, 43), Buffer.alloc(hello.length - 43, 0xff)]),
    ],
    ["a hello and then rubbish", Buffer.concat([hello, Buffer.alloc(500, 0x47)])],
  ])("%s is closed, counted and told", async (_name, bytes) => {
    const served = await serveSecure(own);
    const socket = await connectPlain(served.port);
    socket.write(bytes);
    await closed(socket);
    expect(await served.logged(/TLS handshake/)).toMatch(/^\(\d+\) TLS handshake with 127\.0\.0\.1:\d+ failed: ./);
    await expectCounted(served, { failed: 1 });
    await expectServed(served);
  });
});

describe("a client that sends nothing", () => {
  test("and closes is counted as silent", async () => {
    const served = await serveSecure(own);
    const socket = await connectPlain(served.port);
    socket.end();
    await closed(socket);
    await expectCounted(served, { silent: 1 });
    await expectServed(served);
  });

  test("and resets is counted as silent", async () => {
    const served = await serveSecure(own);
    const socket = await connectPlain(served.port);
    await until(() => served.listener.counters.pending === 1);
    socket.resetAndDestroy();
    await expectCounted(served, { silent: 1 });
  });

  test("is closed after handshakeTimeout, counted and told", async () => {
    const served = await serveSecure({ ...own, handshakeTimeout: 0.1 });
    const socket = await connectPlain(served.port);
    await closed(socket);
    await expectCounted(served, { timedOut: 1 });
    expect(served.log.filter((line) => line.includes("TLS handshake"))).toEqual([
      expect.stringMatching(/TLS handshake with 127\.0\.0\.1:\d+ failed: the client sent nothing in time$/),
    ]);
  });
});

describe("a client that stops in the middle", () => {
  const parts: [string, Buffer][] = [
    ["after one byte", hello.subarray(0, 1)],
    ["inside the header of the record", hello.subarray(0, 3)],
    ["inside its hello", hello.subarray(0, 100)],
    ["one byte before its hello ends", hello.subarray(0, -1)],
    ["after its hello", hello],
  ];

  test.each(parts)("%s is closed after handshakeTimeout, counted and told", async (_name, part) => {
    const served = await serveSecure({ ...own, handshakeTimeout: 0.1 });
    const socket = await connectPlain(served.port);
    socket.write(part);
    await closed(socket);
    expect(await served.logged(/TLS handshake/)).toMatch(/with 127\.0\.0\.1:\d+ failed: the client took too long/);
    await expectCounted(served, { timedOut: 1 });
  });

  test.each(parts)("%s and closes is over at once", async (_name, part) => {
    const served = await serveSecure(own);
    const socket = await connectPlain(served.port);
    socket.end(part);
    await closed(socket);
    expect(await served.logged(/TLS handshake/)).toMatch(/with 127\.0\.0\.1:\d+ failed: the client left/);
    await expectCounted(served, { failed: 1 });
    await expectServed(served);
  });

  test.each(parts)("%s and resets is over at once", async (_name, part) => {
    const served = await serveSecure(own);
    const socket = await connectPlain(served.port);
    socket.write(part);
    await until(() => served.listener.counters.pending === 1);
    await turn();
    socket.resetAndDestroy();
    await until(() => served.listener.counters.pending === 0);
    const { failed, silent } = served.listener.counters;
    expect(failed + silent).toBe(1); // the reset may overtake the bytes
    await expectServed(served);
  });
});

test("handshakeTimeout is a limit for the whole, also for a client that sends a byte now and then", async () => {
  const served = await serveSecure({ ...own, handshakeTimeout: 0.3 });
  const socket = await connectPlain(served.port);
  let sent = 0;
  const drip = setInterval(() => {
    if (sent < hello.length - 1) socket.write(hello.subarray(sent, ++sent));
  }, 20);
  onTestFinished(() => clearInterval(drip));
  await closed(socket);
  expect(sent).toBeLessThan(hello.length - 1); // it would have gone on for seconds
  await expectCounted(served, { timedOut: 1 });
});

test("an alert in the middle of a handshake is a failed one", async () => {
  const served = await serveSecure(own);
  const distrusting = await attempt(served.port, {}); // knows no authority of ours
  expect(distrusting.error?.code).toMatch(/UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
  await until(() => served.listener.counters.pending === 0);
  await expectServed(served);
});

describe("nobody is delayed", () => {
  test("by a client that is stuck in the middle of its handshake", async () => {
    const served = await serveSecure(own);
    const stuck = await connectPlain(served.port);
    stuck.write(hello);
    await once(stuck, "data");
    for (let count = 0; count < 5; count++) await expectServed(served);
    expect(served.listener.counters).toMatchObject({ pending: 1, completed: 5 });
    expect(stuck.destroyed).toBe(false);
  });

  test("by stuck clients when there is room for one connection only", async () => {
    const served = await serveSecure(own, undefined, { maxSize: 1 });
    const stuck = await Promise.all(Array.from({ length: 5 }, () => connectPlain(served.port)));
    for (const socket of stuck) socket.write(hello);
    await until(() => served.listener.counters.pending === 5);
    await expectServed(served);
  });

  test("by five hundred that connect at once, some of which stall, leave or talk rubbish", {
    timeout: 60_000,
  }, async () => {
    const served = await serveSecure({ ...own, handshakeTimeout: 30 });
    const early = await SecureClient.connect(served.port, trusting);
    const flood = Array.from({ length: 500 }, async (_none, index) => {
      if (index % 5 === 0) return void (await attempt(served.port, trusting));
      const socket = await connectPlain(served.port);
      if (index % 5 === 1) socket.write(hello.subarray(0, 50));
      if (index % 5 === 2) socket.write(Buffer.alloc(10, index));
      if (index % 5 === 3) socket.end();
      if (index % 5 === 4) socket.write(hello, () => socket.resetAndDestroy());
      return;
    });
    const middle = attempt(served.port, trusting);
    early.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await early.receive(/\}$/);
    expect((await middle).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await Promise.all(flood);
    await expectServed(served);
    await until(() => served.listener.counters.pending === 100);
    const { completed, failed, silent, timedOut } = served.listener.counters;
    expect({ completed, timedOut }).toEqual({ completed: 103, timedOut: 0 });
    expect(failed + silent + served.listener.counters.plainHttp).toBe(300);
    await served.server.close({ timeout: 0 });
    await until(() => served.listener.counters.pending === 0);
  });
});

test("failed handshakes do not stop the server, as in eventlet's test of handshake errors", async () => {
  const served = await serveSecure(own);
  for (let round = 0; round < 3; round++) {
    const plain = await served.connect();
    plain.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    expect(await plain.end()).toMatch(/^HTTP\/1\.1 400 /);
    const rubbish = await connectPlain(served.port);
    rubbish.end("\0\0\0\0");
    await closed(rubbish);
    const distrusting = tls.connect({ port: served.port, host: "127.0.0.1", servername: "localhost" });
    await once(distrusting, "error");
    await expectServed(served);
  }
  expect(served.log.filter((line) => /uncaught|unhandled|accepting connections failed/i.test(line))).toEqual([]);
});
