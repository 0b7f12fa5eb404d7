// Which Python interpreter to run: the one that was asked for, that of a virtual environment, or the one in PATH. A folder and
// variables in, a command out. It looks at files; it runs nothing but `poetry`, and that only where a project says it uses it.

import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { PythonError } from "./errors.ts";

/** An interpreter and why it is this one. */
export interface FoundPython {
  readonly path: string;
  /** For people, e.g. `.venv of /srv/app`. */
  readonly origin: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

const isWindows = process.platform === "win32";
const IN_ENVIRONMENT = isWindows ? ["Scripts/python.exe"] : ["bin/python3", "bin/python"];
const NAMES = isWindows ? ["python.exe", "py.exe"] : ["python3", "python"];
/** Folders that tools make: venv's usual name and uv's, and others that are often seen. */
const FOLDERS = [".venv", "venv", "env"];

/**
 * @param asked a path, or a name in PATH; undefined to look for one
 * @param folder the application's working folder; virtual environments are looked for there and above, as uv does
 * @throws {PythonError} NO_PYTHON, telling where was looked
 */
export function findPython(asked: string | undefined, folder: string, variables: Variables = process.env): FoundPython {
  if (asked !== undefined) return findAsked(asked, folder, variables);
  const found =
    active("VIRTUAL_ENV", variables) ??
    near(folder) ??
    ofPoetry(folder, variables) ??
    active("CONDA_PREFIX", variables) ??
    inPath(NAMES, variables);
  if (found !== undefined) return found;
  throw new PythonError(
    "NO_PYTHON",
    `looked in $VIRTUAL_ENV, in ${FOLDERS.join(", ")} of ${folder} and above, in $CONDA_PREFIX and for ${NAMES.join(", ")} in $PATH; name one with the option python`,
  );
}

function findAsked(asked: string, folder: string, variables: Variables): FoundPython {
  const origin = "as asked for";
  if (!asked.includes("/") && !asked.includes(sep)) {
    const found = inPath([asked], variables);
    if (found !== undefined) return { ...found, origin };
    throw new PythonError("NO_PYTHON", `there is no ${asked} in $PATH`);
  }
  const path = resolve(folder, asked);
  if (isFolder(path)) {
    const found = inEnvironment(path, origin);
    if (found !== undefined) return found;
    throw new PythonError("NO_PYTHON", `${path} is a folder without ${IN_ENVIRONMENT.join(" or ")}`);
  }
  if (isExecutable(path)) return { path, origin };
  throw new PythonError("NO_PYTHON", `${path} is not there, or cannot be run`);
}

function active(name: string, variables: Variables): FoundPython | undefined {
  const path = variables[name];
  return path === undefined || path === "" ? undefined : inEnvironment(path, `$${name}`);
}

function inEnvironment(environment: string, origin: string): FoundPython | undefined {
  const path = IN_ENVIRONMENT.map((name) => join(environment, name)).find(isExecutable);
  return path === undefined ? undefined : { path, origin };
}

/** The environment of a folder, or of one above: the project that the folder is part of. */
function near(folder: string): FoundPython | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    for (const name of FOLDERS) {
      const isEnvironment = isFile(join(at, name, "pyvenv.cfg")); // "env" may be anything
      const found = isEnvironment ? inEnvironment(join(at, name), `${name} of ${at}`) : undefined;
      if (found !== undefined) return found;
    }
    if (dirname(at) === at || isFile(join(at, "pyproject.toml"))) return undefined;
  }
}

/** Poetry keeps environments in a place of its own, which only poetry can tell. */
function ofPoetry(folder: string, variables: Variables): FoundPython | undefined {
  const project = join(folder, "pyproject.toml");
  if (!isFile(project) || !/^\[tool\.poetry/m.test(readFileSync(project, "utf8"))) return undefined;
  const poetry = inPath([isWindows ? "poetry.exe" : "poetry"], variables);
  if (poetry === undefined) return undefined;
  try {
    const path = execFileSync(poetry.path, ["env", "info", "--path"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 20_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return inEnvironment(path.trim(), "poetry");
  } catch {
    return undefined; // there is no environment yet
  }
}

function inPath(names: readonly string[], variables: Variables): FoundPython | undefined {
  const folders = (variables["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (path !== undefined) return { path, origin: `${name} in $PATH` };
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
