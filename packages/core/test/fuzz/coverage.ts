// How much of the sans-IO files a run has gone through, by V8's own block coverage. For the report of a long run.
// Knows the inspector and nothing of what is run.

import inspector from "node:inspector";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import biome from "../../../../biome.json" with { type: "json" };

const ROOT = resolve(import.meta.dirname, "../../../..");

export interface FileCoverage {
  readonly file: string;
  /** Characters of the code that ran, of those there are. */
  readonly covered: number;
  readonly total: number;
}

export class Coverage {
  readonly #session = new inspector.Session();

  /** Call it before the files are imported: what runs while a module is loaded counts too. */
  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: false, detailed: true });
  }

  /** What ran since the last call, of each file that the linter keeps free of I/O. */
  take(): FileCoverage[] {
    let files: FileCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      files = answer.result.flatMap(({ url, functions }) => {
        const file = url.startsWith("file:") ? relative(ROOT, fileURLToPath(url).replace(/\?.*$/, "")) : "";
        return isSansIo(file) ? [{ file, ...painted(functions) }] : [];
      });
    });
    return files;
  }
}

const sansIo: readonly RegExp[] = biome.overrides
  .filter((override) => override.linter.rules.style.noRestrictedImports)
  .flatMap(({ includes }) => includes)
  .map(
    (pattern) =>
      new RegExp(`^${pattern.replaceAll(".", "\\.").replace("{", "(?:").replace("}", ")").replaceAll(",", "|")}$`),
  );

function isSansIo(file: string): boolean {
  return sansIo.some((pattern) => pattern.test(file));
}

/** Blocks are nested, inner ones behind outer ones: the last one to say something of a character is right. */
function painted(functions: readonly inspector.Profiler.FunctionCoverage[]): { covered: number; total: number } {
  const ranges = functions.flatMap((one) => one.ranges);
  const total = Math.max(0, ...ranges.map(({ endOffset }) => endOffset));
  const ran = new Uint8Array(total);
  for (const { startOffset, endOffset, count } of ranges) ran.fill(Math.min(count, 1), startOffset, endOffset);
  return { covered: ran.reduce((sum, one) => sum + one, 0), total };
}
