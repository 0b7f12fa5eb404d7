// Runs tests on a runtime: the suite on a Node, the exam of runtimes against anything else. A runtime in, an outcome out.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type JsonReport, type Outcome, outcomeOf } from "./outcome.ts";
import type { Runtime } from "./runtimes.ts";

const root = join(import.meta.dirname, "../..");

/** The projects of the suite, each run on its own: one that breaks leaves the others their results. */
export const PROJECTS: readonly string[] = [
  ...["core", "tls", "posthooks", "middleware", "fetch", "node", "websocket", "python", "cli"].map((n) => `@wsgi/${n}`),
  ...["wsgi-examples", "wsgi-bench"],
];

/** Runs one project of the suite on a Node: the workers and every child process use it too. */
export async function runSuite({ file }: Runtime, project: string, filters: readonly string[]): Promise<Outcome> {
  const config = join(import.meta.dirname, "suite.config.ts");
  return await runVitest(file, ["--config", config, "--project", project, "--passWithNoTests", ...filters]);
}

/** Runs the core's exam of runtimes, on this Node, against servers on that runtime. */
export async function runExam({ file, args }: Runtime, filters: readonly string[]): Promise<Outcome> {
  const config = join(import.meta.dirname, "exam.config.ts");
  return await runVitest(process.execPath, ["--config", config, ...filters], JSON.stringify([file, ...args]));
}

async function runVitest(node: string, args: readonly string[], runtime?: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-matrix-"));
  const report = join(folder, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const all = [vitest, "run", "--reporter", "json", `--outputFile.json=${report}`, ...args];
  const env = { ...process.env, PATH: dirname(node) + delimiter + process.env["PATH"], MATRIX_RUNTIME: runtime };
  const child = spawn(node, all, { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const outcome = outcomeOf(JSON.parse(readFileSync(report, "utf8")) as JsonReport);
    if (code === 0 || outcome.failures.length > 0) return outcome;
    // An error outside of all tests, e.g. a rejection that nobody handles.
    return { ...outcome, failures: [{ name: `vitest ended with ${code}`, message: stderr }] };
  } catch (error) {
    const message = `${error instanceof Error ? error.message : error}\n${stderr}`;
    return { passed: 0, skipped: 0, failures: [{ name: `vitest ended with ${code} and no report`, message }] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
