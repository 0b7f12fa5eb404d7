// Inputs that nobody wrote down, so many and no more in each run: the laws of parser, server, response head, access log and
// wsgi.input, each told in its file of test/fuzz. `npx pnpm@10 run fuzz --seconds 1200` goes on for longer, from a seed of chance.

import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectionLaws } from "./fuzz/connection-laws.ts";
import { PYTHON_MODEL, readByInput, readByModel, readings } from "./fuzz/input-laws.ts";
import { checkLogEntry, entries } from "./fuzz/log-laws.ts";
import { FuzzLoop } from "./fuzz/loop.ts";
import { ParserLaws } from "./fuzz/parser-laws.ts";
import { Random } from "./fuzz/random.ts";
import { behaviours, ResponseLaws } from "./fuzz/response-laws.ts";
import { seeds } from "./fuzz/seeds.ts";
import { hasPython } from "./support/tools.ts";

const LONG = { timeout: 120_000 };

test.each([9112, randomInt(2 ** 31)])("the parser keeps its laws for mutants from the seed %i", LONG, async (seed) => {
  const laws = new ParserLaws();
  const loop = new FuzzLoop((bytes, random) => laws.check(bytes, random), seeds, new Random(seed));
  await loop.begin();
  await loop.run(20_000);
  expect(loop.answers).toBeGreaterThan(2000); // or it would try the same again and again
});

test.each([9112, randomInt(2 ** 31)])("a server does what its parser finds, from the seed %i", LONG, async (seed) => {
  const laws = new ConnectionLaws();
  const loop = new FuzzLoop((bytes, random) => laws.check(bytes, random), seeds, new Random(seed));
  await loop.begin();
  await loop.run(6_000);
  await laws.close();
});

test("a response head is what the application said, or a UsageError", LONG, async () => {
  const laws = new ResponseLaws();
  await fc.assert(
    fc.asyncProperty(behaviours, (behaviour) => laws.check(behaviour)),
    { numRuns: 8000 },
  );
  await laws.close();
});

test("a line of the access log is one line", LONG, () => {
  fc.assert(fc.property(entries, checkLogEntry), { numRuns: 20_000 });
});

test("wsgi.input is read as BytesIO is", LONG, async () => {
  const law = fc.asyncProperty(readings, async (reading) => {
    const results = await readByInput(reading);
    expect(results).toEqual(readByModel(reading, results));
  });
  await fc.assert(law, { numRuns: 8000 });
});

test.skipIf(!hasPython)("the model of BytesIO is Python's own", () => {
  const some = fc.sample(readings, 2000);
  const { stdout, stderr } = spawnSync("python3", ["-I", "-c", PYTHON_MODEL], {
    input: JSON.stringify(some),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  expect(stderr).toBe("");
  const byPython = JSON.parse(stdout) as unknown[][];
  for (const [i, reading] of some.entries())
    expect(readByModel(reading, byPython[i] as unknown[])).toEqual(byPython[i]);
});
