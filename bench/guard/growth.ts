// What must cost in proportion to its size and never more: each entry does the same with inputs that grow, and what one unit
// costs in one is compared with what it cost in the one before, a quarter as large. Quadratic work makes that factor four,
// and then no larger input is tried, for it might not end. Work is counted where it can be (work.ts); of the whole server CPU
// time is taken, where a fault would show that cannot be counted.

import { buildEnviron } from "../../packages/core/src/environ.ts";
import type { Input } from "../../packages/core/src/input.ts";
import { RequestParser } from "../../packages/core/src/request-parser.ts";
import type { Application } from "../../packages/core/src/types.ts";
import { FakeConnection } from "./fake-socket.ts";
import { BASE, CHUNKED_HEAD, chunks, ENDS, head, LAST_CHUNK, LIMITS, PARTS, SMALL_HEAD } from "./samples.ts";
import { countWork, metered } from "./work.ts";

export interface Growth {
  readonly small: number;
  readonly large: number;
  /** What the input of that size costs; work that is more than `atMost` may be broken off. */
  cost(size: number, atMost: number): number | Promise<number>;
}

/** Bytes that come with one read. */
const READ = 64 * 1024;
const SEGMENT = 1460;
const KIBIBYTE = 1024;

/** A head of that many fields, 32 bytes each with their CRLF. */
function fields(count: number): Buffer {
  const field = (_: unknown, i: number): string => `X-Field-${String(i).padStart(3, "0")}: ${"v".repeat(17)}`;
  return Buffer.from(head("GET / HTTP/1.1", "Host: a", ...Array.from({ length: count - 1 }, field)));
}

/** The same name again and again. */
function repeated(count: number): Buffer {
  return Buffer.from(
    head("GET / HTTP/1.1", "Host: a", ...new Array<string>(count - 1).fill("X-Same: of twenty bytes")),
  );
}

/** A head of exactly that size, in fields of 700 bytes. */
function headOfSize(bytes: number): Buffer {
  const line = (length: number): string => `X-Long: ${"v".repeat(length - 10)}`;
  const rest = bytes - head("GET / HTTP/1.1", "Host: a").length;
  const whole = Math.floor(rest / 700) - 1;
  return Buffer.from(
    head("GET / HTTP/1.1", "Host: a", ...new Array<string>(whole).fill(line(700)), line(rest - whole * 700)),
  );
}

function chunked(count: number): Buffer {
  return Buffer.concat([CHUNKED_HEAD, chunks(count, 1), LAST_CHUNK]);
}

/** Trailers of that many bytes. */
function trailers(bytes: number): Buffer {
  const lines = headOfSize(bytes).toString("latin1").split("\r\n").slice(2).join("\r\n");
  return Buffer.concat([CHUNKED_HEAD, Buffer.from(`0\r\n${lines}`)]);
}

function pipelined(count: number): Buffer {
  return Buffer.from(SMALL_HEAD.toString("latin1").repeat(count));
}

/** The work of parsing bytes that come `piece` by `piece` in one reused buffer, and of building environs. */
function parsing(make: (size: number) => Buffer, piece: number): Growth["cost"] {
  return (size, atMost) => {
    const bytes = make(size);
    const shared = Buffer.alloc(READ);
    let ended = 0;
    const work = countWork(() => {
      const parser = new RequestParser(LIMITS);
      const reused = metered(shared);
      for (let at = 0; at < bytes.length; at += piece) {
        parser.push(reused, bytes.copy(shared, 0, at, at + piece));
        ended += parseAll(parser);
        parser.retain();
      }
    }, atMost);
    if (ended === 0 && work < atMost) throw new Error("no message came to its end");
    return work;
  };
}

/** Reads what there is to read; returns how many messages ended. */
function parseAll(parser: RequestParser): number {
  for (let ended = 0; ; ended++) {
    if (parser.bodyDone) {
      const head = parser.readHead();
      if (head === undefined) return ended;
      buildEnviron(head, ENDS, BASE, PARTS);
    }
    for (let part = parser.peekBody(); part !== undefined; part = parser.peekBody()) parser.consumeBody(part.length);
    if (!parser.bodyDone) return ended;
  }
}

/** Milliseconds of CPU that a server takes for bytes that come `piece` by `piece`. */
function serving(
  make: (size: number) => Buffer,
  piece: number,
  application: (size: number) => Application,
): Growth["cost"] {
  return async (size) => {
    const bytes = make(size);
    let responded = 0;
    const counting = { name: "counting", onResponded: () => void responded++ };
    const connection = new FakeConnection(application(size), { minimumChunkSize: 1, extensions: [counting] });
    const begun = process.cpuUsage();
    for (let at = 0; at < bytes.length; at += piece) {
      connection.receive(bytes.subarray(at, at + piece));
      if (piece > 1) await connection.readable();
    }
    while (responded === 0) await connection.readable();
    const { user, system } = process.cpuUsage(begun);
    await connection.close();
    return (user + system) / 1000;
  };
}

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["hello"];
};

