// Laws of what an application reads and writes, over real sockets: any order of reads gives the bytes of the body as
// Python's files would, and any order of writes and yields gives the response's bytes in that order.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Application, Input, Item, Write } from "../src/index.ts";
import { type Answer, answerIn, askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { get, post, request } from "./wire/wire.ts";

// ---- reading ---------------------------------------------------------------------------------------------------

interface Read {
  readonly call: "read" | "read1" | "readline" | "readlines" | "step";
  readonly size: number | undefined;
}

const read: fc.Arbitrary<Read> = fc.record({
  call: fc.constantFrom("read", "read1", "readline", "readlines", "step"),
  size: fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined }),
});

async function perform({ call, size }: Read, input: Input): Promise<string[]> {
  if (call === "readlines") return (await input.readlines(size)).map(String);
  if (call !== "step") return [String(await input[call](size))];
  for await (const line of input) return [String(line)];
  return [""];
}

/** Takes from the front of `rest` what the read must give; undefined when `got` is not that. */
function take({ call, size }: Read, rest: string, got: readonly string[]): string | undefined {
  const limit = size === undefined || size < 0 ? Number.POSITIVE_INFINITY : size;
  const line = (text: string, most: number): string => (/^[^\n]*\n?/.exec(text)?.[0] ?? "").slice(0, most);
  let expected: string[];
  if (call === "readlines") {
    expected = [];
    let left = rest;
    const hint = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    for (let length = 0; left !== "" && length < hint; length = rest.length - left.length) {
      expected.push(line(left, Number.POSITIVE_INFINITY));
      left = left.slice(expected.at(-1)?.length);
    }
  } else if (call === "read1") {
    const [piece = ""] = got; // how much is at hand is nobody's to say
    const isFair = piece.length <= limit && (piece !== "" || limit === 0 || rest === "");
    expected = isFair ? [rest.slice(0, piece.length)] : ["a piece of another size"];
  } else {
    expected = [call === "read" ? rest.slice(0, limit) : line(rest, call === "step" ? 65536 : limit)];
  }
  return JSON.stringify(expected) === JSON.stringify(got) ? rest.slice(expected.join("").length) : undefined;
}

/** Cuts a text behind these positions, in any order. */
function pieces(text: string, positions: readonly number[]): string[] {
  const sorted = [...positions, text.length].sort((a, b) => a - b);
  return sorted.map((end, i) => text.slice(sorted[i - 1] ?? 0, end)).filter((piece) => piece !== "");
}

test("gives a body's bytes in order, whatever the calls, the framing and the cuts", { timeout: 30_000 }, async () => {
  let reads: readonly Read[] = [];
  let results: string[][] = [];
  const served = await serve(async (environ, startResponse) => {
    results = [];
    for (const one of reads) results.push(await perform(one, environ["wsgi.input"]));
    startResponse("200 OK", []);
    return [];
  });
  const client = await served.connect();
  await fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^[ab\n]{0,40}$/),
      fc.array(read, { maxLength: 8 }),
      fc.option(fc.array(fc.nat(40), { maxLength: 5 })),
      fc.array(fc.nat(250), { maxLength: 4 }),
      async (body, calls, chunkEnds, cuts) => {
        reads = calls;
        const chunks = pieces(body, chunkEnds ?? []).map((piece) => `${piece.length.toString(16)};x\r\n${piece}\r\n`);
        const bytes =
          chunkEnds === null
            ? post([`Content-Length: ${body.length}`], body)
            : post(["Transfer-Encoding: chunked"], `${chunks.join("")}0\r\n\r\n`);
        const parts = pieces(
          bytes.toString("latin1"),
          cuts.filter((cut) => cut < bytes.length),
        );
        for (const part of parts.slice(0, -1)) await client.sendAll(part);
        const answer = await askNext(client, parts.at(-1) ?? "");
        expect(answer.status).toBe(200);
        let rest: string | undefined = body;
        for (const [i, call] of calls.entries()) {
          rest = take(call, rest, results[i] ?? []);
          if (rest === undefined) throw new Error(`${call.call}(${call.size}) gave ${JSON.stringify(results[i])}`);
        }
      },
    ),
    { numRuns: 300 },
  );
  // What was left unread was discarded each time: it is still one connection.
  expect(served.server.counters.accepted).toBe(1);
});

