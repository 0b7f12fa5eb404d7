// The client leaves while the body has nothing to send: a quiet stream must not live on for want of its next item.

import { once } from "node:events";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { expect, test } from "vitest";
import { ClientDisconnected } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { expectUnharmed, leavable, WAYS_TO_LEAVE } from "./support/leaving.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("destroys a quiet Readable when the client resets", async () => {
  const readable = new Readable({ read() {} });
  readable.push("first");
  const closed = once(readable, "close");
  const served = await serve(
    leavable((_environ, startResponse) => {
      startResponse("200 OK", []);
      return readable;
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await client.receive("first");
  client.reset();
  await closed;
  expect(await served.exchange()).toMatchObject({ completed: false, bodyBytes: 5, disconnectPhase: "response-body" });
  await expectUnharmed(served, 1);
});

test("cancels a quiet web ReadableStream when the client resets", async () => {
  const cancelled = deferred<unknown>();
  const stream = new ReadableStream<string>({
    start: (controller) => controller.enqueue("first"),
    cancel: (reason) => cancelled.resolve(reason),
  });
  const served = await serve(
    leavable((_environ, startResponse) => {
      startResponse("200 OK", []);
      return stream as AsyncIterable<string>;
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await client.receive("first");
  client.reset();
  await cancelled.promise;
  await expectUnharmed(served, 1);
});

test("ends a quiet asynchronous generator that listens to the signal", async () => {
  const closed = deferred();
  const served = await serve(
    leavable((environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        try {
          yield "first";
          await once(environ["wsgi.signal"], "abort");
          yield "never";
        } finally {
          closed.resolve();
        }
      })();
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await client.receive("first");
  client.reset();
  await closed.promise;
  expect(await served.exchange()).toMatchObject({ bodyBytes: 5, completed: false });
  await expectUnharmed(served, 1);
});

test.each(WAYS_TO_LEAVE)("tells an event stream that the client left by %s, and stops it", async (_way, leave) => {
  const closed = deferred();
  let send: (text: string) => void = () => {};
  const served = await serve(
    leavable((environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
      const queue = new Readable({ read() {}, encoding: "utf8" });
      send = (text) => queue.push(text);
      environ["wsgi.signal"].addEventListener("abort", () => queue.push(null));
      return queue.on("close", closed.resolve);
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await until(() => served.server.counters.active === 1);
  send("data: 1\n\n");
  await client.receive("data: 1");
  leave(client);
  await closed.promise;
  await served.exchange();
  await expectUnharmed(served, 1);
});

test("does not count what a broken connection refused", async () => {
  const aborted = deferred();
  const served = await serve(
    leavable(async (environ, startResponse) => {
      const write = startResponse("200 OK", [["Content-Length", "100"]]);
      await once(environ["wsgi.signal"], "abort");
      aborted.resolve();
      await write("x".repeat(10)); // the system takes it, and the peer answers with a reset
      await turn();
      return ["y".repeat(90)];
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await until(() => served.server.counters.active === 1);
  client.leave();
  await aborted.promise;
  const exchange = await served.exchange();
  expect(exchange).toMatchObject({ bodyBytes: 10, completed: false, disconnectPhase: "response-body" });
  expect(exchange.error).toBeInstanceOf(ClientDisconnected);
  await expectUnharmed(served, 1);
});

test("rejects a write() that waits for a client which resets", async () => {
  const failure = deferred<unknown>();
  const served = await serve(
    leavable(async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      try {
        for (;;) await write("x".repeat(60_000));
      } catch (error) {
        failure.resolve(error);
        throw error;
      }
    }),
  );
  const client = await served.connect();
  client.socket.pause();
  client.send(GET);
  await until(() => served.server.counters.active === 1);
  client.reset();
  expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
  await served.exchange();
  await expectUnharmed(served, 1);
});

test("rejects a write() that comes after the client is gone", async () => {
  const failures: unknown[] = [];
  const over = deferred();
  const tried = deferred();
  const served = await serve(
    leavable(async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      await write("begun");
      await over.promise;
      await write("late").catch((error: unknown) => failures.push(error));
      tried.resolve();
      return [];
    }),
  );
  const client = await served.connect();
  client.send(GET);
  await client.receive("begun");
  client.reset();
  await served.exchange();
  over.resolve();
  await tried.promise;
  expect(failures).toEqual([expect.any(ClientDisconnected)]);
  await expectUnharmed(served, 1);
});
