// Bodies that come bit by bit, both ways, and clients that leave.

import { describe, expect, test } from "vitest";
import { answerIn, ask } from "../../core/test/support/answers.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("a Response with a stream", () => {
  test("goes out item by item, chunked", async () => {
    const { promise, resolve } = deferred();
    const handler = (): Response =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(bytes("one"));
            await promise;
            controller.enqueue(bytes("two"));
            controller.close();
          },
        }),
      );
    const client = await (await serveFetch(handler)).connect();
    client.send(request("GET /"));
    await client.receive("3\r\none\r\n");
    resolve();
    expect(answerIn(await client.end())).toMatchObject({ chunks: ["one", "two"], complete: true });
  });

  test("sends its head before its first item", async () => {
    const { promise, resolve } = deferred();
    const handler = (): Response =>
      new Response(new ReadableStream({ pull: (controller) => promise.then(() => controller.close()) }));
    const client = await (await serveFetch(handler)).connect();
    client.send(request("GET /"));
    await client.receive("Transfer-Encoding: chunked\r\n");
    resolve();
    expect(answerIn(await client.end())).toMatchObject({ body: "", complete: true });
  });

  test("is pulled at the client's pace", async () => {
    let pulled = 0;
    const piece = new Uint8Array(64 * 1024);
    const handler = (): Response =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              pulled++;
              controller.enqueue(piece);
            },
          },
          { highWaterMark: 0 },
        ),
      );
    const client = await (await serveFetch(handler)).connect();
    client.socket.pause();
    client.send(request("GET /"));
    await until(() => pulled > 10);
    for (let last = -1; last !== pulled; ) {
      last = pulled;
      for (let n = 0; n < 20; n++) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(pulled).toBeLessThan(400); // what the system's buffers take; without pacing there is no end
    client.leave();
  });

  test.each([["waits", false], ["flows", true]])("is cancelled when the client leaves while it %s", async (_title, flows) => {
    const cancelled = deferred<unknown>();
    const handler = (): Response =>
      new Response(
        new ReadableStream(
          {
            start: (controller) => controller.enqueue(bytes("first")),
            async pull(controller) {
              if (flows) controller.enqueue(bytes("more"));
              else await new Promise(() => {});
            },
            cancel: (reason) => cancelled.resolve(reason),
          },
          { highWaterMark: 0 },
        ),
      );
    const served = await serveFetch(handler);
    const client = await served.connect();
    client.send(request("GET /"));
    await client.receive("first");
    client.reset();
    await cancelled.promise;
    expect((await served.exchange()).completed).toBe(false);
    expect(served.log.join("\n")).not.toMatch(/failed/);
  }); // biome-ignore format: a table

  test("that nobody wants, as it answers HEAD, is cancelled", async () => {
    const cancelled = deferred<unknown>();
    const handler = (): Response =>
      new Response(new ReadableStream({ pull: (c) => c.enqueue(bytes("x")), cancel: cancelled.resolve }));
    const answer = await ask(await serveFetch(handler), request("HEAD /"), "HEAD");
    expect([answer.status, answer.header("content-length")]).toEqual([200, undefined]);
    await cancelled.promise;
  });

  test("that fails midway is unmistakably incomplete, and logged", async () => {
    let count = 0;
    const handler = (): Response =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              if (count++ < 2) controller.enqueue(bytes("part"));
              else controller.error(new Error("meant"));
            },
          },
          { highWaterMark: 0 },
        ),
      );
    const served = await serveFetch(handler);
    const answer = await ask(served, request("GET /"));
    expect([answer.status, answer.body, answer.complete]).toEqual([200, "partpart", false]);
    await served.logged(/Error: meant/);
    count = 0;
    await expect(fetch(served.url).then((response) => response.text())).rejects.toThrow();
  });

  test("keeps the length that it was given", async () => {
    const handler = (): Response =>
      new Response(new Blob(["a", "b"]).stream() as ReadableStream, { headers: { "content-length": "2" } });
    const answer = await ask(await serveFetch(handler), request("GET /"));
    expect([answer.header("content-length"), answer.body, answer.chunks]).toEqual(["2", "ab", undefined]);
  });
});

