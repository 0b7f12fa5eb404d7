// Connections that hold a server's places: with maxSize of them at work others wait, but those that do nothing give way.

import { describe, expect, test } from "vitest";
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

describe("when all places are taken, one that waits gets that of a client", () => {
  test.each<[string, string, RegExp]>([
    ["that said nothing", "", /^$/],
    ["that sent an empty line", "\r\n", /^$/],
    ["that keeps its connection for later", get().toString(), /\/$/],
    [
      "that does not end its head",
      "GET / HTTP/1.1\r\nX: ",
      /^HTTP\/1\.1 408 .*other connections wait for its place\r\n$/s,
    ],
    ["that was refused and does not close", "NO\r\n\r\n", /^HTTP\/1\.1 400 /],
  ])("%s", async (_, sent, received) => {
    const served = await serve(path, { maxSize: 1, lingerTimeout: 60, headTimeout: 60 });
    const holding = await served.connect();
    holding.send(sent);
    await until(() => served.server.counters.connections === 1);
    const waiting = await served.connect();
    expect((await askNext(waiting, request("GET /waiting HTTP/1.1"))).body).toBe("/waiting");
    expect(await holding.end()).toMatch(received);
  });
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
