// Starts the process in which something is measured. In the process of the tests the code would be another: Vitest reaches every
// import through an object, and may count coverage. Here it is one file, made as the published one is, in a Node of its own,
// and nothing that ran before has an influence on how it is compiled.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { Grown } from "./growth.ts";
import type { Cost } from "./rounds.ts";

const run = promisify(execFile);

/** One thread for all that V8 does, and a young generation in which allocation can be counted; see rounds.ts. */
const FLAGS = ["--single-threaded", "--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"];

export class MeasuringProcess {
  readonly #node: string;
  readonly #program: string;

  private constructor(node: string, program: string) {
    this.#node = node;
    this.#program = program;
  }

  /** @param node the Node to measure on */
  static async prepare(node: string): Promise<MeasuringProcess> {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, "program.ts")],
      bundle: true,
      write: false,
      ...{ platform: "node", format: "esm", target: "node20" },
    });
    return new MeasuringProcess(node, (outputFiles[0] as { text: string }).text);
  }

  measure(name: string): Promise<Cost> {
    return this.#ask("measure", name);
  }

  /** @param limit up to which a factor is good */
  countGrowth(limit: number): Promise<Grown> {
    return this.#ask("count-growth", String(limit));
  }

  /** @param limit likewise */
  timeGrowth(limit: number): Promise<Grown> {
    return this.#ask("time-growth", String(limit));
  }

  /** What the baselines are kept by: the major version of Node, and the processor's architecture. */
  async platform(): Promise<string> {
    const { stdout } = await run(this.#node, ["-p", "process.version + process.arch"]);
    const [, major, arch] = /^v(\d+)[\d.]*(\w+)/.exec(stdout) ?? [];
    return `node ${major} ${arch}`;
  }

  async #ask<T>(...args: readonly string[]): Promise<T> {
    const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...env } = process.env;
    const running = run(this.#node, [...FLAGS, "--input-type=module", "-", ...args], { env, timeout: 60_000 });
    running.child.stdin?.end(this.#program);
    return JSON.parse((await running).stdout) as T;
  }
}
