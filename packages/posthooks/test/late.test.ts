// Hooks that an application adds after its client has left: it works on, and what it adds is not lost.

import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import { addPostHook, type PostHookEnviron } from "../src/index.ts";
import { GET, serveHooked } from "./support/serve-hooked.ts";

describe("a hook added after the client has left", () => {
  test.each(["push", "addPostHook"])("by %s is called, after those before it, with the receipt", async (way) => {
    const notes: string[] = [];
    const called = deferred();
    const mayGoOn = deferred();
    const note = ({ "wsgi.exchange": exchange }: PostHookEnviron, name: string): void =>
      void notes.push(`${name}: ${exchange.disconnectPhase}`);
    const served = await serveHooked(async (environ) => {
      const hooks = environ["eventlet.posthooks"];
      hooks.push([note, ["early"]]);
      called.resolve();
      await mayGoOn.promise;
      if (way === "push") expect(hooks.push([note, ["late"]], [note, ["second"]])).toBe(3);
      else for (const name of ["late", "second"]) addPostHook(environ, note, [name]);
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    await until(() => served.hooks.counters.run === 1);
    await served.exchange();
    mayGoOn.resolve();
    await until(() => served.hooks.counters.run === 3);
    expect(notes).toEqual(["early: before-head", "late: before-head", "second: before-head"]);
    expect(served.hooks.counters).toMatchObject({ failed: 0, pending: 0 });
  });

  test("is called when it is the first one", async () => {
    const called = deferred();
    const mayGoOn = deferred();
    const hooked = deferred<PostHookEnviron>();
    const served = await serveHooked(async (environ) => {
      called.resolve();
      await mayGoOn.promise;
      environ["wsgi.posthooks"].push([hooked.resolve]);
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    const exchange = await served.exchange();
    mayGoOn.resolve();
    expect((await hooked.promise)["wsgi.exchange"]).toBe(exchange);
  });

  test.each([
    ["in a turn", 10_000],
    ["in a turn that comes early", 1],
  ])("does not run %s with the AsyncLocalStorage of who added it", async (_when, maxPending) => {
    const storage = new AsyncLocalStorage<string>();
    const called = deferred();
    const mayGoOn = deferred();
    const seen = deferred<string | undefined>();
    const served = await serveHooked(
      async (environ) => {
        called.resolve();
        await mayGoOn.promise;
        storage.run("of the request", () => {
          environ["eventlet.posthooks"].push([() => seen.resolve(storage.getStore())]);
        });
        return [];
      },
      { maxPending },
    );
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    await served.exchange();
    mayGoOn.resolve();
    expect(await seen.promise).toBe(undefined);
  });

  test("waits for a hook that still runs", async () => {
    const notes: string[] = [];
    const mayEnd = deferred();
    const called = deferred();
    const mayGoOn = deferred();
    const served = await serveHooked(async (environ) => {
      const hooks = environ["eventlet.posthooks"];
      hooks.push([() => mayEnd.promise.then(() => notes.push("early"))]);
      called.resolve();
      await mayGoOn.promise;
      hooks.push([() => notes.push("late")]);
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    await until(() => served.hooks.counters.running === 1);
    mayGoOn.resolve();
    await until(() => served.hooks.counters.pending === 1);
    mayEnd.resolve();
    await until(() => notes.length === 2);
    expect(notes).toEqual(["early", "late"]);
  });

  test("by the end of an async generator that is closed is called", async () => {
    const hooked = deferred<PostHookEnviron>();
    const served = await serveHooked((environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        try {
          for (;;) {
            yield "x".repeat(1000);
            await new Promise((resolve) => setImmediate(resolve));
          }
        } finally {
          await new Promise((resolve) => setImmediate(resolve));
          environ["eventlet.posthooks"].push([hooked.resolve]);
        }
      })();
    });
    const client = await served.connect();
    client.send(GET);
    await client.receive("xxx");
    client.reset();
    expect((await hooked.promise)["wsgi.exchange"]).toMatchObject({ disconnectPhase: "response-body" });
  });

  test("is no reason to fail when the application has frozen the list", async () => {
    const called: string[] = [];
    const entered = deferred();
    const served = await serveHooked(async (environ) => {
      environ["eventlet.posthooks"].push([() => called.push("early")]);
      Object.freeze(environ["eventlet.posthooks"]);
      entered.resolve();
      return await new Promise(() => {});
    });
    const client = await served.connect();
    client.send(GET);
    await entered.promise;
    client.reset();
    await until(() => called.length === 1);
    expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
  });

  test("after the server has closed is dropped, and that is told", async () => {
    const called = deferred();
    const mayGoOn = deferred();
    const pushed = deferred<number>();
    const served = await serveHooked(async (environ) => {
      called.resolve();
      await mayGoOn.promise;
      pushed.resolve(environ["eventlet.posthooks"].push([function tooLate() {}]));
      return [];
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    client.reset();
    await served.exchange();
    await served.server.close();
    mayGoOn.resolve();
    expect(await pushed.promise).toBe(0);
    expect(served.hooks.counters).toMatchObject({ run: 0, dropped: 1, pending: 0 });
    await served.logged(/^\(\d+\) dropped 1 post hooks, as the server has closed: tooLate$/);
  });
});
