// close() and the hooks that are left: waited for within its deadline, and told of beyond it.

import { describe, expect, test } from "vitest";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import type { PostHookEnviron } from "../src/index.ts";
import { helloAfter, helloWith } from "./support/hello.ts";
import { GET, serveHooked } from "./support/serve-hooked.ts";

const ENDED = { pending: 0, running: 0 };

/** Sends a thousand requests on one connection and waits until all are answered. */
async function sendThousand(served: Awaited<ReturnType<typeof serveHooked>>): Promise<void> {
  const client = await served.connect();
  client.send(GET.repeat(1000));
  await until(() => served.exchanges.length === 1000);
  client.finish();
}

describe("close()", () => {
  test("waits for a thousand pending hooks", async () => {
    const begun = deferred();
    let called = 0;
    const served = await serveHooked(
      helloWith([
        async function account() {
          await begun.promise;
          await new Promise((resolve) => setImmediate(resolve));
          called++;
        },
      ]),
      { concurrency: 10 },
    );
    await sendThousand(served);
    await until(() => served.hooks.counters.running === 10);
    expect(served.hooks.counters).toMatchObject({ run: 10, running: 10, pending: 990 });
    const closed = served.server.close().then(() => called);
    await served.logged(/wsgi exiting/);
    begun.resolve();
    expect(await closed).toBe(1000);
    expect(served.hooks.counters).toEqual({ run: 1000, failed: 0, timedOut: 0, dropped: 0, ...ENDED });
    expect(served.log.filter((line) => line.includes("post hook"))).toEqual([]);
  });

  test("cuts them at its deadline, and tells how many and which", async () => {
    const signals: AbortSignal[] = [];
    const account = (environ: PostHookEnviron): Promise<never> => {
      signals.push(environ["wsgi.posthooks.signal"]);
      return new Promise(() => {});
    };
    const mail = (): void => {};
    const served = await serveHooked(helloWith([account], [mail]), { concurrency: 10 });
    await sendThousand(served);
    await served.server.close({ timeout: 0.05 });
    expect(served.hooks.counters).toEqual({ run: 10, failed: 0, timedOut: 10, dropped: 1990, ...ENDED });
    expect(signals.map(({ aborted }) => aborted)).toEqual(Array(10).fill(true));
    expect(signals[0]?.reason).toMatchObject({ message: "the server cut the connection: its time to close was up" });
    const lines = served.log.filter((line) => line.includes("post hook"));
    expect(lines).toEqual([
      `(${process.pid}) the time to close was up, abandoned 10 post hooks: account (10); ` +
        "dropped 1990 post hooks: mail (1000), account (990)",
    ]);
    expect(served.log.indexOf(lines[0] as string)).toBeLessThan(
      served.log.findIndex((line) => line.includes("wsgi exited")),
    );
  });

  test("counts a hook that ends after the deadline as abandoned, and calls none after it", async () => {
    const mayEnd = deferred();
    const called: string[] = [];
    const served = await serveHooked(helloWith([() => mayEnd.promise], [() => called.push("second")]));
    const client = await served.connect();
    client.send(GET);
    await until(() => served.hooks.counters.running === 1);
    client.finish();
    await served.server.close({ timeout: 0.02 });
    mayEnd.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toEqual([]);
    expect(served.hooks.counters).toEqual({ run: 1, failed: 0, timedOut: 1, dropped: 1, ...ENDED });
  });

  test("cuts what is left at once when its time is up before the hooks' turn", async () => {
    const served = await serveHooked(helloWith([() => new Promise(() => {})]));
    const client = await served.connect();
    client.send(GET);
    await until(() => served.hooks.counters.running === 1);
    await served.server.close({ timeout: 0 });
    expect(served.hooks.counters).toEqual({ run: 1, failed: 0, timedOut: 1, dropped: 0, ...ENDED });
  });

  test("waits for hooks that hooks add, and cuts one that adds itself for ever", async () => {
    const again = (environ: PostHookEnviron): void => void environ["eventlet.posthooks"].push([again]);
    const served = await serveHooked(helloWith([again]));
    const client = await served.connect();
    client.send(GET);
    await until(() => served.hooks.counters.run > 10);
    client.finish();
    await served.server.close({ timeout: 0.05 });
    const { run } = served.hooks.counters;
    expect(served.hooks.counters).toEqual({ run, failed: 0, timedOut: 0, dropped: 1, ...ENDED });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(served.hooks.counters.run).toBe(run);
  });

  test("runs the hook of a request that it waited for, and of one that it cut", async () => {
    const receipts: unknown[] = [];
    const mayAnswer = deferred();
    const served = await serveHooked(async (environ, startResponse) => {
      environ["eventlet.posthooks"].push([
        ({ "wsgi.exchange": { completed, disconnectPhase } }) => void receipts.push([completed, disconnectPhase]),
      ]);
      await mayAnswer.promise;
      startResponse("200 OK", []);
      return ["hello"];
    });
    const client = await served.connect();
    client.send(GET);
    await until(() => served.server.counters.active === 1);
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    mayAnswer.resolve();
    await client.end();
    client.finish();
    await closed;
    expect(receipts).toEqual([[true, undefined]]);
  });

  test("takes what the application adds when it is told that the server closes", async () => {
    const called = deferred();
    const hooked = deferred();
    const served = await serveHooked((environ, startResponse) => {
      startResponse("200 OK", []);
      environ["eventlet.set_idle"]();
      return (async function* () {
        try {
          yield "hello";
          called.resolve();
          await new Promise((_resolve, reject) => environ["wsgi.signal"].addEventListener("abort", reject));
        } finally {
          await new Promise((resolve) => setImmediate(resolve));
          environ["eventlet.posthooks"].push([() => hooked.resolve()]);
        }
      })();
    });
    const client = await served.connect();
    client.send(GET);
    await called.promise;
    await served.server.close();
    expect(served.hooks.counters).toMatchObject({ run: 1, dropped: 0 });
    await hooked.promise;
  });

  test("leaves nothing on its signal and no timer behind", async () => {
    const served = await serveHooked(helloAfter(() => {}));
    await served.server.close();
    const signal = new AbortController().signal;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await served.hooks.onClose?.(signal);
    expect(listeners).toBe(0);
  });
});