describe("the body of a Request", () => {
  test("is read when it is asked for, whole or by items", async () => {
    const served = await serveFetch(async (asked) => new Response(`${asked.url.slice(-1)} ${await asked.text()}`));
    const answer = await ask(served, `${request("POST /a", "Content-Length: 5")}Hello`);
    expect(answer.body).toBe("a Hello");
    const chunked = await ask(served, `${request("POST /b", "Transfer-Encoding: chunked")}2\r\nab\r\n0\r\n\r\n`);
    expect(chunked.body).toBe("b ab");
  });

  test("stays with the kernel until then", async () => {
    const go = deferred();
    let size = 0;
    const served = await serveFetch(async (asked) => {
      await go.promise;
      for await (const piece of asked.body as unknown as AsyncIterable<Uint8Array>) size += piece.length;
      return new Response(String(size));
    });
    const client = await served.connect();
    const total = 64 * 1024 * 1024;
    client.send(request("POST /", `Content-Length: ${total}`));
    const sent = client.sendAll(Buffer.alloc(total));
    await until(() => client.socket.bytesWritten > 0 && client.socket.writableLength > 0);
    for (let n = 0; n < 50; n++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    go.resolve();
    await sent;
    expect(answerIn(await client.end()).body).toBe(String(total));
  });

  test("can be echoed while it comes", async () => {
    const served = await serveFetch((asked) => new Response(asked.body));
    const client = await served.connect();
    client.send(request("POST /", "Content-Length: 6"));
    client.send("one");
    await client.receive("one");
    client.send("two");
    expect(answerIn(await client.end())).toMatchObject({ body: "onetwo", complete: true });
  });

  test("is null where there is none, and for GET whatever came", async () => {
    const served = await serveFetch((asked) => new Response(String(asked.body)));
    expect((await ask(served, request("POST /"))).body).toBe("null");
    expect((await ask(served, request("POST /", "Content-Length: 0"))).body).toBe("null");
    expect((await ask(served, `${request("GET /", "Content-Length: 1")}x`)).body).toBe("null");
  });

  test("asks for 100 Continue by being read", async () => {
    const served = await serveFetch(async (asked) => new Response(await asked.text()));
    const client = await served.connect();
    client.send(request("POST /", "Content-Length: 2", "Expect: 100-continue"));
    await client.receive("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    expect(await client.end()).toMatch(/\r\n\r\nok$/);
  });

  test("that is too large is answered with 413, unless the handler catches the error", async () => {
    const served = await serveFetch(async (asked) => new Response(await asked.text()), {}, { maxBodyBytes: 3 });
    const answer = await ask(served, `${request("POST /", "Transfer-Encoding: chunked")}4\r\nabcd\r\n0\r\n\r\n`);
    expect(answer.status).toBe(413);
  });

  test.each(["text", "stream"])("rejects when the client leaves inside it: %s", async (way) => {
    const failed = deferred<{ name: string }>();
    const served = await serveFetch(async (asked) => {
      try {
        if (way === "text") await asked.text();
        else for await (const _ of asked.body as unknown as AsyncIterable<Uint8Array>);
      } catch (error) {
        failed.resolve(error as Error);
        throw error;
      }
      return new Response();
    });
    const client = await served.connect();
    client.send(`${request("POST /", "Content-Length: 10")}part`);
    await until(() => served.server.counters.active === 1);
    client.reset();
    expect((await failed.promise).name).toBe("ClientDisconnected");
    await served.exchange();
    expect(served.log.join("\n")).not.toMatch(/failed/);
  });
});

test.each(["text", "formData"] as const)("a body that has come whole is read after its client has left: %s()", async (way) => {
  const called = deferred();
  const read = deferred<string>();
  const served = await serveFetch(async (asked) => {
    const { signal } = asked;
    called.resolve();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    const body = await asked[way]().catch((error: Error) => error.name);
    read.resolve(typeof body === "string" ? body : String((body as FormData).get("a")));
    return new Response();
  });
  const client = await served.connect();
  const type = "Content-Type: application/x-www-form-urlencoded";
  client.send(`${request("POST /", type, "Content-Length: 3")}a=b`);
  await called.promise;
  client.leave();
  expect(await read.promise).toBe(way === "text" ? "a=b" : "b");
}); // biome-ignore format: short

test("the signal fires when the client leaves, and a handler that gives up is no failure", async () => {
  const called = deferred();
  const reason = deferred<unknown>();
  const served = await serveFetch(async ({ signal }) => {
    called.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason.resolve(signal.reason);
    signal.throwIfAborted();
    return new Response();
  });
  const client = await served.connect();
  client.send(request("GET /"));
  await called.promise;
  client.leave();
  expect(await reason.promise).toMatchObject({ name: "ClientDisconnected" });
  await served.exchange();
  expect(served.log.join("\n")).not.toMatch(/failed/);
});

describe("a client that closes its sending side", () => {
  const quiet = (cancel: () => void): ReadableStream =>
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes("first")),
      pull: () => new Promise(() => {}),
      cancel,
    });

  test("is left by a source that stays quiet, visibly", async () => {
    const cancelled = deferred();
    const served = await serveFetch(() => new Response(quiet(cancelled.resolve)));
    const client = await served.connect();
    client.send(request("GET /"));
    await client.receive("first");
    client.finish();
    await cancelled.promise;
    expect(answerIn(await client.end())).toMatchObject({ body: "first", complete: false });
    await served.exchange();
    expect(served.log.join("\n")).not.toMatch(/failed/);
  });

  test("gets all of what flows", async () => {
    let count = 0;
    const flowing = (): ReadableStream =>
      new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (count++ < 50) controller.enqueue(bytes("x"));
          else controller.close();
        },
      });
    const client = await (await serveFetch(() => new Response(flowing()))).connect();
    client.send(request("GET /"));
    client.finish();
    expect(answerIn(await client.end())).toMatchObject({ body: "x".repeat(50), complete: true });
  });
});
