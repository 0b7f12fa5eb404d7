// Post hooks as eventlet has them, over real sockets: when they are called, with what, and in which order.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Environ } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { listen, server } from "../../core/src/index.ts";
import { startFixture } from "../../core/test/support/child.ts";
import { deferred } from "../../core/test/support/deferred.ts";
import { serve } from "../../core/test/support/serve.ts";
import { until } from "../../core/test/support/until.ts";
import { type PostHook, type PostHookEnviron, postHooks } from "../src/index.ts";
import { extensionForCore } from "./support/applications-for-core.ts";
import { helloAfter, helloWith } from "./support/hello.ts";
import { askOnce, GET, serveHooked } from "./support/serve-hooked.ts";

describe("the environ", () => {
  test("has one list under two names, empty for every request", async () => {
    const seen: Environ[] = [];
    const served = await serveHooked(helloAfter((environ) => void seen.push(environ)));
    const client = await served.connect();
    client.send(GET + GET);
    await until(() => served.exchanges.length === 2);
    const [first, second] = seen as [Environ, Environ];
    expect(first["eventlet.posthooks"]).toEqual([]);
    expect(first["wsgi.posthooks"]).toBe(first["eventlet.posthooks"]);
    expect(second["eventlet.posthooks"]).not.toBe(first["eventlet.posthooks"]);
    expect("wsgi.exchange" in first).toBe(false);
  });

  test("shows hooks what is documented, and nothing else", async () => {
    const before: PropertyKey[] = [];
    const shown = deferred<PropertyKey[]>();
    const keys = (environ: Environ): PropertyKey[] => Reflect.ownKeys({ ...environ });
    const served = await serveHooked(
      helloAfter((environ) => {
        before.push(...keys(environ));
        environ["eventlet.posthooks"].push([(seen) => shown.resolve(keys(seen))]);
      }),
    );
    await askOnce(served);
    expect(await shown.promise).toEqual([...before, "wsgi.exchange", "wsgi.posthooks.signal"]);
  });

  test("lacks the keys without the extension", async () => {
    const served = await serve((environ, startResponse) => {
      startResponse("200 OK", []);
      return [String("eventlet.posthooks" in environ || "wsgi.posthooks" in environ)];
    });
    const client = await served.connect();
    client.send(GET);
    expect(await client.receive(/(true|false)$/)).toMatch(/false$/);
  });

  test.each(["eventlet.posthooks", "wsgi.posthooks"])("may be given another list at %s", async (key) => {
    const called: string[] = [];
    const served = await serveHooked(
      helloAfter((environ) => {
        environ["wsgi.posthooks"].push([() => called.push("first")]);
        environ[key] = [...environ["eventlet.posthooks"], [() => called.push("second")]];
        environ["eventlet.posthooks"].push([
          (inner) => inner["eventlet.posthooks"].push([() => called.push("fourth")]),
        ]);
        environ["wsgi.posthooks"].push([() => called.push("third")]);
      }),
    );
    await askOnce(served);
    await until(() => served.hooks.counters.run === 5);
    expect(called.toSorted()).toEqual(["first", "fourth", "second", "third"]);
    expect([called[0], called[3]]).toEqual(["first", "fourth"]);
  });

  test("keeps its list when middleware copies it", async () => {
    const called = deferred<Environ>();
    const inner = helloWith([called.resolve]);
    let original: Environ | undefined;
    const served = await serveHooked((environ, startResponse) => {
      original = environ;
      return inner({ ...environ, SCRIPT_NAME: "/mounted" }, startResponse);
    });
    await askOnce(served);
    expect(await called.promise).toBe(original);
  });
});

