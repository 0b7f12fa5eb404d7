import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPython, pythonApplication } from "../src/index.ts";
import { folderForTest, Log, optionsFor } from "./support/python-server.ts";

interface Place {
  readonly path: string;
  /** Makes a file that can be run. */
  program(name: string, text?: string): string;
  environment(name: string, python?: string): string;
  /** Its path. */
  file(name: string, text: string): string;
}

function place(): Place {
  const { path } = folderForTest();
  const put = (name: string, text: string): string => {
    const full = join(path, name);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  };
  const program = (name: string, text = "#!/bin/sh\n"): string => {
    const full = put(name, text);
    chmodSync(full, 0o755);
    return full;
  };
  return {
    path,
    program,
    file: put,
    environment: (name, python = "python3") => {
      put(`${name}/pyvenv.cfg`, "");
      return program(`${name}/bin/${python}`);
    },
  };
}

describe("findPython()", () => {
  test("takes the path that was asked for, relative to the folder", () => {
    const at = place();
    const python = at.program("tools/python9");
    expect(findPython("tools/python9", at.path, {})).toEqual({ path: python, origin: "as asked for" });
    expect(findPython(python, "/", {})).toEqual({ path: python, origin: "as asked for" });
    expect(findPython("python9", at.path, { PATH: `relative:${at.path}/tools` }).path).toBe(python);
  });

  test("takes an environment that was asked for", () => {
    const at = place();
    const python = at.environment("my-env", "python");
    expect(findPython("./my-env", at.path, {}).path).toBe(python);
  });

  test.each<[string, (at: Place) => string, RegExp]>([
    ["a path", () => "./nowhere", /nowhere is not there, or cannot be run/],
    ["a name", () => "python99", /there is no python99 in \$PATH/],
    ["a file that cannot be run", (at) => at.file("plain", ""), /plain is not there, or cannot be run/],
    ["a folder that is no environment", (at) => at.path, /is a folder without bin\/python3 or bin\/python/],
  ])("says that %s is not there", (_, make, message) => {
    const at = place();
    expect(() => findPython(make(at), at.path, { PATH: at.path })).toThrow(
      expect.objectContaining({ code: "NO_PYTHON", message: expect.stringMatching(message) }),
    );
  });

  test("says where it has looked", () => {
    const at = place();
    at.file("pyproject.toml", "");
    expect(() => findPython(undefined, at.path, { PATH: at.path })).toThrow(
      /\$VIRTUAL_ENV.*\.venv.*\$CONDA_PREFIX.*\$PATH/,
    );
  });

  test("prefers the active environment, then that of the folder, poetry's, conda's, and PATH last", () => {
    const at = place();
    const fromPath = at.program("path/python3");
    const conda = at.program("conda/bin/python3");
    const poetry = at.program("kept-by-poetry/bin/python3");
    const variables: Record<string, string> = { PATH: `${at.path}/path`, VIRTUAL_ENV: "", CONDA_PREFIX: "" };
    const found = (): string => findPython(undefined, join(at.path, "project"), variables).path;
    at.file("project/pyproject.toml", "[project]\n");
    expect(found()).toBe(fromPath);
    variables["CONDA_PREFIX"] = join(at.path, "conda");
    expect(found()).toBe(conda);
    at.program("path/poetry", `#!/bin/sh\n[ "$*" = "env info --path" ] && echo "${at.path}/kept-by-poetry"\n`);
    expect(found()).toBe(conda); // not a project of poetry's
    at.file("project/pyproject.toml", "[project]\n[tool.poetry]\n");
    expect(found()).toBe(poetry);
    const env = at.environment("project/env");
    expect(found()).toBe(env);
    const venv = at.environment("project/venv");
    expect(found()).toBe(venv);
    const dotted = at.environment("project/.venv");
    expect(found()).toBe(dotted);
    variables["VIRTUAL_ENV"] = join(at.path, "conda");
    expect(found()).toBe(conda);
  });

  test("looks above the folder, as far as the project goes", () => {
    const at = place();
    const fromPath = at.program("path/python3");
    const variables = { PATH: `${at.path}/path` };
    const venv = at.environment(".venv");
    at.file("project/deep/er/file", "");
    expect(findPython(undefined, `${at.path}/project/deep/er`, variables)).toEqual({
      path: venv,
      origin: `.venv of ${at.path}`,
    });
    at.file("project/pyproject.toml", "");
    expect(findPython(undefined, `${at.path}/project/deep`, variables).path).toBe(fromPath);
  });

  test("does not take folders for environments that are none", () => {
    const at = place();
    const fromPath = at.program("path/python3");
    at.program("env/bin/python3");
    at.file("venv/pyvenv.cfg", "");
    expect(findPython(undefined, at.path, { PATH: `${at.path}/path` }).path).toBe(fromPath);
  });

  test("goes on when poetry fails, or has no environment", () => {
    const at = place();
    const fromPath = at.program("path/python3");
    at.file("pyproject.toml", "[tool.poetry.dependencies]\n");
    at.program("path/poetry", "#!/bin/sh\nexit 1\n");
    expect(findPython(undefined, at.path, { PATH: `${at.path}/path` }).path).toBe(fromPath);
  });
});

test("runs in a real virtual environment, with its packages", async () => {
  const folder = folderForTest();
  const { path } = findPython(undefined, folder.path);
  execFileSync(path, ["-m", "venv", "--without-pip", join(folder.path, ".venv")]);
  const find = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const packages = execFileSync(`${folder.path}/.venv/bin/python3`, ["-c", find], { encoding: "utf8" }).trim();
  writeFileSync(join(packages, "only_here.py"), "def application(environ, start_response): pass\n");
  const python = pythonApplication(optionsFor(folder, new Log(), { app: "only_here" }));
  try {
    await python.ready;
    expect(python.python).toEqual({ path: `${folder.path}/.venv/bin/python3`, origin: `.venv of ${folder.path}` });
  } finally {
    await python.close();
  }
});
