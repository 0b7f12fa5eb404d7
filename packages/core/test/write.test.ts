// write(), which startResponse returns: at once, in order with everything else, never lost. PEP 3333 §"The write() Callable".

import { expect, test } from "vitest";
import type { Application, Body, Item, Write } from "../src/index.ts";
import { ask, askNext } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

/** Answers with what `use` writes, then returns. */
const writing =
  (use: (write: Write) => Body | Promise<Body>, length?: number): Application =>
  (_environ, startResponse) =>
    use(startResponse("200 OK", length === undefined ? [] : [["Content-Length", String(length)]]));

test("sends each item at once, as a chunk of its own", async () => {
  const served = await serve(
    writing(async (write) => {
      await write("one");
      await write("");
      await write(Buffer.from("two"));
      return ["three"];
    }),
  );
  const answer = await askNext(await served.connect(), get());
  expect(answer).toMatchObject({ chunks: ["one", "two", "three"], complete: true });
});

test("sends the item while the application works on", async () => {
  const told = deferred();
  const served = await serve(
    writing(async (write) => {
      await write("begun");
      await told.promise;
      return [" and done"];
    }),
  );
  const client = await served.connect();
  client.send(get());
  await client.receive("begun");
  told.resolve();
  await client.receive(" and done\r\n0\r\n\r\n");
});

test("sends the head with an empty item, too", async () => {
  const told = deferred();
  const served = await serve(
    writing(async (write) => {
      await write("");
      await told.promise;
      return ["late"];
    }),
  );
  const client = await served.connect();
  client.send(get());
  expect(await client.receive(/\r\n\r\n$/)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  told.resolve();
  await client.receive("late\r\n0\r\n\r\n");
});

test("keeps the length that was declared", async () => {
  const served = await serve(
    writing((write) => {
      void write("He");
      return ["llo"];
    }, 5),
  );
  const client = await served.connect();
  expect(await askNext(client, get())).toMatchObject({ chunks: undefined, body: "Hello" });
  expect((await askNext(client, get())).body).toBe("Hello");
});

test("sends until the connection closes to an HTTP/1.0 client", async () => {
  const served = await serve(
    writing((write) => {
      void write("He");
      return ["llo"];
    }),
  );
  const answer = await ask(served, request("GET / HTTP/1.0", "Connection: keep-alive"));
  expect(answer).toMatchObject({ body: "Hello", chunks: undefined });
  expect(answer.header("connection")).toBe("close");
});

test("sends nothing to HEAD", async () => {
  const served = await serve(
    writing((write) => {
      void write("He");
      return ["llo"];
    }),
  );
  const client = await served.connect();
  await askNext(client, request("HEAD / HTTP/1.1"), "HEAD");
  expect((await askNext(client, request("HEAD / HTTP/1.1"), "HEAD")).status).toBe(200);
});

const large = "0123456789".repeat(20_000); // more than leaves in one go

test.each<[string, (write: Write) => Body | Promise<Body>]>([
  [
    "then a list",
    (write) => {
      void write(large);
      void write("two");
      return ["three"];
    },
  ],
  [
    "then a generator",
    (write) => {
      void write(large);
      void write("two");
      return new Set(["three"]);
    },
  ],
  [
    "inside a generator",
    function* (write): Generator<Item> {
      void write(large);
      void write("two");
      yield "three";
    },
  ],
  [
    "between the items of a generator",
    function* (write): Generator<Item> {
      yield large;
      void write("two");
      yield "three";
    },
  ],
  [
    "inside an async generator",
    async function* (write): AsyncGenerator<Item> {
      void write(large);
      void write("two");
      yield "three";
    },
  ],
  [
    "and an awaited one, then a string",
    async (write) => {
      void write(large);
      await write("two");
      return "three";
    },
  ],
])("keeps the order of what is written without waiting, %s", async (_name, use) => {
  const served = await serve(writing(use));
  const client = await served.connect();
  const { body, complete } = await askNext(client, get());
  expect(complete).toBe(true);
  expect(body.length).toBe(large.length + "twothree".length);
  expect(body.endsWith("twothree")).toBe(true);
  expect(body.startsWith(large)).toBe(true);
  expect((await askNext(client, get())).complete).toBe(true);
});

test("sends small items between the items of a generator in their order", async () => {
  const served = await serve(
    writing(function* (write): Generator<Item> {
      yield "one ";
      void write("two ");
      yield "three";
    }),
  );
  expect((await askNext(await served.connect(), get())).body).toBe("one two three");
});

test("breaks off and logs when what was written inside a generator is too short", async () => {
  const served = await serve(
    writing(function* (write): Generator<Item> {
      yield "";
      void write(large);
    }, large.length + 1),
  );
  expect(await ask(served, get())).toMatchObject({ body: large, complete: false });
  expect(await served.logged(/1 bytes are missing/)).toContain("UsageError");
});

test("rejects what is no item, and reports it though nobody waits for it", async () => {
  const errors: unknown[] = [];
  const served = await serve(
    writing(async (write) => {
      await write(5 as unknown as Item).catch((error) => errors.push(error));
      return ["fine"];
    }),
  );
  expect((await askNext(await served.connect(), get())).body).toBe("fine");
  expect(errors).toEqual([expect.objectContaining({ name: "UsageError", code: "BAD_BODY" })]);

  const careless = await serve(
    writing((write) => {
      void write(5 as unknown as Item);
      return ["fine"];
    }),
  );
  await askNext(await careless.connect(), get());
  expect(await careless.logged(/a body is a string/)).toContain("UsageError");
});

test("rejects what comes after the response ended", async () => {
  const kept: Write[] = [];
  const served = await serve(
    writing((write) => {
      kept.push(write);
      return ["done"];
    }),
  );
  const client = await served.connect();
  await askNext(client, get());
  await expect(kept[0]?.("late")).rejects.toMatchObject({ name: "UsageError", code: "RESPONSE_FINISHED" });
  expect((await askNext(client, get())).body).toBe("done");
});
