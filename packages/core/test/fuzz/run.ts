// Fuzzes for as long as it is told to: npx pnpm@10 run fuzz [--seconds 60] [--seed N] [--only parser|server|response|log|input|nginx|haproxy]
// Prints what was tried and covered; when a law is broken, the seed and the input that break it, and ends with 1.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { Coverage } from "./coverage.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    only: { type: "string" },
  },
});
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
if (!(seconds > 0) || !Number.isSafeInteger(seed)) throw new RangeError("--seconds and --seed are numbers");

const coverage = new Coverage();
const { BehindLaws } = await import("./behind-laws.ts");
const { ConnectionLaws } = await import("./connection-laws.ts");
const { readByInput, readByModel, readings } = await import("./input-laws.ts");
const { checkLogEntry, entries } = await import("./log-laws.ts");
const { FuzzLoop } = await import("./loop.ts");
const { mutate } = await import("./mutate.ts");
const { ParserLaws } = await import("./parser-laws.ts");
const { Random } = await import("./random.ts");
const { behaviours, ResponseLaws } = await import("./response-laws.ts");
const { seeds } = await import("./seeds.ts");
const { isDeepStrictEqual } = await import("node:util");

/** Tries mutants until the time is over; returns how many, and how many ways to answer there were. */
async function mutants(laws: ConstructorParameters<typeof FuzzLoop>[0], until: number): Promise<string> {
  const loop = new FuzzLoop(laws, seeds, new Random(seed));
  await loop.begin();
  while (performance.now() < until) await loop.run(500);
  return `${loop.executions} inputs, ${loop.answers} ways to answer`;
}

/** Tries made-up values until the time is over. */
async function madeUp<T>(
  arbitrary: fc.Arbitrary<T>,
  law: (value: T) => Promise<void> | void,
  until: number,
): Promise<string> {
  let count = 0;
  for (let round = 0; performance.now() < until; round++) {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (value) => void (await law(value))),
      { seed: seed + round, numRuns: 2000 },
    );
    count += 2000;
  }
  return `${count} values`;
}

const parser = new ParserLaws();
const connections = new ConnectionLaws();
const responses = new ResponseLaws();

/** The targets, and how much of the time each has. */
const TARGETS: readonly (readonly [name: string, share: number, run: (until: number) => Promise<string>])[] = [
  ["parser", 0.4, (until) => mutants((bytes, random) => parser.check(bytes, random), until)],
  ["server", 0.3, (until) => mutants((bytes, random) => connections.check(bytes, random), until)],
  ["response", 0.15, (until) => madeUp(behaviours, (behaviour) => responses.check(behaviour), until)],
  ["log", 0.05, (until) => madeUp(entries, checkLogEntry, until)],
  ["input", 0.1, (until) => madeUp(readings, checkReading, until)],
  ["nginx", 0, (until) => behind("nginx", until)], // when it is asked for
  ["haproxy", 0, (until) => behind("haproxy", until)],
];

/** Sends mutants through a proxy until the time is over. */
async function behind(kind: "nginx" | "haproxy", until: number): Promise<string> {
  const laws = new BehindLaws(kind);
  const random = new Random(seed);
  const rows = seeds.map((bytes) => bytes.toString("latin1"));
  const mutant = (): string => mutate(random.pick(rows), random.pick(rows), random);
  try {
    while (performance.now() < until) await laws.check(Array.from({ length: 500 }, mutant), random);
    await laws.compare();
    return JSON.stringify(laws.tally);
  } finally {
    await laws.close();
  }
}

async function checkReading(reading: Parameters<typeof readByInput>[0]): Promise<void> {
  const results = await readByInput(reading);
  const expected = readByModel(reading, results);
  if (!isDeepStrictEqual(results, expected))
    throw new Error(`BytesIO gives ${JSON.stringify(expected)}, wsgi.input ${JSON.stringify(results)}`);
}

console.log(`seed ${seed}, ${seconds} s`);
const chosen = TARGETS.filter(([name, share]) => (values.only === undefined ? share > 0 : values.only === name));
const whole = chosen.reduce((sum, [, share]) => sum + share, 0) || 1;
try {
  for (const [name, share, run] of chosen) {
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    const told = await run(begun + (seconds * 1000 * (share || 1)) / whole);
    const { user, system } = process.cpuUsage(cpu);
    console.log(`${name.padEnd(9)} ${told}, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
await Promise.all([connections.close(), responses.close()]);
let [covered, total] = [0, 0];
for (const file of coverage.take()) {
  covered += file.covered;
  total += file.total;
  console.log(`${((100 * file.covered) / file.total).toFixed(1).padStart(6)} %  ${file.file}`);
}
console.log(`${((100 * covered) / total).toFixed(1).padStart(6)} %  of the sans-IO files that take part`);
