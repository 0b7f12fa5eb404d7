// What a client can make a server keep: a body in chunks of a byte must not cost many times its own size.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Input, type InputSource } from "../src/input.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** A source that has a body in pieces of so many bytes, all but its end. */
function sourceOf(total: number, sizes: readonly number[]): InputSource {
  let left = total;
  let turn = 0;
  return {
    peekBody: () => (left === 0 ? undefined : Buffer.alloc(Math.min(left, sizes[turn % sizes.length] as number), "x")),
    consumeBody: (count) => {
      left -= count;
      turn++;
    },
    takeBody: (count) => {
      left -= count;
      turn++;
      return Buffer.alloc(count, "x");
    },
    bodyDone: false,
    trailers: undefined,
    connection: undefined,
    wantBytes: () => {},
    sendContinue: () => {},
    takeSocket: () => {
      throw new Error("not here");
    },
  };
}

function living(): number {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test.each([[[1]], [[1, 2, 3]], [[1, 4096]], [[4095, 1]], [[1, 16 * 1024]]])(
  "a body in pieces of %j bytes costs twice its size at most",
  async (sizes) => {
    const total = 500_000;
    const before = living();
    const input = new Input(sourceOf(total, sizes));
    const read = input.read(); // waits for the rest
    const grown = living() - before;
    expect(grown).toBeLessThan(2 * total + 200_000);
    input.fail(new Error("on purpose"));
    await expect(read).rejects.toThrow("on purpose");
  },
);
