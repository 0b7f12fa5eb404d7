// Published flaws in what a server does with connections and time; the table of them, conformance/history-behaviour.ts,
// names these tests.

import { once } from "node:events";
import { readdirSync } from "node:fs";
import net from "node:net";
import { describe, expect, test } from "vitest";
import type { Application } from "../src/index.ts";
import { answersIn } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";

const get = (path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");
const BAD = "GET /bad HTTP/1.1\r\nHost : a\r\n\r\n";

/** Answers with the path; that of `/slow` when it may. */
function slowly(): { application: Application; calls: string[]; mayAnswer: () => void; called: Promise<void> } {
  const { promise, resolve: mayAnswer } = deferred();
  const { promise: called, resolve: onCall } = deferred();
  const calls: string[] = [];
  const application: Application = async (environ, startResponse) => {
    const path = environ.PATH_INFO;
    calls.push(path);
    onCall();
    if (path === "/slow") await promise;
    startResponse("200 OK", []);
    return path;
  };
  return { application, calls, mayAnswer, called };
}

describe("a connection that is to be closed", () => {
  const ways: [string, string[]][] = [
    ["in one piece with it", [BAD + get("/smuggled")]],
    ["right behind it", [BAD, get("/smuggled")]],
    ["when it is half there", [BAD.slice(0, 30), BAD.slice(30) + get("/smuggled")]],
  ];

  test("serves nothing that comes behind a bad request, whenever it comes", async () => {
    for (const [way, pieces] of ways) {
      const { application, calls, mayAnswer, called } = slowly();
      const served = await serve(application);
      const client = await served.connect();
      client.send(get("/slow"));
      await called;
      for (const piece of pieces) await client.sendAll(piece);
      mayAnswer();
      const answers = answersIn(await client.end());
      await client.sendAll(get("/smuggled")); // while the server lingers
      client.finish();
      await until(() => client.closed);
      expect([way, answers.map(({ status }) => status), calls]).toEqual([way, [200, 400], ["/slow"]]);
    }
  });

  test("serves nothing that comes behind a request which says close, whenever it comes", async () => {
    for (const last of [get("/slow", "Connection: close"), "GET /slow HTTP/1.0\r\n\r\n"]) {
      const { application, calls, mayAnswer, called } = slowly();
      const served = await serve(application);
      const client = await served.connect();
      client.send(last + get("/smuggled"));
      await called;
      await client.sendAll(get("/smuggled"));
      mayAnswer();
      const answers = answersIn(await client.end());
      client.finish();
      await until(() => client.closed);
      expect([answers.map(({ status }) => status), calls]).toEqual([[200], ["/slow"]]);
    }
  });
});

test("answers pipelined requests in their order, however long each takes", async () => {
  const { application, calls, mayAnswer, called } = slowly();
  const served = await serve(application);
  const client = await served.connect();
  client.send(get("/slow") + get("/quick") + get("/slow") + get("/last", "Connection: close"));
  await called;
  expect(calls).toEqual(["/slow"]);
  mayAnswer();
  expect(answersIn(await client.end()).map(({ body }) => body)).toEqual(["/slow", "/quick", "/slow", "/last"]);
});

/** Descriptors of this process, where the system tells. */
function descriptors(): number | undefined {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : undefined;
}

test("keeps nothing of connections that are gone before they are looked at", async () => {
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return "still here";
  });
  const before = descriptors();
  await Promise.all(
    Array.from({ length: 60 }, async () => {
      const socket = net.connect(served.port, "127.0.0.1");
      await once(socket, "connect");
      socket.resetAndDestroy();
      await once(socket, "close");
    }),
  );
  const client = await served.connect();
  client.send(get("/", "Connection: close"));
  expect(await client.end()).toMatch(/still here$/);
  client.finish();
  await until(() => served.server.counters.connections === 0);
  await until(() => client.closed);
  await until(() => (descriptors() ?? 0) < (before ?? 0) + 20); // others may open a few
  expect(served.server.counters.connections).toBe(0);
});

test("writes no control of a request to the log", async () => {
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return "hello";
  });
  const client = await served.connect();
  client.send(get("/%1b[31m%0d%0aforged", "User-Agent: \x80\xff%1b") + get("/\x1b[31m"));
  expect(answersIn(await client.end()).map(({ status }) => status)).toEqual([200, 400]);
  await served.logged(/forged/);
  await served.logged(/refused/);
  expect(served.log.join("")).toContain("%1b[31m%0d%0aforged");
  for (const line of served.log) expect(line.trimEnd()).toMatch(/^[^\x00-\x1f\x7f]*$/);
});
