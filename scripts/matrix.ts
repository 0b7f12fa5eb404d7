// Runs the tests on other versions of Node, and the core's on other runtimes: `npx pnpm@10 test:matrix`. What was asked for
// in, a table and an exit code out: 1 when a test fails that scripts/matrix/differences.ts does not list.
//
//   npx pnpm@10 test:matrix                       Node 20, 22, 24 and 26, Bun and Deno
//   npx pnpm@10 test:matrix --node 22 --node 26   these only
//   npx pnpm@10 test:matrix --bun 1.4.5 --deno ~/.deno/bin/deno

import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DIFFERENCES } from "./matrix/differences.ts";
import { joined, judge, type Outcome, type Verdict } from "./matrix/outcome.ts";
import { PROJECTS, runExam, runSuite } from "./matrix/run-tests.ts";
import { ALL, findRuntime, type Kind, type Runtime, type Wanted } from "./matrix/runtimes.ts";

const HELP = `Runs the suite on versions of Node, and the core's exam on other runtimes.

  --node VERSION   a version (22, 24.1.0) or the path of a program; may be given again
  --bun VERSION    the same for Bun; "latest" is the newest
  --deno VERSION   the same for Deno
  --project NAME   only this project of the suite, e.g. @wsgi/core; may be given again
  --cache FOLDER   where runtimes are installed (${join(tmpdir(), "wsgi-runtimes")})
  FILTER...        only test files with this in their names
`;

interface Row {
  readonly runtime: Runtime;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly seconds: number;
}

const several = { type: "string", multiple: true, default: [] as string[] } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: several,
    bun: several,
    deno: several,
    project: several,
    cache: { type: "string", default: join(tmpdir(), "wsgi-runtimes") },
    help: { type: "boolean", default: false },
  },
});

try {
  if (values.help) process.stdout.write(HELP);
  else await main();
} catch (error) {
  console.error(`test:matrix: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const unknown = values.project.find((name) => !PROJECTS.includes(name));
  if (unknown !== undefined) throw new Error(`--project ${unknown}: expected one of ${PROJECTS.join(", ")}`);
  const rows: Row[] = [];
  for (const wanted of chosen()) {
    const runtime = findRuntime(wanted, values.cache);
    console.log(`${runtime.kind} ${runtime.version} (${runtime.file})`);
    rows.push(await test(runtime));
  }
  printTable(rows);
  if (rows.some(({ verdict }) => verdict.unexpected.length + verdict.stale.length > 0)) process.exitCode = 1;
}

function chosen(): readonly Wanted[] {
  const kinds: readonly Kind[] = ["node", "bun", "deno"];
  const asked = kinds.flatMap((kind) => values[kind].map((version) => ({ kind, version })));
  return asked.length === 0 ? ALL : asked;
}

async function test(runtime: Runtime): Promise<Row> {
  const begun = performance.now();
  const outcome = await run(runtime);
  const whole = positionals.length === 0;
  const verdict = judge(runtime.kind, outcome, DIFFERENCES, whole);
  for (const { name, message } of verdict.unexpected) console.log(`  FAILED ${name}\n${indented(message)}`);
  for (const { tests } of verdict.stale) console.log(`  passes, yet it is listed as a difference: ${tests.join("; ")}`);
  return { runtime, outcome, verdict, seconds: (performance.now() - begun) / 1000 };
}

async function run(runtime: Runtime): Promise<Outcome> {
  if (runtime.kind !== "node") return await runExam(runtime, positionals);
  const projects = values.project.length === 0 ? PROJECTS : values.project;
  const outcomes: Outcome[] = [];
  for (const project of projects) {
    const outcome = await runSuite(runtime, project, positionals);
    console.log(`  ${project.padEnd(18)} ${outcome.passed} passed, ${outcome.failures.length} failed`);
    outcomes.push(outcome);
  }
  return joined(outcomes);
}

function indented(text: string): string {
  return text
    .split("\n")
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join("\n");
}

function printTable(rows: readonly Row[]): void {
  const heads = ["runtime", "version", "passed", "failed", "listed", "skipped", "seconds"];
  const lines = rows.map(({ runtime, outcome, verdict, seconds }) => [
    ...[runtime.kind, runtime.version, outcome.passed, verdict.unexpected.length, verdict.listed.length],
    ...[outcome.skipped, Math.round(seconds)],
  ]);
  const table = [heads, ...lines].map((line) => line.map(String));
  const widths = heads.map((_, i) => Math.max(...table.map((line) => (line[i] as string).length)));
  console.log();
  for (const line of table)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join("  ")
        .trimEnd(),
    );
}
