// How items become chunks: minimumChunkSize, and eventlet.minimum_write_chunk_size for one request.

import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { Environ, Item } from "../src/index.ts";
import { askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { get, request } from "./wire/wire.ts";

const letters = (count: number): Item[] => [..."abcdefghijklmnopqrstuvwxyz"].slice(0, count);

async function chunksOf(
  items: Item[],
  minimumChunkSize: number | undefined,
  adjust: (environ: Environ) => void = () => {},
): Promise<readonly string[] | undefined> {
  const served = await serve(
    (environ, startResponse) => {
      adjust(environ);
      startResponse("200 OK", []);
      return new Set(items);
    },
    minimumChunkSize === undefined ? {} : { minimumChunkSize },
  );
  return (await askNext(await served.connect(), get())).chunks;
}

test("joins small items up to the size", async () => {
  expect(await chunksOf(letters(8), 3)).toEqual(["abc", "def", "gh"]);
  expect(await chunksOf(["ab", "cdef", "g"], 3)).toEqual(["abcdef", "g"]);
});

test("joins up to 4096 bytes by default", async () => {
  expect(await chunksOf(letters(8), undefined)).toEqual(["abcdefgh"]);
  const items = ["a".repeat(4000), "b".repeat(95), "c", "d"];
  expect(await chunksOf(items, undefined)).toEqual([items.slice(0, 3).join(""), "d"]);
});

test("counts bytes, not characters", async () => {
  expect((await chunksOf(["é", "ü", "a"], 4))?.map((chunk) => chunk.length)).toEqual([4, 1]);
});

test.each([0, 1])("sends every item as it is with %i", async (size) => {
  expect(await chunksOf(letters(4), size)).toEqual(["a", "b", "c", "d"]);
});

test("sends items of the size or longer as they are", async () => {
  expect(await chunksOf(["abc", "defg", "hij"], 3)).toEqual(["abc", "defg", "hij"]);
});

test("joins bytes and text", async () => {
  expect(await chunksOf(["a", Buffer.from("bc"), "d", new Uint8Array([0xff])], 5)).toEqual(["abcd\xff"]);
});

test("goes by eventlet.minimum_write_chunk_size for one request", async () => {
  const served = await serve(
    (environ, startResponse) => {
      const { QUERY_STRING } = environ;
      if (QUERY_STRING !== undefined) environ["eventlet.minimum_write_chunk_size"] = Number(QUERY_STRING);
      startResponse("200 OK", []);
      return new Set(letters(4));
    },
    { minimumChunkSize: 3 },
  );
  const client = await served.connect();
  expect((await askNext(client, request("GET /?0 HTTP/1.1"))).chunks).toEqual(["a", "b", "c", "d"]);
  expect((await askNext(client, request("GET /?2 HTTP/1.1"))).chunks).toEqual(["ab", "cd"]);
  expect((await askNext(client, get())).chunks).toEqual(["abc", "d"]);
});

test("with 0 sends an item before the next one is asked for", async () => {
  const sent: boolean[] = [];
  let socket: Socket | undefined;
  const served = await serve(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return (function* (): Generator<Item> {
        for (const letter of letters(3)) {
          const before = socket?.bytesWritten ?? 0;
          yield letter;
          sent.push((socket?.bytesWritten ?? 0) > before);
        }
      })();
    },
    {
      minimumChunkSize: 0,
      extensions: [
        {
          name: "socket",
          onEnviron: (_environ, connection) => {
            socket = connection.socket as Socket;
          },
        },
      ],
    },
  );
  await askNext(await served.connect(), get());
  expect(sent).toEqual([true, true, true]);
});

test("never holds back what an async body yields", async () => {
  const served = await serve(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* (): AsyncGenerator<Item> {
        yield* letters(3);
      })();
    },
    { minimumChunkSize: 1000 },
  );
  expect((await askNext(await served.connect(), get())).chunks).toEqual(["a", "b", "c"]);
});
