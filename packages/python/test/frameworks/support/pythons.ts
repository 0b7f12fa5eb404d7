// Which Python interpreters of this machine have a module: frameworks and servers are installed for one of them, often not for the
// first in PATH. Names of modules in, paths of interpreters out. It installs nothing.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";

const inPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "python3"));
/** The system's own comes first: what CI installs belongs to it. */
const interpreters = [...new Set(["/usr/bin/python3", ...inPath].filter(existsSync).map((path) => realpathSync(path)))];

function imports(python: string, modules: readonly string[]): boolean {
  try {
    execFileSync(python, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The first interpreter that has all of these modules. */
export function pythonWith(...modules: readonly string[]): string | undefined {
  return interpreters.find((python) => imports(python, modules));
}

/** The first interpreter that has none of these modules. */
export function pythonWithout(...modules: readonly string[]): string | undefined {
  return interpreters.find((python) => modules.every((module) => !imports(python, [module])));
}

/** An interpreter whose programs print to the standard error output, which the tests see. It ends with the test. */
export function toStderr(python: string): string {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-python-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "python3");
  writeFileSync(path, `#!/bin/sh\nexec ${python} "$@" >&2\n`, { mode: 0o755 });
  return path;
}

/** The title of tests that need something; it says why they are skipped when they are. */
export function titled(title: string, isThere: unknown, need: string): string {
  if (isThere) return title;
  const skipped = `${title} (skipped: ${need})`;
  console.warn(skipped);
  return skipped;
}
