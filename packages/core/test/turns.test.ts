// One connection does not keep others waiting: what is small on the wire and long in the work is spread over turns of the event
// loop, and nothing of it is lost when the client has left meanwhile.

import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Application } from "../src/index.ts";
import { serve } from "./support/serve.ts";
import { turn } from "./support/until.ts";

/** How many turns the event loop has had. */
function turnCounter(): () => number {
  let count = 0;
  let immediate = setImmediate(function next() {
    count++;
    immediate = setImmediate(next);
  });
  onTestFinished(() => clearImmediate(immediate));
  return () => count;
}

const POST = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
const CLOSE = "Connection: close\r\n";
const LAST = "0\r\n\r\n";
/** 9,000 chunks of a byte; one read takes them. */
const CHUNKS = "1\r\nx\r\n".repeat(9000);
const FIELDS = "X-Some-Field: some value of forty bytes, as usual\r\n".repeat(90);

const readings: [name: string, application: Application][] = [
  [
    "read whole",
    async (environ, startResponse) => {
      const { length } = await environ["wsgi.input"].read();
      startResponse("200 OK", []);
      return [`${length} bytes`];
    },
  ],
  [
    "read chunk by chunk",
    async (environ, startResponse) => {
      let length = 0;
      for (let piece = await environ["wsgi.input"].read1(); piece.length > 0; ) {
        length += piece.length;
        piece = await environ["wsgi.input"].read1();
      }
      startResponse("200 OK", []);
      return [`${length} bytes`];
    },
  ],
  [
    "not read at all",
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["9000 bytes"];
    },
  ],
];

describe.each(readings)("a body in chunks of a byte that is %s", (_name, application) => {
  test("takes many turns, and the next request comes behind it", async () => {
    const turns = turnCounter();
    const client = await (await serve(application)).connect();
    await turn();
    const before = turns();
    client.send(`${POST}\r\n${CHUNKS}${LAST}GET /next HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    const received = await client.end();
    expect(turns() - before).toBeGreaterThan(10); // 630 chunks a turn
    expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(received).toContain("9000 bytes");
  });

  test("is answered when the client has closed its side meanwhile", async () => {
    const served = await serve(application);
    const client = await served.connect();
    client.send(`${POST}\r\n${CHUNKS}${LAST}`);
    client.finish();
    expect(await client.end()).toMatch(/^HTTP\/1.1 200 OK\r\n.*9000 bytes/s);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined });
  });

  test("is answered when the client had closed its side before it was looked at", async () => {
    const served = await serve(async (environ, startResponse) => {
      if (environ.PATH_INFO === "/") await once(environ["wsgi.signal"], "abort");
      return application(environ, startResponse);
    });
    const client = await served.connect();
    client.send(`${POST}\r\n${CHUNKS}${LAST}GET /next HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    client.finish();
    expect((await client.end()).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(await served.exchange()).toMatchObject({ completed: true, disconnectPhase: undefined });
  });
});

test("a body in chunks of a byte that never ends fails when its client has closed its side", async () => {
  const [, application] = readings[0] as (typeof readings)[0];
  const served = await serve(application);
  const client = await served.connect();
  client.send(`${POST}\r\n${CHUNKS}`);
  client.finish();
  await client.end();
  expect(await served.exchange()).toMatchObject({ disconnectPhase: "request-body" });
});

test("such a body fails too when its client had closed its side before it was read", async () => {
  const [, application] = readings[0] as (typeof readings)[0];
  const served = await serve(async (environ, startResponse) => {
    await once(environ["wsgi.signal"], "abort");
    return application(environ, startResponse);
  });
  const client = await served.connect();
  client.send(`${POST}\r\n${CHUNKS}`);
  client.finish();
  await client.end();
  expect(await served.exchange()).toMatchObject({ disconnectPhase: "request-body" });
});

test("a client that waits for 100 Continue gets it after a turn was full", async () => {
  const served = await serve((readings[0] as (typeof readings)[0])[1]);
  const client = await served.connect();
  client.send(`${POST}\r\n${CHUNKS}${LAST}${POST}Expect: 100-continue\r\n${CLOSE}\r\n`);
  await client.receive("HTTP/1.1 100 Continue\r\n\r\n");
  client.send(`1\r\nx\r\n${LAST}`);
  expect(await client.end()).toMatch(/1 bytes/);
});

test.each([
  ["sections of 90 trailer fields", `${POST}\r\n0\r\n${FIELDS}\r\n`],
  ["heads of 90 fields", `GET / HTTP/1.1\r\nHost: a\r\n${FIELDS}\r\n`],
])("pipelined %s take many turns", async (_what, request) => {
  const turns = turnCounter();
  const seen = new Set<number>();
  const served = await serve(async (environ, startResponse) => {
    await environ["wsgi.input"].read();
    seen.add(turns());
    startResponse("200 OK", []);
    return ["done"];
  });
  const client = await served.connect();
  const count = Math.floor(60_000 / request.length); // in one read
  client.send(`${request.repeat(count)}GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
  const received = await client.end();
  expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(count + 1);
  expect(seen.size).toBeGreaterThanOrEqual(Math.floor(count / 5));
});
