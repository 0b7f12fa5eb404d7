// Every kind of body that an application may return: that it is sent, and that it is closed once, however it ends. PEP 3333:
// "must call that method upon completion of the current request, whether the request was completed normally, or terminated early".

import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, test } from "vitest";
import type { Application, Body, Item } from "../src/index.ts";
import { ask, askNext } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { type Served, serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

type Kind = (items: Iterable<Item>, closed: () => void) => Body | Promise<Body>;

const closable: Kind = (items, closed) => ({ [Symbol.iterator]: () => items[Symbol.iterator](), close: closed });

const kinds: [name: string, kind: Kind][] = [
  ["an iterable with close()", closable],
  [
    "an async iterable with close()",
    (items, closed) => ({
      async *[Symbol.asyncIterator]() {
        yield* items;
      },
      close: closed,
    }),
  ],
  [
    "a generator",
    function* (items, closed) {
      try {
        yield* items;
      } finally {
        closed();
      }
    },
  ],
  [
    "an async generator",
    async function* (items, closed) {
      try {
        yield* items;
      } finally {
        closed();
      }
    },
  ],
  ["a Node stream", (items, closed) => Readable.from(bytesOf(items), { objectMode: false }).on("close", closed)],
  [
    "a web stream",
    (items, closed) => {
      const iterator = items[Symbol.iterator]();
      return new ReadableStream<Item>({
        pull(controller) {
          const step = iterator.next();
          if (step.done !== true) return controller.enqueue(step.value);
          controller.close();
          closed();
        },
        cancel: closed,
      });
    },
  ],
  ["a promise of an iterable with close()", (items, closed) => Promise.resolve(closable(items, closed))],
  ["a promise of a promise", async (items, closed) => Promise.resolve(closable(items, closed))],
];

/** As bytes: a Node stream joins strings as it likes. */
function* bytesOf(items: Iterable<Item>): Generator<Uint8Array> {
  for (const item of items) yield Buffer.from(item);
}

/** More than any buffer holds; whoever reads it to its end reads too far. */
function* endless(): Generator<Item> {
  for (let i = 0; i < 100_000; i++) yield "x".repeat(1000);
  throw new Error("the body was read to its end");
}

/** What was called, in order; `closed` counts, and `until` waits for one. */
class Calls {
  readonly list: string[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly add = (name: string): void => {
    this.list.push(name);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  readonly closed = (): void => this.add("closed");

  async until(name: string): Promise<void> {
    while (!this.list.includes(name)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

async function serveBody(body: (calls: Calls) => Body | Promise<Body>, headers: [string, string][] = []) {
  const calls = new Calls();
  const application: Application = (environ, startResponse) => {
    if (environ.PATH_INFO === "/unstarted") return body(calls);
    startResponse(environ.PATH_INFO === "/204" ? "204 No Content" : "200 OK", headers);
    return body(calls);
  };
  const served: Served = await serve(application, {
    extensions: [{ name: "told", onResponded: () => calls.add("told") }],
  });
  return { served, calls };
}

describe.each(kinds)("a body that is %s", (_name, kind) => {
  test("is sent and closed once", async () => {
    const { served, calls } = await serveBody(({ closed }) => kind(["He", "", Buffer.from("llo")], closed));
    const client = await served.connect();
    expect(await askNext(client, get())).toMatchObject({ body: "Hello", complete: true });
    await calls.until("closed");
    await served.exchange();
    expect(calls.list.sort()).toEqual(["closed", "told"]);
    expect((await askNext(client, get())).body).toBe("Hello");
  });

  test.each([
    ["HEAD", "HEAD", "/"],
    ["204", "GET", "/204"],
  ])("is closed once, and not read to its end, for %s", async (_what, method, path) => {
    const { served, calls } = await serveBody(({ closed }) => kind(endless(), closed));
    const client = await served.connect();
    await askNext(client, request(`${method} ${path} HTTP/1.1`), method);
    await calls.until("closed");
    await served.exchange();
    expect(calls.list.sort()).toEqual(["closed", "told"]);
    expect((await askNext(client, request(`${method} ${path} HTTP/1.1`), method)).complete).toBe(true);
  });

  test("is closed once when startResponse was not called", async () => {
    const { served, calls } = await serveBody(({ closed }) => kind(endless(), closed));
    expect((await askNext(await served.connect(), request("GET /unstarted HTTP/1.1"))).status).toBe(500);
    await calls.until("closed");
    await served.exchange();
    expect(calls.list.sort()).toEqual(["closed", "told"]);
  });

  test("is closed once when it fails", async () => {
    function* failing(): Generator<Item> {
      yield "x".repeat(5000);
      throw new Error("no more");
    }
    const { served, calls } = await serveBody(({ closed }) => kind(failing(), closed));
    const answer = await ask(served, get());
    expect(answer.complete).toBe(answer.status === 500);
    if (!/web stream/.test(_name)) await calls.until("closed"); // a stream that errors is not cancelled
    expect((await served.exchange()).error).toMatchObject({ message: "no more" });
    expect(calls.list.filter((call) => call === "closed")).toHaveLength(/web stream/.test(_name) ? 0 : 1);
  });

  test("is closed once when it is too short", async () => {
    const { served, calls } = await serveBody(({ closed }) => kind(["Hello"], closed), [["Content-Length", "6"]]);
    expect(await ask(served, get())).toMatchObject({ body: "Hello", complete: false });
    await calls.until("closed");
    await served.exchange();
    expect(calls.list.sort()).toEqual(["closed", "told"]);
  });

  test("is closed once, and not read to its end, when it is too long", async () => {
    const { served, calls } = await serveBody(({ closed }) => kind(endless(), closed), [["Content-Length", "5"]]);
    const client = await served.connect();
    expect(await askNext(client, get())).toMatchObject({ body: "xxxxx", complete: true });
    await calls.until("closed");
    await served.exchange();
    expect(calls.list.sort()).toEqual(["closed", "told"]);
    expect((await askNext(client, get())).body).toBe("xxxxx");
  });

  test("is closed once when the client leaves", async () => {
    const { served, calls } = await serveBody(({ closed }) => kind(endless(), closed));
    const client = await served.connect();
    client.send(get());
    await client.receive("xxx");
    client.reset();
    await calls.until("closed");
    expect(await served.exchange()).toMatchObject({ completed: false, disconnectPhase: "response-body" });
    expect(calls.list.sort()).toEqual(["closed", "told"]);
  });
});

test.each<[string, (close: () => void) => Body]>([
  ["a list", (close) => Object.assign(["Hello"], { close })],
  ["an empty list", (close) => Object.assign([], { close })],
  ["bytes", (close) => Object.assign(Buffer.from("Hello"), { close })],
  ["a Set", (close) => Object.assign(new Set(["Hello"]), { close })],
])("closes %s that has close()", async (_name, body) => {
  const { served, calls } = await serveBody(({ closed }) => body(closed));
  await askNext(await served.connect(), get());
  await served.exchange();
  expect(calls.list).toEqual(["closed", "told"]);
});

test("calls return() of the iterator and close() of the body, on the body", async () => {
  const thisValues: unknown[] = [];
  const calls: string[] = [];
  const body = {
    [Symbol.iterator]() {
      return {
        next: () => ({ done: false as const, value: "Hello" }),
        return: () => {
          calls.push("return");
          return { done: true as const, value: undefined };
        },
      };
    },
    close() {
      calls.push("close");
      thisValues.push(this);
    },
  };
  const served = await serve((_environ, startResponse) => {
    startResponse("200 OK", []);
    return body;
  });
  await askNext(await served.connect(), request("HEAD / HTTP/1.1"), "HEAD");
  await served.exchange();
  expect(calls).toEqual(["return", "close"]);
  expect(thisValues[0]).toBe(body);
});

test("does not call return() of an iterator that has ended", async () => {
  const calls: string[] = [];
  const items = ["Hello"];
  const { served } = await serveBody(() => ({
    [Symbol.iterator]: () => ({
      next: () =>
        items.length > 0
          ? { done: false as const, value: items.shift() as string }
          : { done: true as const, value: undefined },
      return: () => {
        calls.push("return");
        return { done: true as const, value: undefined };
      },
    }),
  }));
  expect((await askNext(await served.connect(), get())).body).toBe("Hello");
  await served.exchange();
  expect(calls).toEqual([]);
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("cannot close");
    },
  ],
  ["rejects", () => Promise.reject(new Error("cannot close"))],
])("logs that a close() %s, and the response is what it was", async (_name, close) => {
  const { served } = await serveBody(() => Object.assign(new Set(["Hello"]), { close }));
  const client = await served.connect();
  expect(await askNext(client, get())).toMatchObject({ body: "Hello", complete: true });
  expect(await served.logged(/cannot close/)).toMatch(/closing a body failed: Error: cannot close/);
  expect(await served.exchange()).toMatchObject({ completed: true, error: undefined });
  expect((await askNext(client, get())).body).toBe("Hello");
});

test.each<[string, (closed: () => void) => Body]>([
  ["an iterable with close()", (closed) => closable(["Hello"], closed) as Body],
  ["a Node stream", (closed) => new Readable({ read: () => {} }).on("close", closed)],
  ["a web stream", (cancel) => new ReadableStream({ cancel })],
  [
    "an iterator with return()",
    (closed) => {
      const iterator: IterableIterator<Item> = {
        [Symbol.iterator]: () => iterator,
        next: () => ({ done: false, value: "Hello" }),
        return: () => {
          closed();
          return { done: true, value: undefined };
        },
      };
      return iterator;
    },
  ],
])("closes a body that comes after its client has left: %s", async (_name, body) => {
  const calls = new Calls();
  const answer = deferred<Body>();
  const served = await serve((environ, startResponse) => {
    environ["wsgi.signal"].addEventListener("abort", () => calls.add("left"));
    startResponse("200 OK", []);
    calls.add("called");
    return answer.promise;
  });
  const client = await served.connect();
  client.send(get());
  await calls.until("called");
  client.reset();
  await served.exchange();
  answer.resolve(body(calls.closed));
  await calls.until("closed");
  expect(calls.list).toEqual(["called", "left", "closed"]);
});

test("sends a string as one item, never by its characters", async () => {
  const { served } = await serveBody(() => "Hello");
  const answer = await askNext(await served.connect(), get());
  expect(answer.header("content-length")).toBe("5");
  const { served: other } = await serveBody(() => new Set(["Hello", "World"]));
  expect((await askNext(await other.connect(), get())).chunks).toEqual(["HelloWorld"]);
});

test("sends strings as UTF-8 in every kind of body, and bytes as they are", async () => {
  const items = ["é€\u{1f600}", new Uint8Array([0xff, 0x00])];
  const expected = Buffer.concat([Buffer.from("é€\u{1f600}"), Buffer.from([0xff, 0x00])]).toString("latin1");
  for (const [, kind] of [["a list", () => items] as [string, Kind], ...kinds]) {
    const { served } = await serveBody(({ closed }) => kind(items, closed));
    expect((await askNext(await served.connect(), get())).body).toBe(expected);
  }
});
