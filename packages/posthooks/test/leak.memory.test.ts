// A hundred thousand requests with hooks, and as many without: nothing of them is kept.

import { expect, test } from "vitest";
import { startFixture } from "../../core/test/support/child.ts";
import { Download } from "../../core/test/support/download.ts";

const REQUESTS = 100_000;
const CONNECTIONS = 4;
/** Requests that one connection sends before it waits for the answers. */
const BATCH = 250;
const MIB = 1024 * 1024;

/** Sends the requests in batches over a few connections at the same time. */
async function sendAll(port: number, path: string, count: number): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const send = async (): Promise<void> => {
    const download = await Download.begin(port, request);
    await download.receive(1);
    const answerBytes = download.bytes;
    for (let sent = 1; sent < count / CONNECTIONS; sent += BATCH) {
      const batch = Math.min(BATCH, count / CONNECTIONS - sent);
      download.socket.write(request.repeat(batch));
      await download.receive((sent + batch) * answerBytes);
    }
    download.socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
}

test("100,000 requests leave nothing behind", { timeout: 60_000 }, async () => {
  const child = startFixture("../../../posthooks/test/fixtures/counting-server.ts");
  const { port } = await child.ask();
  let hooks = 0;
  for (const path of ["/", "/none"]) {
    await sendAll(port as number, path, REQUESTS / 10);
    const before = await child.ask("measure");
    await sendAll(port as number, path, REQUESTS);
    const after = await child.ask("measure");
    if (path === "/") hooks = 2 * (REQUESTS + REQUESTS / 10);
    expect(after).toMatchObject({ run: hooks, failed: 0, timedOut: 0, dropped: 0, pending: 0, running: 0 });
    expect((after["living"] as number) - (before["living"] as number), path).toBeLessThan(4 * MIB); // 42 bytes a request
  }
});
