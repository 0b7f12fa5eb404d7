// Every error of this package, as one table, and the class that carries it. The README has a row for every code; a test keeps
// the two equal. Whose fault it was is said in the table; it knows nothing else.

/** What went wrong. */
export const PYTHON_ERRORS = {
  BAD_OPTION: "an option of pythonApplication() has a value that it cannot have",
  NO_PYTHON: "there is no Python interpreter to run the application with",
  BAD_PYTHON: "the Python interpreter cannot be used",
  NO_MODULE: "the module of the application was not found",
  NO_CALLABLE: "the module has no such application",
  LOAD_FAILED: "loading the application failed",
  START_TIMEOUT: "the application was not loaded in time",
  APPLICATION_FAILED: "the Python application failed",
  WORKER_DIED: "the Python process ended while it worked on the request",
  WORKER_STUCK: "the Python application did not begin its response in time",
  NO_WORKER: "no Python process was free in time",
  HOOK_FAILED: "a post hook in Python failed",
  CLOSED: "the Python application is closed",
} as const satisfies Record<string, string>;

export type PythonErrorCode = keyof typeof PYTHON_ERRORS;

/** Something went wrong with a Python application; `code` says what. */
export class PythonError extends Error {
  override readonly name = "PythonError";
  readonly code: PythonErrorCode;
  /** Python's traceback, where there is one. */
  readonly traceback: string | undefined;
  /** Of an application that could not be loaded: the files that were read for it. */
  readonly files: readonly string[];

  constructor(code: PythonErrorCode, detail?: string, traceback?: string, files: readonly string[] = []) {
    super(detail === undefined ? PYTHON_ERRORS[code] : `${PYTHON_ERRORS[code]}: ${detail}`);
    this.code = code;
    this.traceback = traceback;
    this.files = files;
    // The stack of this process says nothing of a fault in Python: logs show the traceback in its place.
    if (traceback !== undefined) this.stack = `${this.name}: ${this.message}\n${traceback.trimEnd()}`;
  }
}

/** Shows in an error text what came: its kind, and its value where that is short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