describe("a hook", () => {
  test("is called with the environ, the args and the kwargs, for every request", async () => {
    const calls: unknown[][] = [];
    const kwargs = { kwarg3: 3, kwarg4: 4 };
    const environs: Environ[] = [];
    const served = await serveHooked(
      helloAfter((environ) => {
        environs.push(environ);
        environ["eventlet.posthooks"].push([(...all) => calls.push(all), ["arg1", "arg2"], kwargs]);
      }),
    );
    const client = await served.connect();
    for (const count of [1, 2, 3]) {
      client.send(GET);
      await until(() => calls.length === count);
    }
    expect(calls).toEqual(environs.map(() => [expect.anything(), "arg1", "arg2", kwargs]));
    expect(calls.map(([environ]) => environ)).toEqual(environs);
    expect(calls.every(([environ], i) => environ === environs[i] && calls[i]?.[3] === kwargs)).toBe(true);
    expect(served.hooks.counters).toEqual({ run: 3, failed: 0, timedOut: 0, dropped: 0, pending: 0, running: 0 });
  });

  test("is passed nothing in place of what its entry lacks", async () => {
    const calls: unknown[][] = [];
    const hook = (...all: unknown[]): void => void calls.push(all.slice(1));
    const served = await serveHooked(
      helloWith(
        [hook],
        [hook, []],
        [hook, ["a"]],
        [hook, ["a"], undefined],
        [hook, undefined, { b: 1 }],
        [hook, [], {}],
      ),
    );
    await askOnce(served);
    await until(() => served.hooks.counters.run === 6);
    expect(calls).toEqual([[], [], ["a"], ["a"], [{ b: 1 }], [{}]]);
  });

  test("is called after the response was sent, its body closed, and its line logged", async () => {
    const notes: string[] = [];
    const called = deferred();
    const served = await serveHooked(
      (environ, startResponse) => {
        environ["eventlet.posthooks"].push([
          ({ "wsgi.exchange": { completed, bodyBytes } }) => {
            notes.push(`hook: completed ${completed}, ${bodyBytes} bytes`);
            called.resolve();
          },
        ]);
        startResponse("200 OK", []);
        function* body() {
          try {
            yield "hello";
          } finally {
            notes.push("body closed");
          }
        }
        return body();
      },
      {},
      { log: { info: (line) => void (line.includes("GET") && notes.push("access log")), debug: () => {} } },
    );
    await askOnce(served);
    await called.promise;
    expect(notes).toEqual(["body closed", "access log", "hook: completed true, 5 bytes"]);
  });

  test("is called after the log has written its lines to a stream, too", async () => {
    const child = startFixture("../../../posthooks/test/fixtures/prints-in-hook.ts");
    await child.ended;
    const lines = child.stderr.split("\n").filter((line) => /GET|hook/.test(line));
    expect(lines).toEqual([expect.stringMatching(/"GET \/ HTTP\/1\.1" 200 5 /), "the hook"]);
  });

  test("never runs inside the call that reports the response, nor before responses that were pipelined behind", async () => {
    const notes: string[] = [];
    const served = await serveHooked(
      helloWith([({ "wsgi.exchange": { requestLine } }) => void notes.push(`hook ${requestLine.slice(4, 6)}`)]),
      {},
      { extensions: [{ name: "later", onResponded: ({ environ }) => void notes.push(`sent ${environ.PATH_INFO}`) }] },
    );
    const client = await served.connect();
    client.send(["/1", "/2", "/3"].map((path) => GET.replace("/", path)).join(""));
    await until(() => served.hooks.counters.run === 3);
    expect(notes).toEqual(["sent /1", "sent /2", "sent /3", "hook /1", "hook /2", "hook /3"]);
  });

  test("that does not end delays neither the next request of its connection nor one of another", async () => {
    const served = await serveHooked(helloWith([() => new Promise(() => {})]));
    const client = await served.connect();
    client.send(GET);
    await until(() => served.hooks.counters.running === 1);
    client.send(GET);
    await client.receive(/hello.*hello$/s);
    expect(await askOnce(served)).toMatch(/hello$/);
    await until(() => served.hooks.counters.running === 3);
  });

  test("does not see the AsyncLocalStorage of another request", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const inner = helloWith([() => void seen.push(storage.getStore())]);
    const served = await serveHooked((environ, startResponse) =>
      storage.run(environ.PATH_INFO, () => inner(environ, startResponse)),
    );
    const client = await served.connect();
    client.send(GET + GET);
    await until(() => served.hooks.counters.run === 2);
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe("the hooks of one request", () => {
  test("run in their order, each awaited", async () => {
    const notes: string[] = [];
    const gates = [deferred(), deferred()];
    const slow =
      (n: number): (() => Promise<void>) =>
      async () => {
        notes.push(`${n} begins`);
        await gates[n]?.promise;
        notes.push(`${n} ends`);
      };
    const served = await serveHooked(helloWith([slow(0)], [slow(1)], [() => notes.push("2")]));
    await askOnce(served);
    await until(() => notes.length === 1);
    expect(served.hooks.counters).toMatchObject({ run: 1, running: 1, pending: 2 });
    gates[1]?.resolve();
    gates[0]?.resolve();
    await until(() => served.hooks.counters.run === 3);
    expect(notes).toEqual(["0 begins", "0 ends", "1 begins", "1 ends", "2"]);
  });

  test("wait for any thenable", async () => {
    const notes: string[] = [];
    const thenable = Object.assign(() => {}, {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (resolve: () => void) => {
        notes.push("awaited");
        resolve();
      },
    });
    const served = await serveHooked(helloWith([() => thenable], [() => notes.push("next")]));
    await askOnce(served);
    await until(() => served.hooks.counters.run === 2);
    expect(notes).toEqual(["awaited", "next"]);
  });

  test("may add hooks, which run after those that are there", async () => {
    const notes: string[] = [];
    const note = (_environ: Environ, text: string): void => void notes.push(text);
    const first = (environ: Environ): void => {
      notes.push("first");
      environ["eventlet.posthooks"].push([note, ["added"]]);
    };
    const later = async (environ: Environ): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      environ["wsgi.posthooks"].push([note, ["added late"]]);
    };
    const served = await serveHooked(helloWith([first], [note, ["second"]], [later]));
    await askOnce(served);
    await until(() => served.hooks.counters.run === 5);
    expect(notes).toEqual(["first", "second", "added", "added late"]);
  });

  test("may remove those that are to come", async () => {
    const called: number[] = [];
    const served = await serveHooked(
      helloWith(
        [() => called.push(1)],
        [(environ) => environ["eventlet.posthooks"].splice(0)],
        [() => called.push(3)],
        [() => called.push(4)],
      ),
    );
    await askOnce(served);
    await until(() => served.hooks.counters.pending === 0 && served.hooks.counters.run === 2);
    await served.server.close();
    expect(called).toEqual([1]);
    expect(served.hooks.counters).toMatchObject({ run: 2, pending: 0, dropped: 0 });
  });
});

describe("postHooks()", () => {
  test("is named in the log as post hooks", () => {
    expect(postHooks().name).toBe("post hooks");
  });

  test("takes part in one server only, and says so to a second one", async () => {
    const served = await serveHooked(helloWith([() => {}]));
    const listener = listen(["127.0.0.1", 0]);
    expect(() =>
      server(listener, () => [], { logOutput: false, extensions: [extensionForCore(served.hooks)] }),
    ).toThrow("what postHooks() returned takes part in one server; another server needs its own");
    expect(listener.served).toBe(false);
    await listener.close();
    await askOnce(served);
    await until(() => served.hooks.counters.run === 1);
  });

  test("leaves a request alone that an extension before it failed", async () => {
    const hooks = postHooks();
    const thrower = {
      name: "thrower",
      onEnviron: () => {
        throw new Error("on purpose");
      },
    };
    const served = await serve(() => [], { extensions: [thrower, extensionForCore(hooks)] });
    const client = await served.connect();
    client.send(GET);
    expect((await served.exchange()).status).toBe(500);
    expect(served.log.filter((line) => line.includes("post hook"))).toEqual([]);
    expect(hooks.counters).toMatchObject({ run: 0, failed: 0 });
  });
});

test("the third program of the documentation", async () => {
  const printed: unknown[] = [];
  const hook = (
    environ: PostHookEnviron,
    arg1: string,
    arg2: string,
    { kwarg3, kwarg4 }: { kwarg3: number; kwarg4: number },
  ) => void printed.push(environ["wsgi.exchange"], arg1, arg2, kwarg3, kwarg4);
  const served = await serveHooked((environ, startResponse) => {
    environ["eventlet.posthooks"].push([hook, ["arg1", "arg2"], { kwarg3: 3, kwarg4: 4 }] satisfies PostHook);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["Hello, World!\r\n"];
  });
  await askOnce(served);
  await until(() => printed.length > 0);
  expect(printed).toEqual([await served.exchange(), "arg1", "arg2", 3, 4]);
  expect(printed[0]).toBe(await served.exchange());
});