// ---- writing ---------------------------------------------------------------------------------------------------

interface Step {
  readonly by: "yield" | "write" | "awaited write";
  readonly size: number;
  readonly kind: "ascii" | "text" | "bytes";
}

const step: fc.Arbitrary<Step> = fc.record({
  by: fc.constantFrom("yield", "write", "awaited write"),
  size: fc.oneof(fc.nat(20), fc.constantFrom(0, 1, 4095, 4096, 65535, 65536, 65537, 150_000)),
  kind: fc.constantFrom("ascii", "text", "bytes"),
});

/** The item of a step: the letter says which step it was. */
function itemOf({ size, kind }: Step, index: number): Item {
  const letter = String.fromCharCode(0x41 + index);
  if (kind === "text") return "é".repeat(Math.floor(size / 2)).concat(letter);
  return kind === "ascii" ? letter.repeat(size) : Buffer.alloc(size, letter);
}

function synchronous(steps: readonly Step[], write: Write): Iterable<Item> {
  return (function* () {
    for (const [i, one] of steps.entries()) {
      if (one.by === "yield") yield itemOf(one, i);
      else void write(itemOf(one, i));
    }
  })();
}

function asynchronous(steps: readonly Step[], write: Write): AsyncIterable<Item> {
  return (async function* () {
    for (const [i, one] of steps.entries()) {
      if (one.by === "yield") {
        yield itemOf(one, i);
      } else {
        const written = write(itemOf(one, i));
        if (one.by === "awaited write") await written;
      }
    }
  })();
}

/** Writes what is written, then gives the rest as a list. */
function listing(steps: readonly Step[], write: Write): Item[] {
  const items = steps.map(itemOf);
  for (const [i, one] of steps.entries()) if (one.by !== "yield") void write(items[i] as Item);
  return items.filter((_, i) => steps[i]?.by === "yield");
}

test("sends what is written and yielded in its order, in every framing", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 7 }),
      fc.constantFrom("synchronous", "asynchronous", "list"),
      fc.constantFrom("HTTP/1.1", "HTTP/1.0"),
      fc.boolean(),
      fc.constantFrom(0, 3, 4096),
      async (steps, way, version, declares, minimumChunkSize) => {
        const inOrder =
          way === "list" ? [...steps.filter((s) => s.by !== "yield"), ...steps.filter((s) => s.by === "yield")] : steps;
        const expected = Buffer.concat(
          inOrder.map((one) => Buffer.from(itemOf(one, steps.indexOf(one)) as Uint8Array)),
        ).toString("latin1");
        const application: Application = (environ, startResponse) => {
          const length: [string, string][] = declares ? [["Content-Length", String(expected.length)]] : [];
          const write = startResponse("200 OK", environ.PATH_INFO === "/end" ? [] : length);
          if (environ.PATH_INFO === "/end") return ["end"];
          if (way === "list") return listing(steps, write);
          return way === "synchronous" ? synchronous(steps, write) : asynchronous(steps, write);
        };
        const served = await serve(application, { minimumChunkSize });
        const client = await served.connect();
        let answer: Answer;
        if (version === "HTTP/1.0") {
          client.send(request("GET / HTTP/1.0"));
          answer = answerIn(await client.end());
        } else {
          answer = await askNext(client, get());
          expect((await askNext(client, request("GET /end HTTP/1.1"))).body).toBe("end");
        }
        expect(answer.complete).toBe(true);
        expect(answer.body.length).toBe(expected.length);
        expect(answer.body === expected).toBe(true);
        expect(await served.exchange()).toMatchObject({
          completed: true,
          bodyBytes: expected.length,
          error: undefined,
        });
        client.leave();
        await served.server.close({ timeout: 0 });
      },
    ),
    { numRuns: 150 },
  );
});
