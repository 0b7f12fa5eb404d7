// addPostHook(): what the compiler accepts and refuses, and what is refused without it.

import type { Environ, Exchange } from "@wsgi/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import { until } from "../../core/test/support/until.ts";
import { addPostHook, type PostHook, type PostHookEnviron, PostHookError } from "../src/index.ts";
import { helloAfter } from "./support/hello.ts";
import { askOnce, serveHooked } from "./support/serve-hooked.ts";

interface Kwargs {
  readonly kwarg3: number;
  readonly kwarg4?: string;
}

const plain = (_environ: Environ): void => {};
const withArgs = (_environ: PostHookEnviron, _arg1: string, _arg2: number): void => {};
const withKwargs = async (_environ: Environ, _arg1: string, _kwargs: Kwargs): Promise<void> => {};
const onlyKwargs = (_environ: Environ, _kwargs: Kwargs): void => {};
const optional = (_environ: Environ, _arg1: string, _kwargs: Partial<Kwargs> = {}): void => {};
const variadic = (_environ: Environ, ..._args: number[]): void => {};

function environWithList(): Environ {
  return { "eventlet.posthooks": [] as PostHook[] } as Environ;
}

test("pushes entries that are called in their order", async () => {
  const calls: unknown[][] = [];
  const hook = (_environ: Environ, ...rest: unknown[]): void => void calls.push(rest);
  const served = await serveHooked(
    helloAfter((environ) => {
      addPostHook(environ, hook);
      addPostHook(environ, hook, ["a"]);
      addPostHook(environ, hook, ["a"], { b: 1 });
      addPostHook(environ, hook, [], { b: 1 });
    }),
  );
  await askOnce(served);
  await until(() => served.hooks.counters.run === 4);
  expect(calls).toEqual([[], ["a"], ["a", { b: 1 }], [{ b: 1 }]]);
});

describe("the compiler", () => {
  test("accepts what fits", () => {
    const environ = environWithList();
    addPostHook(environ, plain);
    addPostHook(environ, plain, []);
    addPostHook(environ, withArgs, ["a", 1]);
    addPostHook(environ, withArgs, ["a", 1] as const);
    addPostHook(environ, withKwargs, ["a"], { kwarg3: 3 });
    addPostHook(environ, withKwargs, ["a", { kwarg3: 3 }]);
    addPostHook(environ, onlyKwargs, [], { kwarg3: 3, kwarg4: "4" });
    addPostHook(environ, optional, ["a"]);
    addPostHook(environ, optional, ["a"], {});
    addPostHook(environ, variadic);
    addPostHook(environ, variadic, [1, 2, 3]);
    addPostHook(environ, (inner, name) => expectTypeOf([inner, name]).toEqualTypeOf<(PostHookEnviron | string)[]>(), [
      "a",
    ]);
    addPostHook(environ, async ({ "wsgi.exchange": exchange }) => expectTypeOf(exchange).toEqualTypeOf<Exchange>());
    expect(environ["eventlet.posthooks"]).toHaveLength(13);
  });

  test("refuses what does not", () => {
    const environ = environWithList();
    // @ts-expect-error: args are missing
    addPostHook(environ, withArgs);
    // @ts-expect-error: one is missing
    addPostHook(environ, withArgs, ["a"]);
    // @ts-expect-error: one is of another type
    addPostHook(environ, withArgs, ["a", "b"]);
    // @ts-expect-error: one too many
    addPostHook(environ, withArgs, ["a", 1, 2]);
    // @ts-expect-error: no kwargs are expected
    addPostHook(environ, withArgs, ["a", 1], { kwarg3: 3 });
    // @ts-expect-error: kwargs are missing
    addPostHook(environ, withKwargs, ["a"]);
    // @ts-expect-error: one of the kwargs is of another type
    addPostHook(environ, withKwargs, ["a"], { kwarg3: "3" });
    // @ts-expect-error: one of the kwargs is unknown
    addPostHook(environ, onlyKwargs, [], { kwarg3: 3, kwarg5: 5 });
    // @ts-expect-error: one of the kwargs is missing
    addPostHook(environ, onlyKwargs, [], {});
    // @ts-expect-error: kwargs are no args
    expect(() => addPostHook(environ, onlyKwargs, { kwarg3: 3 })).toThrow(PostHookError);
    // @ts-expect-error: not a function
    expect(() => addPostHook(environ, "hook")).toThrow(PostHookError);
  });

  test("knows the list, and the receipt in a hook", () => {
    expectTypeOf<Environ["eventlet.posthooks"]>().toEqualTypeOf<PostHook[]>();
    expectTypeOf<Environ["wsgi.posthooks"]>().toEqualTypeOf<PostHook[]>();
    expectTypeOf<PostHookEnviron["wsgi.exchange"]>().toEqualTypeOf<Exchange>();
    expectTypeOf<PostHookEnviron["wsgi.posthooks.signal"]>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<Environ["REQUEST_METHOD"]>().toEqualTypeOf<string>();
    const entries: PostHook[] = [[plain], [withArgs, ["a", 1]], [withKwargs, ["a"], { kwarg3: 3 }], [variadic]];
    // @ts-expect-error: args are a list
    entries.push([withArgs, "a"]);
    // @ts-expect-error: a hook is in a list of its own
    entries.push(plain);
  });
});

describe("without the compiler", () => {
  test("says what is missing where there are no post hooks", () => {
    expect(() => addPostHook({} as Environ, plain)).toThrow(
      new PostHookError("NO_POST_HOOKS", 'this environ has no list at "eventlet.posthooks"'),
    );
    expect(() => addPostHook({} as Environ, plain)).toThrow(
      "hooks can be added where postHooks() is one of the server's extensions: this environ has no list at " +
        '"eventlet.posthooks"',
    );
  });

  test.each<[unknown[], string]>([
    [["hook"], 'func: expected a function, got "hook"'],
    [[plain, "a"], 'args: expected an array, got "a"'],
    [[plain, [], 3], "kwargs: expected an object, got 3"],
    [[plain, [], {}, 4], "expected [func, args?, kwargs?], got an array of 4"],
  ])("%o is refused: %s", (entry, text) => {
    const environ = environWithList();
    const call = (): unknown => Reflect.apply(addPostHook, undefined, [environ, ...entry]);
    expect(call).toThrow(
      expect.objectContaining({ code: "BAD_HOOK", message: `a post hook is [func, args?, kwargs?]: ${text}` }),
    );
    expect(environ["eventlet.posthooks"]).toEqual([]);
  });
});
