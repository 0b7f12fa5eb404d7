// The Python side as files: what they may be written in, what they import, and what they leave alone.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPython } from "../src/find-python.ts";
import { folderForTest, Log, optionsFor } from "./support/python-server.ts";

const FOLDER = join(import.meta.dirname, "../python/_wsgi_worker");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".py"));

function runPython(program: string): unknown {
  const { path } = findPython(undefined, process.cwd());
  return JSON.parse(execFileSync(path, ["-c", program, FOLDER], { encoding: "utf8" }));
}

describe("the modules of the worker", () => {
  test("are Python 3.9", () => {
    const parse = (text: string): string => `
import ast, json, pathlib, sys
faults = []
for path in pathlib.Path(sys.argv[1]).glob("*.py"):
    try:
        ast.parse(${text}, feature_version=(3, 9))
    except SyntaxError as error:
        faults.append("%s: %s" % (path.name, error))
print(json.dumps(faults))`;
    expect(runPython(parse("path.read_text()"))).toEqual([]);
    const newer = runPython(parse('"match 1:\\n case 1: pass"')) as string[]; // so would newer syntax be found
    expect(newer).toHaveLength(files.length);
    expect(newer[0]).toMatch(/3\.10/);
  });

  test("import nothing but the standard library and each other", () => {
    const program = `
import ast, json, pathlib, sys
names = set()
for path in pathlib.Path(sys.argv[1]).glob("*.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." + node.module if node.level else node.module.split(".")[0])
print(json.dumps({"all": sorted(names), "foreign": sorted(n for n in names - set(sys.stdlib_module_names) if n[0] != ".")}))
`;
    const { all, foreign } = runPython(program) as Record<string, string[]>;
    expect(foreign).toEqual(["_wsgi_worker"]);
    expect(all).toEqual(expect.arrayContaining(["faulthandler", ".frames"]));
  });

  test("are short", () => {
    expect(files.length).toBeGreaterThan(8);
    const lines = JSON.parse(
      execFileSync("python3", [
        "-c",
        "import json, pathlib, sys; print(json.dumps({p.name: len(p.read_text().split(chr(10))) for p in pathlib.Path(sys.argv[1]).glob('*.py')}))",
        FOLDER,
      ]).toString(),
    ) as Record<string, number>;
    for (const [name, count] of Object.entries(lines)) expect(count, name).toBeLessThanOrEqual(300);
  });
});

test("an application may have modules of the same names, and nothing is written beside the worker's", async () => {
  const { pythonApplication } = await import("../src/index.ts");
  const folder = folderForTest();
  const names = files.map((name) => name.replace(/\.py$/, "")).filter((name) => !name.startsWith("__"));
  for (const name of names) folder.write(`${name}.py`, `NAME = "mine: ${name}"\n`);
  folder.write(
    "module.py",
    `
import importlib, sys
sys.stderr.write("%s\\n" % [importlib.import_module(name).NAME for name in ${JSON.stringify(names)}])
sys.stderr.write("%s %s\\n" % (sys.dont_write_bytecode, [path for path in sys.path if "_wsgi_worker" in path]))
def application(environ, start_response):
    pass
`,
  );
  const before = readdirSync(FOLDER);
  const log = new Log();
  const python = pythonApplication(optionsFor(folder, log, { env: { PYTHONDONTWRITEBYTECODE: "" } }));
  await python.ready;
  const read = await python.files();
  await python.close();
  expect(log.text).toContain(`[${names.map((name) => `'mine: ${name}'`).join(", ")}]\nFalse []\n`);
  expect(read.filter((path) => path.includes("_wsgi_worker"))).toEqual([]);
  expect(read).toHaveLength(names.length + 1);
  expect(readdirSync(FOLDER)).toEqual(before);
});
