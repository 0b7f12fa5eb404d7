// wsgi.input over a real socket: read, read1, readline, readlines and iteration, alike for bodies with a length and in chunks.

import { describe, expect, test } from "vitest";
import { type Application, type Input, UsageError } from "../src/index.ts";
import { ask, askNext } from "./support/answers.ts";
import { type Served, serve } from "./support/serve.ts";
import { chunkedRaw, get, post } from "./wire/wire.ts";

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** The ways a body comes: its framing, and how its bytes are cut. */
const ways: [name: string, frame: (body: string) => Buffer, bytesAtATime: number][] = [
  ["with a length", (body) => post([`Content-Length: ${body.length}`], body), Number.POSITIVE_INFINITY],
  ["with a length, byte by byte", (body) => post([`Content-Length: ${body.length}`], body), 1],
  ["in one chunk", (body) => chunkedRaw(`${chunk(body)}0\r\n\r\n`), Number.POSITIVE_INFINITY],
  [
    "in chunks of a byte",
    (body) => chunkedRaw(`${[...body].map(chunk).join("")}0\r\nX: y\r\n\r\n`),
    Number.POSITIVE_INFINITY,
  ],
  ["in chunks of a byte, byte by byte", (body) => chunkedRaw(`${[...body].map(chunk).join("")}0\r\n\r\n`), 1],
];

/** Buffers as latin-1 text, in lists too. */
function shown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  return Array.isArray(value) ? value.map(shown) : value;
}

/** Sends a request and resolves with what `use` made of its input. */
async function used(
  bytes: Buffer,
  use: (input: Input) => Promise<unknown>,
  bytesAtATime = Number.POSITIVE_INFINITY,
): Promise<unknown> {
  const results: unknown[] = [];
  const served = await serve(async (environ, startResponse) => {
    results.push(await use(environ["wsgi.input"]));
    startResponse("200 OK", [["Connection", "close"]]);
    return [];
  });
  const client = await served.connect();
  for (let i = 0; i < bytes.length; i += bytesAtATime) {
    await client.sendAll(bytes.subarray(i, Math.min(bytes.length, i + bytesAtATime)));
  }
  expect(await client.end(), served.log.join("\n")).toMatch(/^HTTP\/1\.1 200 /);
  return shown(results[0]);
}

/** Calls until the answer is empty, and once more; the empty answers are part of the result. */
async function repeated(call: () => Promise<Buffer>): Promise<Buffer[]> {
  const pieces = [await call()];
  while (pieces.at(-1)?.length !== 0) pieces.push(await call());
  pieces.push(await call());
  return pieces;
}

