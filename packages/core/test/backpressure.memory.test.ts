// A gigabyte to a client that stops reading: what the application made and the client did not take is not kept.

import { expect, test } from "vitest";
import { type Child, startFixture } from "./support/child.ts";
import { Download } from "./support/download.ts";
import { turn } from "./support/until.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** What a server may hold of one download: queue, slice, and the garbage of counting. */
const ALLOWED = 4 * MIB;

async function living(child: Child): Promise<number> {
  const { bytes } = await child.ask("measure");
  return bytes as number;
}

/** Stops reading and resolves when the server must have noticed. */
async function stall(download: Download, child: Child): Promise<number> {
  download.socket.pause();
  let before = 0;
  let now = await living(child);
  for (let i = 0; i < 5 || now > before + MIB; i++) {
    before = now;
    await turn();
    now = await living(child);
  }
  return now;
}

test("keeps memory flat while a client stalls, reads and stalls again", { timeout: 20_000 }, async () => {
  const child = startFixture("download-server.ts");
  const { port } = await child.ask();
  const warmUp = await Download.begin(
    port as number,
    `GET /write?${MIB} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  );
  await warmUp.end();
  const baseline = await living(child);

  for (const kind of ["/generator", "/async-generator", "/write"]) {
    const download = await Download.begin(port as number, `GET ${kind}?${GIB} HTTP/1.1\r\nHost: a\r\n\r\n`);
    for (const target of [MIB, 64 * MIB]) {
      await download.receive(target);
      expect((await stall(download, child)) - baseline, `${kind} after ${target} bytes`).toBeLessThan(ALLOWED);
      download.socket.resume();
    }
    download.socket.resetAndDestroy();
  }

  const whole = await Download.begin(
    port as number,
    `GET /generator?${GIB} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  );
  await whole.receive(GIB / 2);
  expect((await living(child)) - baseline).toBeLessThan(ALLOWED);
  await whole.end();
  expect(whole.bytes - whole.start.indexOf("\r\n\r\n") - 4).toBe(GIB);
  expect((await living(child)) - baseline).toBeLessThan(ALLOWED);
});
