// The client leaves in the middle of a response: every kind of body is closed, and the exchange says what was sent.

import { describe, expect, test } from "vitest";
import { ClientDisconnected } from "../src/index.ts";
import { BODY_KINDS, PIECE_BYTES } from "./support/bodies.ts";
import { deferred } from "./support/deferred.ts";
import { Download } from "./support/download.ts";
import { expectTimesInOrder, expectUnharmed, leavable } from "./support/leaving.ts";
import { serve } from "./support/serve.ts";
import { turn } from "./support/until.ts";

const MIB = 1024 * 1024;
const WHOLE = 100 * MIB;
/** What a server queues ahead of the system, and the write that was half taken when the client left. */
const QUEUE_SLACK = 256 * 1024;
/** What the buffers of the two ends of a connection may hold between them. */
const KERNEL_SLACK = 40 * MIB;

const WAYS: readonly [string, (download: Download) => void][] = [
  ["FIN", (download) => download.socket.destroy()],
  ["RST", (download) => download.socket.resetAndDestroy()],
];

describe.each(Object.entries(BODY_KINDS))("a client that leaves inside the body from %s", (_kind, makeBody) => {
  test.each(WAYS)("by %s ends it and is accounted with what was sent", async (_way, leave) => {
    const { respond, fate } = makeBody(WHOLE);
    const aborted = deferred<unknown>();
    const served = await serve(
      leavable((environ, startResponse) => {
        const signal = environ["wsgi.signal"];
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        return respond(environ, startResponse);
      }),
    );
    const download = await Download.begin(served.port);
    await download.receive(MIB);
    download.socket.pause();
    await turn();
    leave(download);
    expect(await aborted.promise).toBeInstanceOf(ClientDisconnected);
    await fate.whenClosed;
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({ status: 200, completed: false, disconnectPhase: "response-body" });
    expect(exchange.error).toBeInstanceOf(ClientDisconnected);
    expect(exchange.totalBytes).toBeGreaterThan(download.bytes - QUEUE_SLACK);
    expect(exchange.totalBytes).toBeLessThan(download.bytes + KERNEL_SLACK);
    expect(exchange.bodyBytes).toBeLessThanOrEqual(fate.produced + PIECE_BYTES);
    if (fate.produced < WHOLE) expect(exchange.bodyBytes).toBeGreaterThan(fate.produced - 2 * QUEUE_SLACK);
    expect(exchange.totalBytes - exchange.bodyBytes).toBeGreaterThan(50);
    expect(exchange.totalBytes - exchange.bodyBytes).toBeLessThan(200);
    expectTimesInOrder(exchange);
    await expectUnharmed(served, 1);
    expect(fate.closed).toBe(1);
  });
});

describe.each(Object.entries(BODY_KINDS))("a client that takes the whole body from %s", (kind, makeBody) => {
  test("is accounted with all of it", async () => {
    const { respond, fate } = makeBody(4 * MIB);
    const served = await serve(leavable(respond));
    const download = await Download.begin(served.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await download.end();
    download.socket.end();
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({
      bodyBytes: 4 * MIB,
      completed: true,
      disconnectPhase: undefined,
      error: undefined,
    });
    expect(exchange.totalBytes).toBe(download.bytes);
    await expectUnharmed(served, 1);
    if (kind === "a web ReadableStream") return expect(fate.closed).toBe(0); // one that ended is not cancelled
    await fate.whenClosed;
    expect(fate.closed).toBe(1);
  });
});
