// APP as a Python application: whether it is one, and the processes that run it. Text and settings in, a loaded application out.
// The package for Python is loaded here, when it is needed.

import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LoggerLike } from "@wsgi/core";
import { CommandError } from "./errors.ts";
import type { LoadedApplication } from "./load-application.ts";
import type { Settings } from "./settings.ts";

/** Settings of Python processes. */
export type PythonSettings = Pick<
  Settings,
  | "reload"
  | "python"
  | "pythonWorkers"
  | "threads"
  | "pythonTimeout"
  | "pythonMaxRequests"
  | "pythonMaxRequestsJitter"
  | "pythonMaxMemory"
  | "gracefulTimeout"
  | "bootTimeout"
>;

/** Whether APP names Python: a file that ends with `.py`, or a module or package that is seen from the working folder. */
export function isPythonSpec(text: string): boolean {
  const [module = ""] = text.split(":");
  if (module.endsWith(".py")) return true;
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(module)) return false;
  const path = resolve(module.replaceAll(".", "/"));
  return isFile(`${path}.py`) || isFile(join(path, "__init__.py"));
}

/** Python takes compiled code for that of a file which has the same size and was changed in the same second. */
const DEVELOPMENT = { PYTHONDONTWRITEBYTECODE: "1" };

/**
 * @param factory whether the callable makes the application
 * @throws {CommandError}
 */
export async function loadPython(
  text: string,
  factory: boolean,
  settings: PythonSettings,
  logger: LoggerLike,
): Promise<LoadedApplication> {
  const { PythonError, pythonApplication } = await import("@wsgi/python");
  const { python, pythonWorkers: workers, threads, pythonTimeout, gracefulTimeout, bootTimeout } = settings;
  try {
    const application = pythonApplication({
      app: factory && !text.endsWith("()") ? `${text}()` : text,
      python,
      workers,
      threads,
      env: settings.reload ? DEVELOPMENT : {},
      timeout: pythonTimeout,
      maxRequests: settings.pythonMaxRequests,
      maxRequestsJitter: settings.pythonMaxRequestsJitter,
      maxMemory: wholeBytes(settings.pythonMaxMemory),
      gracefulTimeout,
      startTimeout: bootTimeout,
      log: { write: (text) => logger.info(text.replace(/\n$/, "")) },
    });
    await application.ready;
    const files = async (): Promise<readonly string[]> => await application.files();
    return { application, kind: "python", files, close: () => application.close() };
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    const traceback = error.traceback === undefined ? "" : `\n${error.traceback.trimEnd()}`;
    throw new CommandError(`${error.message}${traceback}`, { cause: error });
  }
}

/** 0.7k are no whole bytes, and more than there is memory is no limit. */
function wholeBytes(bytes: number): number {
  return Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