/** Takes the body of the request in some way before it answers. */
function after(take: (input: Input) => Promise<unknown>): () => Application {
  return () => async (environ, startResponse) => {
    await take(environ["wsgi.input"]);
    startResponse("200 OK", []);
    return ["taken"];
  };
}

/** Yields that many items, with a wait before each or none. */
function yielding(waits: boolean): (count: number) => Application {
  return (count) => (_environ, startResponse) => {
    startResponse("200 OK", []);
    return waits ? itemsLater(count) : items(count);
  };
}

function* items(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield "an item";
}

async function* itemsLater(count: number): AsyncGenerator<string> {
  yield* items(count);
}

const request = (): Buffer => SMALL_HEAD;
const times = (count: number, make: (size: number) => Buffer) => (size: number) =>
  Buffer.concat(new Array<Buffer>(count).fill(make(size)));

const HEAD = { small: 2 * KIBIBYTE, large: 64 * KIBIBYTE };
const FIELDS = { small: 10, large: 100 };
const ITEMS = { small: 1000, large: 100_000 };

/** Work of parser and environ, counted. */
export const COUNTED: Readonly<Record<string, Growth>> = {
  "a head of 2 to 64 KiB, byte by byte": { ...HEAD, cost: parsing(headOfSize, 1) },
  "a head of 2 to 64 KiB, in segments": { ...HEAD, cost: parsing(headOfSize, SEGMENT) },
  "a head of 2 to 64 KiB, in one read": { ...HEAD, cost: parsing(headOfSize, READ) },
  "10 to 100 fields, byte by byte": { ...FIELDS, cost: parsing(fields, 1) },
  "10 to 100 fields, in one read": { ...FIELDS, cost: parsing(fields, READ) },
  "10 to 100 times the same field": { ...FIELDS, cost: parsing(repeated, READ) },
  "10,000 to 80,000 chunks": { small: 10_000, large: 80_000, cost: parsing(chunked, READ) },
  "1,000 to 10,000 chunks, byte by byte": { small: 1000, large: 10_000, cost: parsing(chunked, 1) },
  "trailers of 2 to 60 KiB, byte by byte": { small: 2 * KIBIBYTE, large: 60 * KIBIBYTE, cost: parsing(trailers, 1) },
  "100 to 10,000 pipelined requests": { small: 100, large: 10_000, cost: parsing(pipelined, READ) },
};

/** CPU time of a whole server. */
export const TIMED: Readonly<Record<string, Growth>> = {
  "a head of 2 to 64 KiB, byte by byte": { ...HEAD, cost: serving(headOfSize, 1, () => hello) },
  "10 to 100 fields": { ...FIELDS, cost: serving(times(100, fields), READ, () => hello) },
  "10 to 100 times the same field": { ...FIELDS, cost: serving(times(100, repeated), READ, () => hello) },
  "10,000 to 200,000 chunks, read one by one": {
    ...{ small: 10_000, large: 200_000 },
    cost: serving(
      chunked,
      READ,
      after((input) => input.discard()),
    ),
  },
  "10,000 to a million chunks, read at once": {
    ...{ small: 10_000, large: 1_000_000 },
    cost: serving(
      chunked,
      READ,
      after((input) => input.read()),
    ),
  },
  "1,000 to 100,000 items": { ...ITEMS, cost: serving(request, READ, yielding(false)) },
  "1,000 to 100,000 items that are waited for": { ...ITEMS, cost: serving(request, READ, yielding(true)) },
};

/** The greatest factor by which a unit became more expensive when the input grew. */
export interface Grown {
  readonly [name: string]: number;
}

/** @param limit up to which a factor is good */
export async function countGrowth(limit: number): Promise<Grown> {
  const grown: Record<string, number> = {};
  for (const [name, growth] of Object.entries(COUNTED)) grown[name] = await factor(growth, limit);
  return grown;
}

/** Disturbances only ever add: the first round that is good ends it, while a fault is one in every round. */
export async function timeGrowth(limit: number): Promise<Grown> {
  const grown: Record<string, number> = {};
  for (const [name, growth] of Object.entries(TIMED)) {
    await growth.cost(growth.small, Number.POSITIVE_INFINITY); // compiled before it is timed
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < MAX_ROUNDS && least > limit; round++)
      least = Math.min(least, await factor(growth, limit));
    grown[name] = least;
  }
  return grown;
}

const MAX_ROUNDS = 5;
const STEP = 4;
/** How far beyond the limit work is counted. */
const ENOUGH = 1.25;

async function factor({ small, large, cost }: Growth, limit: number): Promise<number> {
  let ofUnit = (await cost(small, Number.POSITIVE_INFINITY)) / small;
  let greatest = 0;
  for (let size = small; size < large && greatest <= limit; ) {
    size = Math.min(size * STEP, large);
    const before = ofUnit;
    ofUnit = (await cost(size, ENOUGH * limit * before * size)) / size;
    greatest = Math.max(greatest, ofUnit / before);
  }
  return greatest;
}
