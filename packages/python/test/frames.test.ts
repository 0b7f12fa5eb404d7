import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPython } from "../src/find-python.ts";
import {
  FAILED_FLAGS,
  FRAME_HEAD_BYTES,
  FROM_WORKER,
  FrameReader,
  frameHead,
  INPUT_WINDOW,
  REQUEST_FLAGS,
  RESPONSE_FLAGS,
  TO_WORKER,
  u32,
} from "../src/frames.ts";
import { chance } from "./support/chance.ts";

const WORKER_FOLDER = join(import.meta.dirname, "../python");

/** Numbers of the worker, the sizes of its structures, and the names that it gives to characters. */
function tableOfPython(): { values: Record<string, number>; kinds: string[] } {
  const program = `
import ast, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import _wsgi_worker.frames as w
values = {k: v if isinstance(v, int) else v.size for k, v in vars(w).items() if k.isupper() and (isinstance(v, int) or hasattr(v, "size"))}
tree = ast.parse(open(w.__file__).read())
kinds = [n.targets[0].id for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.value).startswith("ord(")]
print(json.dumps({"values": values, "kinds": kinds}))
`;
  const { path } = findPython(undefined, process.cwd());
  return JSON.parse(execFileSync(path, ["-c", program, WORKER_FOLDER], { encoding: "utf8" }));
}

describe("the tables of both sides", () => {
  const { values: python, kinds: theirs } = tableOfPython();

  test("give every kind the same character", () => {
    const kinds = { ...TO_WORKER, ...FROM_WORKER };
    expect(python).toMatchObject(kinds);
    const values = Object.values(kinds);
    expect(new Set(values).size).toBe(values.length);
    expect(theirs.sort()).toEqual(Object.keys(kinds).sort());
  });

  test("give every flag the same bit", () => {
    const { STREAMED, EXPECTS_CONTINUE, SPEAKS_11, HAS_HOOKS, COMPLETE, HOOKS_WAIT, SLOW } = python;
    expect({ STREAMED, EXPECTS_CONTINUE, SPEAKS_11, HAS_HOOKS }).toEqual(REQUEST_FLAGS);
    expect({ COMPLETE, HOOKS_WAIT, SLOW }).toEqual(RESPONSE_FLAGS);
    expect(FAILED_FLAGS).toEqual({ CLIENT: 1, HOOKS_WAIT: 2 });
  });

  test("have the same sizes", () => {
    expect(python).toMatchObject({
      FRAME: FRAME_HEAD_BYTES,
      REQUEST_HEAD: 13,
      RESPONSE_HEAD: 7,
      COUNT: u32(0).length,
      INPUT_WINDOW,
    });
  });
});

type Frame = readonly [kind: number, id: number, payload: string];

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.from(
    frames.map(([kind, id, payload]) => frameHead(kind, id, payload.length) + payload).join(""),
    "latin1",
  );
}

/** What a reader makes of pieces. */
function decodeParts(pieces: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((kind, id, payload) => frames.push([kind, id, payload.toString("latin1")]));
  for (const piece of pieces) reader.push(piece);
  return frames;
}

/** The same, parts of items joined: no two items of a request follow one another here. */
function decode(pieces: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  for (const frame of decodeParts(pieces)) {
    const last = frames.at(-1);
    const isPart = frame[0] === FROM_WORKER.ITEM && last?.[0] === FROM_WORKER.ITEM && last[1] === frame[1];
    if (isPart) frames[frames.length - 1] = [last[0], last[1], last[2] + frame[2]];
    else frames.push(frame);
  }
  return frames;
}

function cut(bytes: Buffer, ...places: readonly number[]): Buffer[] {
  const ends = [...places, bytes.length];
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const FRAMES: readonly Frame[] = [
  [FROM_WORKER.READY, 0, "{}"],
  [FROM_WORKER.ITEM, 1, ""],
  [FROM_WORKER.RESPONSE, 0xffff_ffff, "\0\xff\x01 a body of some length"],
  [FROM_WORKER.END, 0x8000_0001, "\0"],
];

describe("FrameReader", () => {
  test("reads frames at every two cuts", () => {
    const bytes = encode(FRAMES);
    for (let i = 0; i <= bytes.length; i++) {
      for (let j = i; j <= bytes.length; j++) expect(decode(cut(bytes, i, j))).toEqual(FRAMES);
    }
  });

  test("reads frames byte by byte", () => {
    const bytes = encode(FRAMES);
    expect(decode(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(FRAMES);
  });

  test.each(Array.from({ length: 50 }, (_, seed) => seed))("reads random frames in random pieces (%i)", (seed) => {
    const { whole, pick } = chance(seed);
    const frames = Array.from({ length: whole(1, 30) }, (): Frame => {
      const length = pick([0, 1, whole(0, 20), whole(0, 300), whole(0, 70_000)]);
      return [
        pick([FROM_WORKER.ITEM, whole(0, 255)]),
        whole(0, 0xffff_ffff),
        Buffer.alloc(length, whole(0, 255)).toString("latin1"),
      ];
    });
    const bytes = encode(frames);
    const places = Array.from({ length: whole(0, 60) }, () => whole(0, bytes.length)).sort((a, b) => a - b);
    expect(decode(cut(bytes, ...places))).toEqual(frames);
  });

  test("gives a long item away as it comes, in the memory that it came in", () => {
    const given: Buffer[] = [];
    const reader = new FrameReader((kind, id, payload) => {
      expect([kind, id]).toEqual([FROM_WORKER.ITEM, 7]);
      given.push(payload);
    });
    const bytes = encode([[FROM_WORKER.ITEM, 7, "x".repeat(10_000)]]);
    for (const [i, piece] of cut(bytes, FRAME_HEAD_BYTES, 4000, 8000).entries()) {
      reader.push(piece);
      expect(given).toHaveLength(i);
      if (i > 0) expect(given[i - 1]).toEqual(piece);
      if (i > 0) expect(given[i - 1]?.buffer).toBe(bytes.buffer);
    }
  });

  test("gives a short item away whole", () => {
    const frame: Frame = [FROM_WORKER.ITEM, 7, "x".repeat(4096)];
    expect(decodeParts(cut(encode([frame]), 20, 4000))).toEqual([frame]);
  });

  test("joins a frame of many pieces once", () => {
    const bytes = encode([[FROM_WORKER.RESPONSE, 7, "x".repeat(8 * 1024 * 1024)]]);
    const places = Array.from({ length: 8191 }, (_, i) => (i + 1) * 1024);
    const before = performance.now();
    expect(decode(cut(bytes, ...places))).toHaveLength(1);
    expect(performance.now() - before).toBeLessThan(2000); // 8192 joins of 4 MiB would take longer by far
  });

  test("refuses a frame that no worker sends, before its payload", () => {
    const reader = new FrameReader(() => {});
    const head = Buffer.from(frameHead(FROM_WORKER.ITEM, 1, 64 * 1024 * 1024 + 1), "latin1");
    reader.push(head.subarray(0, 5));
    expect(() => reader.push(head.subarray(5))).toThrow(RangeError);
  });

  test("takes the largest frame", () => {
    const head = Buffer.from(frameHead(FROM_WORKER.ITEM, 1, 64 * 1024 * 1024), "latin1");
    expect(() => new FrameReader(() => {}).push(head)).not.toThrow();
  });
});
