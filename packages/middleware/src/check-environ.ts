// What a server, or middleware in its place, must give an application. PEP 3333 "environ Variables", "Input and Error Streams". An
// environ in; an error for the first rule that it breaks out. It reads, and changes nothing.

import { show } from "./errors.ts";
import { ValidationError } from "./validation-error.ts";

const REQUIRED = [
  ...["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"],
  ...["wsgi.version", "wsgi.url_scheme", "wsgi.input", "wsgi.errors"],
  ...["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"],
];
const FLAGS = ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"];

/** @throws {ValidationError} */
export function checkEnviron(environ: unknown): asserts environ is Record<string, unknown> {
  if (typeof environ !== "object" || environ === null || Array.isArray(environ))
    throw new ValidationError("ENVIRON_TYPE", show(environ));
  const known = environ as Record<string, unknown>;
  for (const key of REQUIRED) if (known[key] === undefined) throw new ValidationError("ENVIRON_MISSING", key);
  for (const key of ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"]) {
    if (key in known) throw new ValidationError("ENVIRON_FORBIDDEN", key);
  }
  for (const key in known) {
    if (/^[A-Z][A-Z0-9_]*$/.test(key) && typeof known[key] !== "string") {
      throw new ValidationError("ENVIRON_STRING", `${key} is ${show(known[key])}`);
    }
  }
  checkRequest(known as Record<string, string>);
  checkPaths(known as Record<string, string>);
  checkStreams(known);
}

function checkRequest(environ: Readonly<Record<string, unknown>>): void {
  const {
    REQUEST_METHOD: method,
    CONTENT_LENGTH: length,
    "wsgi.version": version,
    "wsgi.url_scheme": scheme,
  } = environ;
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method as string))
    throw new ValidationError("ENVIRON_METHOD", show(method));
  if (length !== undefined && !/^[0-9]*$/.test(length as string))
    throw new ValidationError("ENVIRON_CONTENT_LENGTH", show(length));
  if (!Array.isArray(version) || version.join() !== "1,0") throw new ValidationError("ENVIRON_VERSION", show(version));
  if (scheme !== "http" && scheme !== "https") throw new ValidationError("ENVIRON_SCHEME", show(scheme));
  for (const key of FLAGS) {
    if (typeof environ[key] !== "boolean")
      throw new ValidationError("ENVIRON_FLAGS", `${key} is ${show(environ[key])}`);
  }
}

function checkPaths({
  REQUEST_METHOD: method,
  SCRIPT_NAME: script = "",
  PATH_INFO: path = "",
}: Readonly<Record<string, string>>): void {
  if (script !== "" && (!script.startsWith("/") || script === "/"))
    throw new ValidationError("ENVIRON_SCRIPT_NAME", show(script));
  const isAsterisk = path === "*" && method === "OPTIONS";
  if (path !== "" && !path.startsWith("/") && !isAsterisk) throw new ValidationError("ENVIRON_PATH_INFO", show(path));
  if (script === "" && path === "" && method !== "CONNECT")
    throw new ValidationError("ENVIRON_PATHS", "both are empty");
}

function checkStreams(environ: Readonly<Record<string, unknown>>): void {
  for (const name of ["read", "readline", "readlines", Symbol.asyncIterator]) {
    if (!hasMethod(environ["wsgi.input"], name))
      throw new ValidationError("INPUT_METHODS", `${String(name)} is missing`);
  }
  for (const name of ["write", "writelines", "flush"]) {
    if (!hasMethod(environ["wsgi.errors"], name)) throw new ValidationError("ERRORS_METHODS", `${name} is missing`);
  }
}

function hasMethod(value: unknown, name: string | symbol): boolean {
  return typeof Object(value)[name] === "function";
}
