// mount(): applications under prefixes of the path, the longest first. PEP 3333 "URL Reconstruction": what is taken from PATH_INFO goes
// to SCRIPT_NAME. RAW_PATH_INFO is kept in step, so that both say the same to whoever asks. It calls one application and
// touches nothing of its response.

import type { Application, Environ } from "@wsgi/core";
import { MountError, show } from "./errors.ts";
import { encodePath, isInStep } from "./path.ts";
import { lengthIn, type Prefix, parsePrefix } from "./prefix.ts";

/** Options of `mount`. */
export interface MountOptions {
  /** Answers what no prefix takes, with the environ unchanged. Default: 404 and a line of text. */
  readonly notFound?: Application;
}

interface Mount {
  readonly prefix: Prefix;
  readonly application: Application;
}

/**
 * Makes one application of several: `mount({ "/api": api, "/": site })`. A request goes to the longest prefix that its path
 * is below, whole segments only.
 *
 * @throws {MountError} BAD_MOUNTS, BAD_PREFIX, REPEATED_PREFIX, BAD_APPLICATION, BAD_OPTION
 */
export function mount(applications: Readonly<Record<string, Application>>, options: MountOptions = {}): Application {
  const mounts = parseMounts(applications);
  const { notFound = sayNotFound } = options;
  if (typeof notFound !== "function") throw new MountError("BAD_OPTION", `notFound: got ${show(notFound)}`);
  return (environ, startResponse) => {
    if (!isInStep(environ.RAW_PATH_INFO, environ.PATH_INFO)) environ.RAW_PATH_INFO = encodePath(environ.PATH_INFO);
    for (const { prefix, application } of mounts) {
      if (shift(environ, prefix)) return application(environ, startResponse);
    }
    return notFound(environ, startResponse);
  };
}

/** The longest first. */
function parseMounts(applications: unknown): readonly Mount[] {
  if (typeof applications !== "object" || applications === null || Array.isArray(applications)) {
    throw new MountError("BAD_MOUNTS", `got ${show(applications)}`);
  }
  const mounts: Mount[] = [];
  for (const [text, application] of Object.entries(applications)) {
    const prefix = parsePrefix(text);
    if (mounts.some((other) => other.prefix === prefix)) throw new MountError("REPEATED_PREFIX", show(text));
    if (typeof application !== "function")
      throw new MountError("BAD_APPLICATION", `at ${show(text)}: got ${show(application)}`);
    mounts.push({ prefix, application });
  }
  if (mounts.length === 0) throw new MountError("BAD_MOUNTS", "got none");
  return mounts.sort((a, b) => b.prefix.length - a.prefix.length);
}

/** Moves a prefix from the path to SCRIPT_NAME; false when the path is not below it. */
function shift(environ: Environ, prefix: Prefix): boolean {
  if (prefix === "") return true;
  const { RAW_PATH_INFO: raw, PATH_INFO: path, SCRIPT_NAME: script } = environ;
  const length = lengthIn(raw, prefix);
  if (length === undefined) return false;
  environ.SCRIPT_NAME = script + prefix;
  environ.PATH_INFO = path.slice(prefix.length);
  environ.RAW_PATH_INFO = raw.slice(length);
  return true;
}

const sayNotFound: Application = (_environ, startResponse) => {
  startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
  return ["Not Found\r\n"];
};
