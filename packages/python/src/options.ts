// The options of pythonApplication(): one table of defaults, checks and reasons, and the resolver that goes by it. Options as given
// in, every value present and checked out; or a PythonError that names the option, what was expected and what came. The README's
// table is compared with this one by a test. It starts nothing and reads no file.

import { PythonError, show } from "./errors.ts";

/** Where text goes; `process.stderr` or any stream fits. */
export interface TextSink {
  write(text: string): unknown;
}

/** What a caller may give. `undefined` means "not given". */
export interface PythonOptions {
  /** `"package.module:callable"`, `"file.py"`, `"file.py:callable"`, `"module:factory()"`; without a name `application`, then `app`. */
  app: string;
  /** The interpreter: a path, or a name looked up in PATH. Default: that of the virtual environment, else `python3`. */
  python?: string | undefined;
  /** Python processes. Default 1. */
  workers?: number | undefined;
  /** Threads of each that run the application. Default 1. */
  threads?: number | undefined;
  /** The working folder of the processes; modules are looked for there first. Default: that of this process. */
  cwd?: string | undefined;
  /** Variables of their environment, besides those of this process. Default: none. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Seconds until the response has to begin; then the process is replaced; 0 = no limit. Default 30. */
  timeout?: number | undefined;
  /** Seconds that a process has for loading the application. Default 60. */
  startTimeout?: number | undefined;
  /** Seconds that a request may wait for a free process. Default 30. */
  queueTimeout?: number | undefined;
  /** Seconds that a process which is to end has for its requests. Default 30. */
  gracefulTimeout?: number | undefined;
  /** Requests after which a process is replaced; 0 = never. Default 0. */
  maxRequests?: number | undefined;
  /** Up to so many more, by chance, so that not all are replaced at once. Default 0. */
  maxRequestsJitter?: number | undefined;
  /** Bytes of memory at which a process is replaced; 0 = never. Linux only. Default 0. */
  maxMemory?: number | undefined;
  /** Bytes of a body that are waited for before Python gets the request. Default 65536. */
  requestBuffer?: number | undefined;
  /** Bytes that are waited for before items of an iterator are sent; 0 = each at once. Default 0. */
  minimumChunkSize?: number | undefined;
  /** Where our words and what Python writes to stderr go. Default: `process.stderr`. */
  log?: TextSink | undefined;
}

/** Every value present, but the interpreter, which is looked for. */
export type ResolvedOptions = {
  readonly [Name in Exclude<keyof PythonOptions, "python">]-?: NonNullable<PythonOptions[Name]>;
} & { readonly python: string | undefined };

