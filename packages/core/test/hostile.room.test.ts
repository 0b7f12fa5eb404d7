// Connections that hold a server's places: with maxSize of them at work others wait, but those that do nothing give way.

import { expect, test } from "vitest";
import type { Application } from "../src/index.ts";
import { askNext } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";
import { get, request } from "./wire/wire.ts";

const path: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.PATH_INFO];
};

const HOLDERS: readonly [name: string, sends: string, receives: RegExp][] = [
  ["said nothing", "", /^$/],
  ["sent an empty line", "\r\n", /^$/],
  ["keeps its connection for later", get().toString(), /\/$/],
  ["does not end its head", "GET / HTTP/1.1\r\nX: ", /^HTTP\/1\.1 408 .*other connections wait for its place\r\n$/s],
  ["was refused and does not close", "NO\r\n\r\n", /^HTTP\/1\.1 400 /],
];

/** What came to whom, of one that holds the only place and one that waits for it. */
async function takeOver(sends: string): Promise<{ held: string; got: string }> {
  const served = await serve(path, { maxSize: 1, lingerTimeout: 60, headTimeout: 60 });
  const holding = await served.connect();
  holding.send(sends);
  await until(() => served.server.counters.connections === 1);
  const waiting = await served.connect();
  const { body } = await askNext(waiting, request("GET /waiting HTTP/1.1"));
  return { held: await holding.end(), got: body };
}

test("when all places are taken, one that waits gets that of one that does nothing", async () => {
  const found = await Promise.all(HOLDERS.map(async ([name, sends]) => [name, await takeOver(sends)] as const));
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(HOLDERS.map(([name, , held]) => [name, { held: expect.stringMatching(held), got: "/waiting" }])),
  );
});

test("the place of a client whose request is at work is not given away", async () => {
  const mayAnswer = deferred();
  const served = await serve(
    async (environ, startResponse) => {
      if (environ.PATH_INFO === "/held") await mayAnswer.promise;
      return path(environ, startResponse);
    },
    { maxSize: 2 },
  );
  const [held, idle] = [await served.connect(), await served.connect()];
  held.send(request("GET /held HTTP/1.1"));
  await askNext(idle, get());
  const [second, third] = [await served.connect(), await served.connect()];
  second.send(request("GET /second HTTP/1.1"));
  third.send(request("GET /third HTTP/1.1"));
  await idle.end();
  await second.receive("/second");
  await second.end(); // it is idle now, and gives way as well
  await third.receive("/third");
  mayAnswer.resolve();
  await held.receive("/held");
});

test("where a crowd waits, room is made at once, and who asks is served", async () => {
  const served = await serve(path, { maxSize: 20, headTimeout: 60, keepalive: 60 });
  const crowd = await Promise.all(Array.from({ length: 200 }, () => served.connect()));
  for (const [i, client] of crowd.entries()) if (i % 2 === 0) client.send("GET / HTTP/1.1\r\n");
  const begun = performance.now();
  for (let i = 0; i < 20; i++) {
    const normal = await served.connect();
    expect((await askNext(normal, request(`GET /${i} HTTP/1.1`))).body).toBe(`/${i}`);
    normal.leave();
  }
  expect((performance.now() - begun) / 1000).toBeLessThan(8); // of the half hour that they may be idle for
  await until(() => crowd.filter(({ ended, closed }) => ended || closed).length >= 180);
});

test("nobody gives way while nobody waits", async () => {
  const served = await serve(path, { maxSize: 2, keepalive: 60 });
  const [idle, other] = [await served.connect(), await served.connect()];
  await askNext(idle, get());
  for (const end = performance.now() + 1800; performance.now() < end; ) {
    await askNext(other, get());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect((await askNext(idle, request("GET /later HTTP/1.1"))).body).toBe("/later");
});
