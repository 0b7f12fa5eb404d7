import type { Extension } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";
import { expect, test } from "vitest";
import type * as core from "../../core/src/index.ts";
import { ask } from "../../core/test/support/answers.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import type { FetchHandler } from "../src/index.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

const hooked = (extension: Extension = postHooks()): core.Options => ({
  extensions: [extension as unknown as core.Extension],
});

const afterwards =
  (work: () => unknown): FetchHandler =>
  (_asked, { waitUntil }) => {
    waitUntil(work());
    return new Response("sent");
  };

test("with post hooks, close() waits for the work", async () => {
  const { promise, resolve } = deferred();
  let isDone = false;
  const work = async (): Promise<void> => {
    await promise;
    isDone = true;
  };
  const served = await serveFetch(afterwards(work), {}, hooked());
  expect((await ask(served, request("GET /"))).body).toBe("sent");
  const closed = served.server.close({ timeout: 30 }).then(() => isDone);
  await served.exchange();
  resolve();
  expect(await closed).toBe(true);
});

test.each([
  ["with post hooks", () => hooked(), /waitUntil: the work failed: Error: meant/],
  ["without post hooks", () => ({}), /waitUntil: the work failed: Error: meant/],
])("%s, a failure is logged and ends nothing", async (_title, options, message) => {
  const served = await serveFetch(
    afterwards(() => Promise.reject(new Error("meant"))),
    {},
    options(),
  );
  expect((await ask(served, request("GET /"))).body).toBe("sent");
  await served.logged(message);
});

test.each([
  ["with post hooks", () => hooked()],
  ["without post hooks", () => ({})],
])("%s, it can be called when the response is over", async (_title, options) => {
  let waitUntil: (work: unknown) => void = () => {};
  const handler: FetchHandler = (_asked, context) => {
    ({ waitUntil } = context);
    return new Response("sent");
  };
  const served = await serveFetch(handler, {}, options());
  await ask(served, request("GET /"));
  await served.exchange();
  waitUntil(Promise.reject(new Error("late")));
  await served.logged(/Error: late/);
});

test("takes what is no promise", async () => {
  const served = await serveFetch(afterwards(() => 1));
  expect((await ask(served, request("GET /"))).body).toBe("sent");
});

test("with post hooks, the time of the work is theirs", async () => {
  const never = (): Promise<void> => new Promise(() => {});
  const served = await serveFetch(afterwards(never), {}, hooked(postHooks({ timeout: 0.01 })));
  expect((await ask(served, request("GET /"))).body).toBe("sent");
  await served.logged(/post hook 1 of 1, waitUntil, of "GET \/ HTTP\/1\.1" took longer than 0\.01 s and was abandoned/);
});
