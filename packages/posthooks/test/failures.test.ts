// Hooks that fail and entries that are no hooks: one clear log line each, and everything else happens all the same.

import { describe, expect, test } from "vitest";
import { until } from "../../core/test/support/until.ts";
import { helloAfter, helloWith, helloWithAnything } from "./support/hello.ts";
import { askOnce, GET, serveHooked } from "./support/serve-hooked.ts";

const unprintable = Object.create(null, {
  [Symbol.for("nodejs.util.inspect.custom")]: {
    value: () => {
      throw new Error("not even this");
    },
  },
});

describe("a hook that fails", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "by throwing",
      function bill() {
        throw new RangeError("no account");
      },
      /post hook 2 of 3, bill, of "GET \/\?a HTTP\/1\.1" failed: RangeError: no account\n +at bill \(/,
    ],
    [
      "by rejecting",
      async function mail() {
        throw new Error("no address");
      },
      /post hook 2 of 3, mail, of "GET \/\?a HTTP\/1\.1" failed: Error: no address\n +at /,
    ],
    [
      "without a name",
      (
        () => () =>
          Promise.reject("just text")
      )(),
      /2 of 3, \(anonymous\), of .* failed: 'just text'$/,
    ],
    ["with undefined", () => Promise.reject(undefined), /failed: undefined$/],
    ["with what has no text", () => Promise.reject(Object.create(null)), /failed: \[Object: null prototype\] \{\}$/],
    ["with what cannot be shown", () => Promise.reject(unprintable), /failed: an error that cannot be shown$/],
    [
      "when it is asked whether it is a promise",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        get then() {
          throw new Error("hands off");
        },
      }),
      /failed: Error: hands off\n/,
    ],
  ])("%s is told with name, position and stack, and the others run", async (_how, fails, line) => {
    const called: string[] = [];
    const served = await serveHooked(helloWith([() => called.push("before")], [fails], [() => called.push("after")]));
    expect(await askOnce(served, GET.replace("/", "/?a"))).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello$/);
    await until(() => served.hooks.counters.run === 3 && served.hooks.counters.running === 0);
    expect(called).toEqual(["before", "after"]);
    expect(served.log.filter((text) => text.includes("post hook"))).toEqual([expect.stringMatching(line)]);
    expect(served.log.filter((text) => text.includes('"GET /?a HTTP/1.1" 200 5 '))).toHaveLength(1);
    expect(served.hooks.counters).toEqual({ run: 3, failed: 1, timedOut: 0, dropped: 0, pending: 0, running: 0 });
  });
});

