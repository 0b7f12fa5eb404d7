import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPython } from "../src/find-python.ts";

const WORKER = join(import.meta.dirname, "../python/wsgi_worker.py");

function runPython(program: string): unknown {
  const { path } = findPython(undefined, process.cwd());
  return JSON.parse(execFileSync(path, ["-c", program, WORKER], { encoding: "utf8" }));
}

describe("wsgi_worker.py", () => {
  test("is Python 3.9", () => {
    const parse = (text: string): string =>
      `import ast, json, sys\ntry:\n ast.parse(${text}, feature_version=(3, 9))\n print(json.dumps(True))\nexcept SyntaxError as e:\n print(json.dumps(str(e)))`;
    expect(runPython(parse("open(sys.argv[1]).read()"))).toBe(true);
    expect(runPython(parse('"match 1:\\n case 1: pass"'))).toMatch(/3\.10/); // so would newer syntax be found
  });

  test("imports nothing but the standard library", () => {
    const program = `
import ast, json, sys
tree = ast.parse(open(sys.argv[1]).read())
names = set()
for node in ast.walk(tree):
    if isinstance(node, ast.Import):
        names.update(alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        names.add(node.module.split(".")[0])
print(json.dumps({"all": sorted(names), "foreign": sorted(names - set(sys.stdlib_module_names))}))
`;
    const { all, foreign } = runPython(program) as Record<string, string[]>;
    expect(foreign).toEqual([]);
    expect(all).toContain("faulthandler");
  });
});