describe.each(ways)("a body %s", (_name, frame, bytesAtATime) => {
  const text = "one\r\ntwo\n\nlast";
  const lines = ["one\r\n", "two\n", "\n", "last"];
  const use = (call: (input: Input) => Promise<unknown>): Promise<unknown> => used(frame(text), call, bytesAtATime);

  test.each([[undefined], [null], [-1], [-7], [Number.POSITIVE_INFINITY]])(
    "is read whole by read(%s)",
    async (size) => {
      expect(await use(async (input) => [await input.read(size), await input.read(size)])).toEqual([text, ""]);
    },
  );

  test("is read in pieces of a size, the last one short", async () => {
    expect(await use((input) => repeated(() => input.read(6)))).toEqual(["one\r\nt", "wo\n\nla", "st", "", ""]);
  });

  test("is read short when less is left than was asked for", async () => {
    expect(await use((input) => input.read(1000))).toBe(text);
  });

  test("is not touched by sizes of 0", async () => {
    const calls = (input: Input): Promise<unknown> =>
      Promise.all([input.read(0), input.read1(0), input.readline(0)]).then(async (empty) => [
        empty,
        await input.read(),
      ]);
    expect(await use(calls)).toEqual([["", "", ""], text]);
  });

  test("is read by read1 in pieces of at least a byte and at most the size", async () => {
    const pieces = (await use((input) => repeated(() => input.read1(4)))) as string[];
    expect(pieces.join("")).toBe(text);
    expect(pieces.slice(-2)).toEqual(["", ""]);
    for (const piece of pieces.slice(0, -2)) expect(piece).toMatch(/^.{1,4}$/s);
  });

  test("is read line by line", async () => {
    expect(await use((input) => repeated(() => input.readline()))).toEqual([...lines, "", ""]);
    expect(await use((input) => repeated(() => input.readline(-1)))).toEqual([...lines, "", ""]);
  });

  test("is read line by line, at most a size of each", async () => {
    const pieces = ["one", "\r\n", "two", "\n", "\n", "las", "t", "", ""];
    expect(await use((input) => repeated(() => input.readline(3)))).toEqual(pieces);
    expect(await use((input) => input.readline(4))).toBe("one\r");
    expect(await use((input) => input.readline(5))).toBe("one\r\n");
  });

  test.each([[undefined], [null], [-1], [0], [1000]])("is read into all its lines by readlines(%s)", async (hint) => {
    expect(await use(async (input) => [await input.readlines(hint), await input.readlines()])).toEqual([lines, []]);
  });

  test("is read into lines that sum up to the hint", async () => {
    expect(await use(async (input) => [await input.readlines(1), await input.readlines(5)])).toEqual([
      ["one\r\n"],
      ["two\n", "\n"],
    ]);
    expect(await use((input) => input.readlines(6))).toEqual(["one\r\n", "two\n"]);
  });

  test("is iterated over line by line", async () => {
    const iterated = async (input: Input): Promise<unknown> => {
      const found: Buffer[] = [];
      for await (const line of input) found.push(line);
      return found;
    };
    expect(await use(iterated)).toEqual(lines);
  });

  test("is read on after an iteration that broke off", async () => {
    const broken = async (input: Input): Promise<unknown> => {
      for await (const line of input) return [line, await input.read()];
      return undefined;
    };
    expect(await use(broken)).toEqual([lines[0], lines.slice(1).join("")]);
  });

  test("is read by all of them in turn", async () => {
    const turns = async (input: Input): Promise<unknown> => [
      await input.read(2),
      await input.readline(),
      await input.read(1),
      await input.readlines(),
      await input.read1(),
    ];
    expect(await use(turns)).toEqual(["on", "e\r\n", "t", ["wo\n", "\n", "last"], ""]);
  });

  test("is dropped by discard", async () => {
    expect(await use(async (input) => [await input.read(2), await input.discard(), await input.read()])).toEqual([
      "on",
      undefined,
      "",
    ]);
  });

  test("keeps every byte as it is, and pieces once read", async () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
    const pieces = await used(frame(bytes), (input) => repeated(() => input.read1()), bytesAtATime);
    expect((pieces as string[]).join("")).toBe(bytes);
  });

  test.each([1.5, Number.NaN, "5", {}, true, 5n])("is left alone by a call with the bad size %s", async (size) => {
    const bad = size as unknown as number;
    const attempts = async (input: Input): Promise<unknown> => {
      const errors: unknown[] = [];
      for (const name of ["read", "read1", "readline", "readlines"] as const) {
        await input[name](bad).catch((error: unknown) => errors.push((error as UsageError).code));
      }
      return [errors, await input.read()];
    };
    expect(await use(attempts)).toEqual([new Array(4).fill("BAD_READ_SIZE"), text]);
  });
});

test.each([
  ["a GET", get()],
  ["Content-Length: 0", post(["Content-Length: 0"])],
  ["an empty chunked body", chunkedRaw("0\r\n\r\n")],
])("has nothing to read of %s", async (_name, bytes) => {
  const all = async (input: Input): Promise<unknown> => [
    await input.read(),
    await input.read(5),
    await input.read1(),
    await input.readline(),
    await input.readlines(),
    (await input[Symbol.asyncIterator]().next()).done,
  ];
  expect(await used(bytes, all)).toEqual(["", "", "", "", [], true]);
});

test("reads a body larger than any buffer", async () => {
  const line = `${"x".repeat(99)}\n`;
  const body = line.repeat(30_000);
  const sums = async (input: Input): Promise<unknown> => {
    const lines = await input.readlines(100_000);
    return [lines.length, (await input.read(1_000_000)).length, (await input.read()).length];
  };
  expect(await used(post([`Content-Length: ${body.length}`], body), sums)).toEqual([1000, 1_000_000, 1_900_000]);
  expect(await used(chunkedRaw(`${chunk(body)}0\r\n\r\n`), sums)).toEqual([1000, 1_000_000, 1_900_000]);
});

test("iterates over a line longer than 64 KiB in pieces", async () => {
  const body = `${"x".repeat(100_000)}\nshort`;
  const lengths = async (input: Input): Promise<unknown> => {
    const found: number[] = [];
    for await (const line of input) found.push(line.length);
    return found;
  };
  expect(await used(post([`Content-Length: ${body.length}`], body), lengths)).toEqual([65536, 34465, 5]);
});

