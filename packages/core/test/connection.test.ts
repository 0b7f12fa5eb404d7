// The order of things on one connection: what goes out when, and that no request meets the bytes of another.

import { describe, expect, test } from "vitest";
import { type Environ, UsageError } from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { turn } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

describe("an application that does not read the body", () => {
  test.each([
    ["at once", () => undefined],
    ["later", turn],
  ])("and answers %s answers before the rest of it has come", async (_when, wait) => {
    const served = await serve(async (_environ, startResponse) => {
      await wait();
      startResponse("200 OK", []);
      return ["answer"];
    });
    const client = await served.connect();
    client.send(`${POST}1234`);
    await client.receive(/answer$/);
    client.send(`567890${GET}`);
    await client.receive(/answer.*answer$/s);
  });

  test("and fails answers before the rest of it has come", async () => {
    const served = await serve(async () => {
      await turn();
      throw new Error("on purpose");
    });
    const client = await served.connect();
    client.send(`${POST}1234`);
    await client.receive(/^HTTP\/1.1 500 .*\r\n\r\n/s);
  });
});

describe("an unread body of unknown length", () => {
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = `64\r\n${"x".repeat(100)}\r\n`;
  const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
    startResponse("200 OK", []);
    return ["answer"];
  };

  test("is discarded up to maxDiscardBytes, and the next request answered", async () => {
    const served = await serve(hello, { maxDiscardBytes: 1000 });
    const client = await served.connect();
    client.send(`${chunked}${chunk.repeat(10)}0\r\n\r\n${GET}`);
    await client.receive(/answer.*answer$/s);
  });

  test("closes the connection beyond that", async () => {
    const served = await serve(hello, { maxDiscardBytes: 1000 });
    const client = await served.connect();
    client.send(`${chunked}${chunk.repeat(10)}1\r\nx\r\n0\r\n\r\n${GET}`);
    expect((await client.end()).match(/answer/g)).toHaveLength(1);
    expect(client.error).toBeUndefined();
    client.finish();
  });
});

describe("what is left of a request that is over", () => {
  test("does not read the bytes of another connection", async () => {
    const failed = deferred();
    const read = deferred<unknown>();
    const mayRead = deferred();
    const served = await serve((environ, startResponse) => {
      if (environ.REQUEST_METHOD === "GET") {
        startResponse("200 OK", []);
        return ["fine"];
      }
      const write = startResponse("200 OK", []);
      void write("begun");
      void mayRead.promise.then(() => environ["wsgi.input"].read()).then(read.resolve, read.resolve);
      failed.resolve();
      throw new Error("on purpose");
    });
    const broken = await served.connect();
    const other = await served.connect();
    broken.send(`${POST}0123456789`);
    await failed.promise;
    await broken.end();
    other.send(GET);
    await other.receive("fine");
    mayRead.resolve();
    expect(await read.promise).toBeInstanceOf(Error);
  });

  test("cannot act on the request that follows", async () => {
    const environs: Environ[] = [];
    const errors: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      environs.push(environ);
      if (environs.length === 2) {
        const stale = environs[0]?.["eventlet.input"];
        for (const act of [
          () => stale?.getSocket(),
          () => stale?.sendHundredContinueResponse(),
          () => stale?.read(),
          () => environs[0]?.["wsgi.early_hints"]?.([["Link", "</a>"]]),
        ]) {
          try {
            await act();
          } catch (error) {
            errors.push(error);
          }
        }
      }
      startResponse("200 OK", []);
      return [`answer ${environs.length}`];
    });
    const client = await served.connect();
    client.send(GET);
    await client.receive("answer 1");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    const received = await client.receive("answer 2");
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toBeInstanceOf(UsageError);
    expect(received).not.toContain("HTTP/1.1 1");
  });

  test("keeps its trailers, and no others", async () => {
    const seen: string[] = [];
    const environs: Environ[] = [];
    const served = await serve(async (environ, startResponse) => {
      environs.push(environ);
      await environ["wsgi.input"].read();
      startResponse("200 OK", []);
      return ["answer"];
    });
    const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n";
    const client = await served.connect();
    client.send(`${chunked}X-Mark: one\r\n\r\n${chunked}X-Mark: two\r\n\r\n`);
    await client.receive(/answer.*answer$/s);
    for (const environ of environs) seen.push(...environ["wsgi.input"].trailers.map(([, value]) => value));
    expect(seen).toEqual(["one", "two"]);
  });

  test("cannot flag the connection of the next one as idle", async () => {
    const environs: Environ[] = [];
    const mayAnswer = deferred();
    const called = deferred();
    const served = await serve(async (environ, startResponse) => {
      environs.push(environ);
      if (environs.length === 2) {
        environs[0]?.["eventlet.set_idle"]();
        called.resolve();
        await mayAnswer.promise;
      }
      startResponse("200 OK", []);
      return [`answer ${environs.length}`];
    });
    const client = await served.connect();
    client.send(GET);
    await client.receive("answer 1");
    client.send(GET);
    await called.promise;
    expect(served.server.counters).toMatchObject({ idle: 0, active: 1 });
    const closed = served.server.close();
    mayAnswer.resolve();
    expect(await client.end()).toMatch(/answer 2$/);
    client.finish();
    expect(await closed).toEqual({ cut: 0 });
  });
});

