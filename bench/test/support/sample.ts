// Results that nobody measured, for tests.

import type { RowResult, Run } from "../../results.ts";

/** Ours is twice, three and four times as fast as theirs; the median of ours is 300. */
export function row(name = "hello", title = "Hello & co"): RowResult {
  return {
    ...{ name, title, about: "A load.", at: "2030-01-02T03:04:05.000Z", rounds: 3, seconds: 1 },
    entrants: [
      { name: "ours", samples: [{ rate: 200 }, { rate: 300 }, { rate: 400 }] },
      { name: "theirs", samples: [{ rate: 100 }, { rate: 100 }, { rate: 100 }] },
      { name: "absent", absent: "not installed", samples: [] },
    ],
    targets: [
      { metric: "rate", of: "ours", over: "theirs", atLeast: 3 },
      { metric: "rate", of: "ours", over: "theirs", atLeast: 5 },
      { metric: "rate", of: "ours", over: "absent", atLeast: 1 },
    ],
  };
}

export function run(node: string, rows: readonly RowResult[]): Run {
  return {
    node,
    at: "2030-01-02T03:04:05.000Z",
    machine: { cpu: "A processor", cores: 2, memoryGiB: 8, system: "A system", kernel: "6.0" },
    pinned: true,
    loadGenerator: "wrk",
    peers: { bun: "not installed" },
    rows,
  };
}