/** One row of the table. */
export interface PythonOptionRow {
  /** As the documentation shows it. */
  readonly shown: string;
  readonly value: () => unknown;
  /** What a value must be, as an error text says it. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  readonly summary: string;
  /** Why the default is what it is, and what others have. */
  readonly precedent: string;
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "" && !value.includes("\0");
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isAboveZero = (value: unknown): boolean => isCount(value) && value !== 0;
const isSeconds = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= MAX_SECONDS;
const isEnvironment = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(([name, text]) => isText(name) && !name.includes("=") && isOptionalText(text));
const isOptionalText = (value: unknown): boolean =>
  value === undefined || (typeof value === "string" && !value.includes("\0"));
const isSink = (value: unknown): boolean => typeof (value as Partial<TextSink> | null)?.write === "function";

/** What a timer of Node can hold. */
const MAX_SECONDS = 2_147_483;
const TEXT = "a text that is not empty";
const COUNT = "a whole number, 0 or more";
const ABOVE_ZERO = "a whole number above 0";
const SECONDS = `a number of seconds from 0 to ${MAX_SECONDS}`;

type Check = readonly [expected: string, accepts: (value: unknown) => boolean];
const text: Check = [TEXT, isText];
const count: Check = [COUNT, isCount];
const aboveZero: Check = [ABOVE_ZERO, isAboveZero];
const seconds: Check = [SECONDS, isSeconds];

function row(value: unknown, [expected, accepts]: Check, summary: string, precedent: string): PythonOptionRow {
  const given = typeof value === "function" ? (value as () => unknown) : () => value;
  const shown = typeof value === "number" ? `\`${value}\`` : "";
  return Object.freeze({ shown, value: given, expected, accepts, summary, precedent });
}

/** Every option, in the order of the documentation. */
export const PYTHON_OPTION_TABLE: Readonly<Record<keyof PythonOptions, PythonOptionRow>> = Object.freeze({
  app: row(
    undefined,
    [`${TEXT}, such as "package.module:application" or "app.py"`, isText],
    'the application: `"package.module:callable"`, `"file.py"`, `"file.py:callable"`, `"module:factory()"`; without a name `application`, then `app`',
    "gunicorn, uWSGI: module:callable",
  ),
  python: row(
    undefined,
    text,
    "the interpreter, a path or a name in PATH; default: that of the virtual environment, else `python3`",
    "gunicorn runs in the one that it was installed for",
  ),
  workers: row(1, aboveZero, "Python processes", "gunicorn, uWSGI: 1"),
  threads: row(
    1,
    aboveZero,
    "threads of each process that run the application",
    "gunicorn, uWSGI: 1, as not every application allows more; waitress: 4",
  ),
  cwd: row(
    () => process.cwd(),
    text,
    "the working folder of the processes, where modules are looked for first; default: that of this process",
    "gunicorn: --chdir",
  ),
  env: row(
    () => ({}),
    ["an object of strings", isEnvironment],
    "variables of their environment, besides those of this process",
    "gunicorn: --env",
  ),
  timeout: row(
    30,
    seconds,
    "seconds until the response has to begin; then the stacks of all Python threads are logged and the process is replaced; 0 = no limit",
    "gunicorn: 30; a response that has begun may take its time, unlike there",
  ),
  startTimeout: row(60, seconds, "seconds that a process has for loading the application; 0 = no limit", "systemd: 90"),
  queueTimeout: row(
    30,
    seconds,
    "seconds that a request may wait for a free process before it is answered 503; 0 = no limit",
    "gunicorn: none, the kernel's queue is waited in",
  ),
  gracefulTimeout: row(
    30,
    seconds,
    "seconds that a process which is to end has for its requests; 0 = none",
    "gunicorn: 30",
  ),
  maxRequests: row(0, count, "requests after which a process is replaced; 0 = never", "gunicorn: 0"),
  maxRequestsJitter: row(
    0,
    count,
    "up to so many more, by chance, so that not all are replaced at once",
    "gunicorn: 0",
  ),
  maxMemory: row(
    0,
    count,
    "bytes of memory at which a process is replaced after its requests; 0 = never; Linux only",
    "uWSGI: reload-on-rss, off",
  ),
  requestBuffer: row(
    65_536,
    count,
    "bytes of a body that are waited for before Python gets the request, so that slow clients hold no thread; 0 = none",
    "waitress: the whole body; gunicorn: none",
  ),
  minimumChunkSize: row(
    0,
    count,
    "bytes that are waited for before items of an iterator are sent; 0 = each at once; `eventlet.minimum_write_chunk_size` of the environ",
    "eventlet: 4096, against PEP 3333",
  ),
  log: row(
    () => process.stderr,
    ["a thing with write(text)", isSink],
    "where our words go, and what Python writes to stderr; default: `process.stderr`",
    "gunicorn: stderr",
  ),
});

/**
 * Checks options and fills in the defaults.
 *
 * @throws {PythonError} BAD_OPTION naming the option, what was expected and what came
 */
export function resolveOptions(options: PythonOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new PythonError("BAD_OPTION", `expected an object of options, got ${show(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(PYTHON_OPTION_TABLE, name)) continue;
    throw new PythonError(
      "BAD_OPTION",
      `there is no option ${show(name)}; there are ${Object.keys(PYTHON_OPTION_TABLE).join(", ")}`,
    );
  }
  const given = options as unknown as Readonly<Record<string, unknown>>;
  const resolved = Object.entries(PYTHON_OPTION_TABLE).map(([name, { value, expected, accepts }]) => {
    const chosen = given[name] ?? value();
    if ((name === "app" || given[name] !== undefined) && !accepts(given[name])) {
      throw new PythonError("BAD_OPTION", `${name}: expected ${expected}, got ${show(given[name])}`);
    }
    return [name, chosen] as const;
  });
  return Object.fromEntries(resolved) as unknown as ResolvedOptions;
}