describe("an entry that is no hook", () => {
  const hook = (): void => {};
  test.each<[unknown, string]>([
    [hook, "expected [func, args?, kwargs?], got a function"],
    [undefined, "expected [func, args?, kwargs?], got undefined"],
    [{ func: hook }, "expected [func, args?, kwargs?], got an object"],
    [[], "expected [func, args?, kwargs?], got an array of 0"],
    [[hook, [], {}, 1], "expected [func, args?, kwargs?], got an array of 4"],
    [["hook"], 'func: expected a function, got "hook"'],
    [[hook, "arg1"], 'args: expected an array, got "arg1"'],
    [[hook, { a: 1 }], "args: expected an array, got an object"],
    [[hook, null], "args: expected an array, got null"],
    [[hook, [], "kwarg"], 'kwargs: expected an object, got "kwarg"'],
    [[hook, [], ["kwarg"]], "kwargs: expected an object, got an array of 1"],
    [[hook, [], null], "kwargs: expected an object, got null"],
    [[hook, [], hook], "kwargs: expected an object, got a function"],
    [["x".repeat(50)], `func: expected a function, got "${"x".repeat(40)}…"`],
  ])("%o is one line that says: %s", async (entry, fault) => {
    const called: string[] = [];
    const served = await serveHooked(
      helloWithAnything([() => called.push("before")], entry, [() => called.push("after")]),
    );
    await askOnce(served);
    await until(() => called.length === 2);
    const name = Array.isArray(entry) && entry[0] === hook ? "hook" : entry === hook ? "hook" : "(no function)";
    expect(served.log.filter((line) => line.includes("post hook"))).toEqual([
      `(${process.pid}) post hook 2 of 3, ${name}, of "GET / HTTP/1.1" is malformed: ${fault}`,
    ]);
    expect(served.log.filter((line) => line.includes('"GET / HTTP/1.1" 200 5 '))).toHaveLength(1);
    expect(served.hooks.counters).toEqual({ run: 2, failed: 1, timedOut: 0, dropped: 0, pending: 0, running: 0 });
  });

  test("that cannot even be looked at is a failure like any other", async () => {
    const { proxy, revoke } = Proxy.revocable([hook], {});
    revoke();
    class Named {
      static readonly name = 5 as unknown as string;
      readonly member = true;
    }
    const nameless = Object.defineProperty(() => Promise.reject(new Error("on purpose")), "name", {
      get: () => {
        throw new Error("no name");
      },
    });
    const called: string[] = [];
    const served = await serveHooked(helloWithAnything(proxy, [Named], [nameless], [() => called.push("after")]));
    await askOnce(served);
    await until(() => called.length === 1);
    expect(served.log.filter((line) => line.includes("post hook")).map((line) => line.split("\n")[0])).toEqual([
      expect.stringMatching(/post hook 1 of 4, \(no name\), of .* failed: TypeError: .* revoked$/),
      expect.stringMatching(/post hook 2 of 4, \(anonymous\), of .* failed: TypeError: .* without 'new'$/),
      expect.stringMatching(/post hook 3 of 4, \(no name\), of .* failed: Error: on purpose$/),
    ]);
    expect(served.hooks.counters).toMatchObject({ run: 3, failed: 3, pending: 0 });
  });

  test.each([
    ["an object", {}],
    ["undefined", undefined],
    ["a function", hook],
  ])("may stand in place of the list: %s", async (shown, list) => {
    const called: string[] = [];
    const served = await serveHooked(
      helloAfter((environ) => {
        environ["eventlet.posthooks"].push([() => called.push("first")]);
        Object.assign(environ, { "eventlet.posthooks": list });
      }),
    );
    expect(await askOnce(served)).toMatch(/hello$/);
    await served.logged(/"GET \/ HTTP\/1\.1" 200 5 /);
    expect(served.log.filter((line) => line.includes("posthooks"))).toEqual([
      `(${process.pid}) environ["eventlet.posthooks"] of "GET / HTTP/1.1" was replaced: expected an array, got ${shown}`,
    ]);
    await until(() => called.length === 1); // the list has a second name
    expect(served.hooks.counters).toMatchObject({ run: 1, failed: 1 });
  });

  test("may have been removed together with the list", async () => {
    const served = await serveHooked(
      helloAfter((environ) => {
        for (const key of ["eventlet.posthooks", "wsgi.posthooks"]) Reflect.deleteProperty(environ, key);
      }),
    );
    expect(await askOnce(served)).toMatch(/hello$/);
    expect("eventlet.posthooks" in (await served.exchange()).environ).toBe(false);
    expect(served.hooks.counters).toMatchObject({ run: 0, failed: 0 });
  });
});

test.each<[string, (environ: object) => void]>([
  ["that the application froze", Object.freeze],
  [
    "with a key of its own that cannot be changed",
    (environ) => Object.defineProperty(environ, "wsgi.exchange", { value: 1 }),
  ],
])("an environ %s keeps no hook from its receipt and its signal", async (_name, spoil) => {
  const seen: unknown[] = [];
  const served = await serveHooked((environ, startResponse) => {
    environ["eventlet.posthooks"].push([
      (given) => seen.push(given["wsgi.exchange"].status, given["wsgi.posthooks.signal"].aborted, given.PATH_INFO),
    ]);
    spoil(environ);
    startResponse("200 OK", []);
    return ["hello"];
  });
  await askOnce(served);
  await until(() => seen.length > 0);
  expect(seen).toEqual([200, false, "/"]);
  expect(served.hooks.counters).toMatchObject({ run: 1, failed: 0, dropped: 0, pending: 0 });
});
