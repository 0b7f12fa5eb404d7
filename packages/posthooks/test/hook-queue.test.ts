// The bounds of the queue: how many run, how many wait, how long one may take, and how long it holds the event loop.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { deferred } from "../../core/test/support/deferred.ts";
import { turn, until } from "../../core/test/support/until.ts";
import type { PostHook, PostHookEnviron } from "../src/index.ts";
import { helloAfter, helloWith } from "./support/hello.ts";
import { askOnce, GET, serveHooked } from "./support/serve-hooked.ts";

/** A hook that waits at its gate, and how many wait there. */
function gated() {
  const gates: (() => void)[] = [];
  const hook = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
  return { hook, gates };
}

describe("concurrency", () => {
  test("bounds the requests whose hooks run, in the order in which they were answered", async () => {
    const { hook, gates } = gated();
    const order: string[] = [];
    const noted = (environ: PostHookEnviron): Promise<void> => {
      order.push(environ.PATH_INFO);
      return hook();
    };
    const served = await serveHooked(helloWith([noted], [noted]), { concurrency: 2 });
    const client = await served.connect();
    client.send(["/1", "/2", "/3"].map((path) => GET.replace("/", path)).join(""));
    await until(() => gates.length === 2 && served.exchanges.length === 3);
    for (let i = 0; i < 5; i++) await turn();
    expect(order).toEqual(["/1", "/2"]);
    expect(served.hooks.counters).toMatchObject({ run: 2, running: 2, pending: 4 });
    gates[0]?.();
    await until(() => order.length === 3);
    expect(order[2]).toBe("/1"); // its second hook, before those that have not begun
    gates[2]?.();
    await until(() => order.length === 4);
    expect(order[3]).toBe("/3");
    expect(served.hooks.counters).toMatchObject({ run: 4, running: 2, pending: 2 });
    for (let i = 0; served.hooks.counters.run < 6 || served.hooks.counters.running > 0; i++) {
      gates[i]?.();
      await turn();
    }
    expect(order.toSorted()).toEqual(["/1", "/1", "/2", "/2", "/3", "/3"]);
  });

  test("does not hold hooks that need no waiting", async () => {
    let called = 0;
    const served = await serveHooked(helloWith([() => void called++]), { concurrency: 1 });
    const client = await served.connect();
    client.send(GET.repeat(100));
    await until(() => called === 100);
    expect(served.hooks.counters).toMatchObject({ run: 100, running: 0, pending: 0 });
  });

  test("may be without a bound", async () => {
    const { hook, gates } = gated();
    const served = await serveHooked(helloWith([hook]), { concurrency: Number.POSITIVE_INFINITY });
    const client = await served.connect();
    client.send(GET.repeat(300));
    await until(() => gates.length === 300);
  });
});

