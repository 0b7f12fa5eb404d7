// What a connection may have of a turn: the same whatever it sends, so that small things on the wire buy no more work.

import { expect, test } from "vitest";
import { Turn } from "../src/turn.ts";

/** How often something can be counted before a turn is over. */
function times(count: (turn: Turn) => void): number {
  const turn = new Turn();
  turn.begin();
  for (let n = 0; ; n++) {
    if (turn.isOver) return n;
    count(turn);
  }
}

test.each<[string, (turn: Turn) => void, number]>([
  ["full reads", (turn) => turn.countRead(64 * 1024), 8],
  ["heads without fields", (turn) => turn.countHead(0), 64],
  ["heads of a browser", (turn) => turn.countHead(12), 26],
  ["heads of 100 fields", (turn) => turn.countHead(100), 5],
  ["chunks of a byte", (turn) => turn.countPiece(5), 631],
  ["sections of 5 KiB of trailers", (turn) => turn.countPiece(5000), 2],
])("is over after a number of %s", (_what, count, expected) => {
  expect(times(count)).toBe(expected);
});

test("costs an honest upload next to nothing for its chunks", () => {
  const plain = times((turn) => turn.countRead(1024));
  const chunked = times((turn) => {
    turn.countRead(64 * 1024);
    turn.countPiece("\r\n10000\r\n".length);
  });
  expect(chunked * 64).toBeGreaterThanOrEqual(plain * 0.98);
});

test("begins anew with the next one", () => {
  const turn = new Turn();
  turn.countRead(512 * 1024);
  expect(turn.isOver).toBe(true);
  turn.begin();
  expect(turn.isOver).toBe(false);
  turn.countRead(512 * 1024 - 1);
  expect(turn.isOver).toBe(false);
});
