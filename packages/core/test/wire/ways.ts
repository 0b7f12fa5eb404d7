// The ways in which a row is sent to a server, and how their outcomes are compared.

import { isDeepStrictEqual } from "node:util";
import { byteByByte, cutAt, splitPositions } from "./drive.ts";
import type { Outcome } from "./live.ts";

/** Byte by byte; a long text in pieces that are small at both ends. */
export function inSmallPieces(bytes: Uint8Array): Uint8Array[] {
  return bytes.length <= 1024 ? byteByByte(bytes) : cutAt(bytes, splitPositions(bytes));
}

/** A few places to cut: evenly between the ends, and right before the last byte. */
export function somePositions(bytes: Uint8Array): number[] {
  const all = splitPositions(bytes);
  const step = Math.ceil(all.length / 4);
  return all.filter((_, i) => i % step === 0 || i === all.length - 1);
}

/** Every place to cut; some of a long text. */
export function manyPositions(bytes: Uint8Array): number[] {
  return bytes.length <= 1024 ? splitPositions(bytes) : somePositions(bytes);
}

/** The outcomes that are not as expected, by the place of the cut; how often a client was told to continue is left out. */
export async function differing(
  positions: readonly number[],
  expected: Outcome,
  run: (at: number) => Promise<Outcome>,
): Promise<Record<number, Outcome>> {
  const found: Record<number, Outcome> = {};
  for (const at of positions) {
    const outcome = { ...(await run(at)), continues: 0 };
    if (!isDeepStrictEqual(outcome, expected)) found[at] = outcome;
    if (Object.keys(found).length === 3) break; // enough to see what is wrong
  }
  return found;
}

/** What is still to come for each row. All begin when the first one is asked for: each waits while others work. */
export interface Started<Row, Result> {
  of(row: Row): Promise<Result>;
}

export function started<Row, Result>(rows: readonly Row[], run: (row: Row) => Promise<Result>): Started<Row, Result> {
  let results: ReadonlyMap<Row, Promise<Result>> | undefined;
  return {
    of(row) {
      if (results === undefined) {
        results = new Map(rows.map((one) => [one, run(one)]));
        for (const result of results.values()) result.catch(() => {}); // the test that asks for it reports it
      }
      return results.get(row) as Promise<Result>;
    },
  };
}
