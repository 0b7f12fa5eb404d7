// Slow senders and slow takers are dropped, quiet connections are not. Real clocks, short times; the verdicts themselves
// are tested in progress-guard.test.ts.

import { describe, expect, test } from "vitest";
import { type Options, ProtocolError } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { Download } from "./support/download.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";

/** Limits that end whatever they are applied to at once. */
const STRICT: Options = { socketTimeout: 0.05, minimumDataRate: 1e9, dataRateGrace: 0.05 };
const LAX: Options = { socketTimeout: 0, minimumDataRate: 0, headTimeout: 0 };

const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
  startResponse("200 OK", []);
  return ["hello"];
};

const after = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe("a client that sends its body too slowly", () => {
  test.each<[string, Options, RegExp]>([
    ["without progress", { socketTimeout: 0.1, minimumDataRate: 0 }, /no progress for 0.1 s/],
    ["below the rate", { socketTimeout: 0, minimumDataRate: 1e6, dataRateGrace: 0.1 }, /bytes a second, fewer than/],
  ])("%s is answered with 408 and dropped", async (_how, options, reason) => {
    const failure = deferred<unknown>();
    const served = await serve(async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read().catch((error: unknown) => {
        failure.resolve(error);
        throw error;
      });
      startResponse("200 OK", []);
      return [body];
    }, options);
    const client = await served.connect();
    client.send(`${POST}1234`);
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n.*Connection: close\r\n/s);
    expect(await failure.promise).toBeInstanceOf(ProtocolError);
    expect(await failure.promise).toMatchObject({ code: "BODY_TIMEOUT", message: expect.stringMatching(reason) });
    expect(await served.exchange()).toMatchObject({ status: 408, error: await failure.promise });
  });

  test("is dropped while it drips", async () => {
    const served = await serve(
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      },
      { socketTimeout: 30, minimumDataRate: 10_000, dataRateGrace: 0.1 },
    );
    const client = await served.connect();
    client.send(POST);
    const dripping = setInterval(() => client.send("x"), 10);
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 /);
    clearInterval(dripping);
  });

  test("but above the rate is waited for", async () => {
    const served = await serve(
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [`read ${body.length}`];
      },
      { socketTimeout: 0.25, minimumDataRate: 100, dataRateGrace: 0.05 },
    );
    const client = await served.connect();
    client.send(POST.replace("100", "2000"));
    for (let i = 0; i < 20; i++) {
      client.send("x".repeat(100));
      await after(0.025);
    }
    await client.receive(/\r\n\r\nread 2000$/);
  });

  test("gets the answer of an application that takes what came", async () => {
    const served = await serve(
      async (environ, startResponse) => {
        const input = environ["wsgi.input"];
        const first = await input.read(4);
        await input.read().catch(() => {});
        startResponse("200 OK", []);
        return [first];
      },
      { ...STRICT },
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    expect(await client.end()).toMatch(/^HTTP\/1.1 200 OK\r\n.*Connection: close\r\n\r\n1234$/s);
  });

  test("is closed after the answer when nobody reads the rest", async () => {
    const served = await serve(hello, { ...STRICT, lingerTimeout: 0.05 });
    const client = await served.connect();
    client.send(`${POST}1234`);
    expect(await client.end()).toMatch(/hello$/);
    await until(() => served.server.counters.connections === 0);
  });

  test("is not judged while the application does not read", async () => {
    const served = await serve(
      async (environ, startResponse) => {
        await after(0.3);
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      },
      { ...STRICT },
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    await after(0.25);
    client.send("x".repeat(96));
    await client.receive(/\r\n\r\n1234x{96}$/);
  });

  test("is waited for without limits", async () => {
    const served = await serve(
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      },
      { ...LAX, dataRateGrace: 0.05 },
    );
    const client = await served.connect();
    client.send(`${POST}1234`);
    await after(0.3);
    client.send("x".repeat(96));
    await client.receive(/\r\n\r\n1234x{96}$/);
  });

  test("is judged by each wait on its own", async () => {
    let reads = 0;
    const served = await serve(
      async (environ, startResponse) => {
        const input = environ["wsgi.input"];
        for (let i = 0; i < 5; i++) {
          await input.read(1);
          reads++;
          await after(0.1);
        }
        startResponse("200 OK", []);
        return ["read"];
      },
      { socketTimeout: 0.3, minimumDataRate: 0 },
    );
    const client = await served.connect();
    client.send(POST.replace("100", "5"));
    for (let i = 1; i <= 5; i++) {
      client.send("x");
      await until(() => reads === i);
    }
    await client.receive(/read$/);
  });
});