describe("what has arrived", () => {
  test.each([
    ["with a length", post(["Content-Length: 10"], "Hello"), "World"],
    ["in chunks", chunkedRaw("a\r\nHello"), "World\r\n0\r\n\r\n"],
  ])("is enough for read1, readline with its LF, and a read of that size, %s", async (_name, first, second) => {
    const served = await serve(async (environ, startResponse) => {
      const input = environ["wsgi.input"];
      environ["wsgi.early_hints"]?.([["X-Read", `${await input.read(2)} ${await input.read1(100)}`]]);
      startResponse("200 OK", []);
      return [await input.read()];
    });
    const client = await served.connect();
    client.send(first);
    await client.receive("X-Read: He llo\r\n\r\n");
    expect((await askNext(client, second)).body).toBe("World");
  });

  test("is enough for a line that ends in it", async () => {
    const served = await serve(async (environ, startResponse) => {
      const input = environ["wsgi.input"];
      environ["wsgi.early_hints"]?.([["X-Read", String(await input.readline()).trim()]]);
      startResponse("200 OK", []);
      return [await input.readline()];
    });
    const client = await served.connect();
    client.send(post(["Content-Length: 10"], "one\ntwo"));
    await client.receive("X-Read: one\r\n\r\n");
    expect((await askNext(client, "\nab")).body).toBe("two\n");
  });
});

describe("a body that is answered while it still comes", () => {
  const echo: Application = (environ, startResponse) => {
    startResponse("200 OK", []);
    const input = environ["wsgi.input"];
    return (async function* () {
      for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) yield piece;
    })();
  };

  test("is read piece by piece", async () => {
    const client = await (await serve(echo)).connect();
    client.send(post(["Content-Length: 10"], "Hello"));
    await client.receive(/Hello\r\n$/);
    client.send("World");
    await client.receive("5\r\nWorld\r\n0\r\n\r\n");
    expect((await askNext(client, chunkedRaw(`${chunk("again")}0\r\n\r\n`))).body).toBe("again");
  });

  test("is read as fast as the client takes the answer", async () => {
    const body = "0123456789abcdef".repeat(500_000);
    const served = await serve(echo);
    const answer = await ask(served, post([`Content-Length: ${body.length}`], body));
    // When its head was sent nobody knew whether so much would be read.
    expect(answer.header("connection")).toBe("close");
    expect(answer.body === body).toBe(true);
    expect(await served.exchange()).toMatchObject({ completed: true, bodyBytes: body.length });
  });
});

describe("a second call while one waits", () => {
  test("is refused and leaves the first one alone", async () => {
    const errors: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      const input = environ["wsgi.input"];
      const first = input.read();
      for (const second of [input.read(), input.read1(), input.readline(), input.readlines(), input.discard()]) {
        await second.catch((error) => errors.push(error));
      }
      environ["wsgi.early_hints"]?.([["X-Refused", String(errors.length)]]);
      startResponse("200 OK", []);
      return [await first];
    });
    const client = await served.connect();
    client.send(post(["Content-Length: 5"]));
    await client.receive("X-Refused: 5");
    expect((await askNext(client, "Hello")).body).toBe("Hello");
    expect(errors).toEqual(
      new Array(5).fill(expect.objectContaining({ name: "UsageError", code: "READ_IN_PROGRESS" })),
    );
  });

  test("is served when both find what they want", async () => {
    const both = (input: Input): Promise<unknown> => Promise.all([input.read(2), input.read(3)]);
    expect(await used(post(["Content-Length: 5"], "Hello"), both)).toEqual(["He", "llo"]);
  });
});

describe("after the response", () => {
  /** Keeps the input of each request and answers without reading. */
  async function serveKept(
    options: { readBefore?: boolean } = {},
  ): Promise<{ served: Served; kept: Input[]; early: Promise<unknown>[] }> {
    const kept: Input[] = [];
    const early: Promise<unknown>[] = [];
    const application: Application = (environ, startResponse) => {
      const input = environ["wsgi.input"];
      kept.push(input);
      if (options.readBefore === true) early.push(input.read().catch((error) => error));
      startResponse("200 OK", []);
      return ["done"];
    };
    return { served: await serve(application), kept, early };
  }

  test("nothing can be read, not even of the next request", async () => {
    const { served, kept } = await serveKept();
    const client = await served.connect();
    await askNext(client, post(["Content-Length: 5"], "Hello"));
    await askNext(client, post(["Content-Length: 5"]));
    const [first, second] = kept as [Input, Input];
    for (const input of [first, second]) {
      for (const call of [input.read(), input.read1(), input.readline(), input.readlines(), input.discard()]) {
        await expect(call).rejects.toMatchObject({ name: "UsageError", code: "READ_AFTER_RESPONSE" });
      }
    }
    expect((await askNext(client, `World${get()}`)).body).toBe("done");
  });

  test("a read that still waits is refused, and the connection not used again", async () => {
    const { served, early } = await serveKept({ readBefore: true });
    const answer = await ask(served, post(["Content-Length: 5"]));
    expect(answer.body).toBe("done");
    expect(await early[0]).toBeInstanceOf(UsageError);
    expect(await early[0]).toMatchObject({ code: "READ_AFTER_RESPONSE" });
  });
});