describe("timeout", () => {
  test("abandons a hook, says so, fires its signal, and lets the next one run", async () => {
    const order: string[] = [];
    const aborted = deferred<unknown>();
    const signals: AbortSignal[] = [];
    const stuck = (environ: PostHookEnviron): Promise<never> => {
      const signal = environ["wsgi.posthooks.signal"];
      expect(environ["wsgi.posthooks.signal"]).toBe(signal);
      signals.push(signal);
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      return new Promise(() => {});
    };
    const next = (environ: PostHookEnviron): void => {
      order.push("next");
      signals.push(environ["wsgi.posthooks.signal"]);
    };
    const served = await serveHooked(helloWith([() => {}], [stuck], [next]), { timeout: 0.02 });
    await askOnce(served);
    expect(await aborted.promise).toMatchObject({
      name: "TimeoutError",
      message: "the post hook took longer than 0.02 s",
    });
    await until(() => order.length === 1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(served.hooks.counters).toEqual({ run: 3, failed: 0, timedOut: 1, dropped: 0, pending: 0, running: 0 });
    expect(served.log.filter((line) => line.includes("post hook"))).toEqual([
      `(${process.pid}) post hook 2 of 3, stuck, of "GET / HTTP/1.1" took longer than 0.02 s and was abandoned`,
    ]);
  });

  test.each([
    ["rejects", Promise.reject.bind(Promise, new Error("too late"))],
    ["resolves", Promise.resolve.bind(Promise)],
  ])("cares no more for an abandoned hook that %s later", async (_how, settle) => {
    const late = deferred<Promise<unknown>>();
    const second = deferred();
    const served = await serveHooked(helloWith([() => late.promise.then((one) => one)], [() => second.promise]), {
      timeout: 0.01,
    });
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    try {
      await askOnce(served);
      await until(() => served.hooks.counters.timedOut === 1 && served.hooks.counters.run === 2);
      late.resolve(settle() as Promise<unknown>);
      await until(() => served.hooks.counters.timedOut === 2); // the second one was not taken for ended
      await turn();
      expect(unhandled).toEqual([]);
      expect(served.hooks.counters).toEqual({ run: 2, failed: 0, timedOut: 2, dropped: 0, pending: 0, running: 0 });
    } finally {
      process.removeListener("unhandledRejection", onUnhandled);
    }
  });

  test("has a signal for the hook that looks: after an await, and for a copy of its environ, too", async () => {
    const seen: AbortSignal[] = [];
    let environ: PostHookEnviron | undefined;
    const late = async (own: PostHookEnviron): Promise<void> => {
      environ = own;
      await turn();
      seen.push(own["wsgi.posthooks.signal"], { ...own }["wsgi.posthooks.signal"]);
      await new Promise(() => {});
    };
    const served = await serveHooked(helloWith([late]), { timeout: 0.05 });
    await Promise.all([askOnce(served), askOnce(served)]);
    await until(() => served.hooks.counters.timedOut === 2);
    expect(seen.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
    expect(new Set(seen).size).toBe(2);
    await until(() => environ?.["wsgi.posthooks.signal"].aborted === false); // its hooks are over
  });

  test("gives the place of an abandoned hook to another request", async () => {
    const called: string[] = [];
    const served = await serveHooked(
      helloAfter((environ) =>
        environ["eventlet.posthooks"].push(
          environ.PATH_INFO === "/stuck" ? [() => new Promise(() => {})] : [() => called.push("other")],
        ),
      ),
      { timeout: 0.02, concurrency: 1 },
    );
    const client = await served.connect();
    client.send(GET.replace("/", "/stuck") + GET);
    await until(() => called.length === 1);
    expect(served.hooks.counters).toMatchObject({ timedOut: 1, running: 0 });
  });

  test.each([0, 2 ** 31, Number.POSITIVE_INFINITY])("of %d never passes", async (timeout) => {
    const { hook, gates } = gated();
    const served = await serveHooked(helloWith([hook]), { timeout });
    await askOnce(served);
    await until(() => gates.length === 1);
    for (let i = 0; i < 5; i++) await turn(); // a timer beyond Node's limit would fire after 1 ms
    expect(served.hooks.counters).toMatchObject({ running: 1, timedOut: 0 });
  });

  test("keeps no process alive, and leaves no timer behind", async () => {
    const { hook, gates } = gated();
    const set = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => set.mockRestore());
    const served = await serveHooked(helloWith([hook]), { timeout: 4321 });
    await askOnce(served);
    await until(() => gates.length === 1);
    const timers = set.mock.results
      .filter((_result, i) => set.mock.calls[i]?.[1] === 4_321_000)
      .map(({ value }) => value as NodeJS.Timeout & { _destroyed: boolean });
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    gates[0]?.();
    await until(() => served.hooks.counters.running === 0);
    expect(timers.map((timer) => timer._destroyed)).toEqual([true]);
  });
});

describe("maxPending", () => {
  test("drops the newest, counts them and tells once", async () => {
    const { hook, gates } = gated();
    const called: string[] = [];
    const account = (environ: PostHookEnviron): void => void called.push(environ.PATH_INFO);
    const served = await serveHooked(
      helloAfter((environ) => {
        const hooks = environ["eventlet.posthooks"];
        if (environ.PATH_INFO === "/gate") hooks.push([hook]);
        else hooks.push([account], [account]);
      }),
      { concurrency: 1, maxPending: 3 },
    );
    const client = await served.connect();
    client.send(GET.replace("/", "/gate"));
    await until(() => gates.length === 1);
    client.send(["/1", "/2", "/3", "/4"].map((path) => GET.replace("/", path)).join(""));
    await until(() => served.exchanges.length === 5);
    expect(served.hooks.counters).toMatchObject({ run: 1, running: 1, pending: 4, dropped: 4 });
    gates[0]?.();
    await until(() => served.hooks.counters.pending === 0);
    expect(called).toEqual(["/1", "/1", "/2", "/2"]);
    client.send(GET.replace("/", "/5"));
    await until(() => called.length === 6); // there is room again
    client.finish();
    await served.server.close();
    expect(served.log.filter((line) => line.includes("dropped"))).toEqual([
      `(${process.pid}) dropped 4 post hooks, as 3 were waiting (maxPending): account (4)`,
    ]);
  });

  test("counts hooks that hooks add: one that multiplies is held at the bound", async () => {
    const multiply = (environ: PostHookEnviron): void =>
      void environ["eventlet.posthooks"].push([multiply], [multiply], [multiply]);
    const served = await serveHooked(helloWith([multiply]), { maxPending: 100 });
    await askOnce(served);
    await until(() => served.hooks.counters.dropped > 1000);
    expect(served.hooks.counters.pending).toBeLessThanOrEqual(103);
  });

  test.each<[string, (called: () => void) => unknown]>([
    ["are synchronous", (called) => called()],
    ["need no more than microtasks", async (called) => called()],
  ])("is not reached by clients that pipeline, when hooks %s: they run between the reads", async (_which, hook) => {
    let count = 0;
    const called = (): void => void count++;
    const served = await serveHooked(helloWith([() => hook(called)]), { maxPending: 20_000 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => served.connect()));
    for (const client of clients) client.send(GET.repeat(6000));
    await until(() => served.hooks.counters.dropped > 0 || count === 48_000);
    expect(served.hooks.counters.dropped).toBe(0);
  });
});

describe("the event loop", () => {
  test.each<[string, PostHook[0]]>([
    ["at once", function again(environ) {
      environ["eventlet.posthooks"].push([again]);
    }], // biome-ignore format: a pair
    ["after an await", async function again(environ) {
      await undefined;
      environ["eventlet.posthooks"].push([again]);
    }], // biome-ignore format: a pair
  ])("is not held by a hook that adds itself for ever %s, nor are the hooks of others", async (_how, endless) => {
    const called = deferred();
    const served = await serveHooked(
      helloAfter((environ) => {
        environ["eventlet.posthooks"].push(environ.PATH_INFO === "/" ? [() => called.resolve()] : [endless]);
      }),
      { concurrency: 2 },
    );
    expect(await askOnce(served, GET.replace("/", "/endless"))).toMatch(/hello$/);
    await until(() => served.hooks.counters.run > 10);
    expect(await askOnce(served)).toMatch(/hello$/);
    await called.promise;
    const before = served.hooks.counters.run;
    await until(() => served.hooks.counters.run > before + 10); // it still runs
  });

  test("has its turn while many slow hooks wait for theirs", async () => {
    let run = 0;
    const slow = (): void => {
      const end = performance.now() + 2;
      while (performance.now() < end);
      run++;
    };
    const served = await serveHooked(helloWith([slow]));
    const client = await served.connect();
    client.send(GET.repeat(100));
    await until(() => served.exchanges.length === 100);
    let turns = 0;
    while (run < 100) {
      await turn();
      turns++;
    }
    expect(turns).toBeGreaterThan(20); // three of them fill a turn
  });
});