describe("a client that takes its response too slowly", () => {
  const endless = (
    environ: { "wsgi.signal": AbortSignal },
    startResponse: (status: string, headers: []) => unknown,
  ): Iterable<Uint8Array> => {
    const { resolve } = signalled;
    environ["wsgi.signal"].addEventListener("abort", () => resolve(environ["wsgi.signal"].reason));
    startResponse("200 OK", []);
    return (function* () {
      const piece = Buffer.alloc(64 * 1024);
      for (;;) yield piece;
    })();
  };
  let signalled = deferred<unknown>();

  test.each<[string, Options, RegExp]>([
    ["without progress", { socketTimeout: 0.2, minimumDataRate: 0 }, /no progress for 0.2 s/],
    ["below the rate", { socketTimeout: 0, minimumDataRate: 1e9, dataRateGrace: 0.1 }, /bytes a second, fewer than/],
  ])("%s is dropped", async (_how, options, reason) => {
    signalled = deferred();
    const served = await serve(endless, options);
    const download = await Download.begin(served.port);
    await download.receive(1);
    download.socket.pause();
    const exchange = await served.exchange();
    expect(exchange).toMatchObject({ status: 200, completed: false, disconnectPhase: "response-body" });
    expect(exchange.error).toMatchObject({
      code: "CLIENT_DISCONNECTED",
      message: expect.stringMatching(reason),
    });
    expect(await signalled.promise).toBe(exchange.error);
    await until(() => served.server.counters.connections === 0);
  });

  test("is dropped after its response was queued whole", async () => {
    const served = await serve(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return ["x".repeat(30_000)];
      },
      { socketTimeout: 0.2, minimumDataRate: 0 },
    );
    const client = await served.connect();
    client.socket.pause();
    client.send(GET.repeat(2000));
    await until(() => served.server.counters.connections === 1);
    await until(() => served.server.counters.connections === 0);
    expect(served.exchanges.at(-1)).toMatchObject({
      completed: false,
      error: { message: expect.stringMatching(/no progress for 0.2 s/) },
    });
  });

  test("is not dropped while it takes enough", async () => {
    const served = await serve(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return (function* () {
          const piece = Buffer.alloc(64 * 1024);
          for (let i = 0; i < 400; i++) yield piece;
        })();
      },
      { socketTimeout: 0.4, minimumDataRate: 1000, dataRateGrace: 0.05 },
    );
    const download = await Download.begin(served.port, GET.replace("1.1", "1.0"));
    for (let i = 1; i <= 5; i++) {
      await download.receive(i * 2_000_000);
      download.socket.pause();
      await after(0.1);
      download.socket.resume();
    }
    await download.end();
    expect(await served.exchange()).toMatchObject({ completed: true, bodyBytes: 400 * 64 * 1024 });
  });
});

describe("a quiet connection is not a slow one", () => {
  test("a long poll is answered", async () => {
    const served = await serve(
      async (_environ, startResponse) => {
        await after(0.3);
        return hello(undefined, startResponse);
      },
      { ...STRICT, headTimeout: 0.05, keepalive: 0.05 },
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/hello$/);
  });

  test("an event stream goes on", async () => {
    const served = await serve(
      (_environ, startResponse) => {
        startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
        return (async function* () {
          for (let i = 0; i < 4; i++) {
            yield `data: ${i}\n\n`;
            await after(0.12);
          }
        })();
      },
      { ...STRICT, headTimeout: 0.05, keepalive: 0.05 },
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/data: 3\n\n.*\r\n0\r\n\r\n$/s);
    expect(await served.exchange()).toMatchObject({ completed: true });
  });

  test("write() may pause between two calls", async () => {
    const served = await serve(
      async (_environ, startResponse) => {
        const write = startResponse("200 OK", []);
        await write("first");
        await after(0.25);
        await write("second");
        return [];
      },
      { ...STRICT, headTimeout: 0.05, keepalive: 0.05 },
    );
    const client = await served.connect();
    client.send(GET);
    await client.receive(/first.*second.*0\r\n\r\n$/s);
  });
});