test("closes after a response that had begun when the body turned out to be malformed, and interprets nothing more", async () => {
  const errors: unknown[] = [];
  const served = await serve(async (environ, startResponse) => {
    const write = startResponse("200 OK", []);
    await write("begun ");
    await environ["wsgi.input"].read().catch((error: unknown) => errors.push(error));
    return ["ended"];
  });
  const client = await served.connect();
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX\r\n0\r\n\r\n${GET}`);
  expect(await client.end()).toMatch(/begun .*ended\r\n0\r\n\r\n$/s);
  client.finish();
  expect(errors).toMatchObject([{ code: "BAD_CHUNK_END" }]);
  expect(served.exchanges).toHaveLength(1);
  expect(served.log.filter((line) => line.includes("failed"))).toEqual([]); // the application was told
});

test("answers pipelined requests that arrive together with one write", async () => {
  let count = 0;
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return [String(count++)];
  });
  const client = await served.connect();
  const reads: number[] = [];
  client.socket.on("data", (bytes) => reads.push(bytes.length));
  client.send(GET.repeat(100));
  await client.receive(/99$/);
  expect(reads.length).toBe(1);
});

test("reports exchanges of pipelined requests in their order, when one breaks off too", async () => {
  const served = await serve(async (environ, startResponse) => {
    const write = startResponse("200 OK", []);
    if (environ.PATH_INFO !== "/2") return [environ.PATH_INFO];
    await write("begun");
    throw new Error("on purpose");
  });
  const client = await served.connect();
  client.send(GET.replace("/", "/1") + GET.replace("/", "/2") + GET.replace("/", "/3"));
  await client.end();
  await served.exchange(1);
  expect(served.exchanges.map(({ environ, completed }) => [environ.PATH_INFO, completed])).toEqual([
    ["/1", true],
    ["/2", false],
  ]);
});

test("counts received bytes for each request on its own", async () => {
  const served = await serve(async (environ, startResponse) => {
    if (environ.PATH_INFO !== "/unread") await environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return [];
  });
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const unread = `${POST.replace("/", "/unread")}0123456789`;
  const client = await served.connect();
  client.send(GET + chunked + unread + GET);
  await served.exchange(3);
  expect(served.exchanges.map(({ bytesReceived }) => bytesReceived)).toEqual([
    GET.length,
    chunked.length,
    unread.length - 10, // what the application did not read was not read for it
    GET.length,
  ]);
});
