// pythonApplication(): a Python WSGI application as an Application. Options in; a function for the server out, with what ends and
// renews the processes behind it. It puts the parts together and knows none of their insides.

import { statSync } from "node:fs";
import type { Application, Body, Environ, StartResponse } from "@wsgi/core";
import { Crew } from "./crew.ts";
import { PythonError } from "./errors.ts";
import { PythonExchange } from "./exchange.ts";
import { findPython } from "./find-python.ts";
import { guardedLog } from "./guarded-log.ts";
import { type PythonOptions, resolveOptions } from "./options.ts";
import { hasBody, RequestBody } from "./request-body.ts";

/** A Python process, as it is now. */
export interface PythonProcess {
  readonly pid: number | undefined;
  /** `"starting"`, `"ready"`, or `"draining"`: it gets no more requests. */
  readonly state: string;
  /** Requests, and requests whose post hooks run, that it has. */
  readonly inFlight: number;
  /** Requests that it may be given before it has a thread for them: the quicker its application has been, the more. */
  readonly ahead: number;
  /** Requests that it has answered. */
  readonly served: number;
}

/** An Application (environ, startResponse) whose requests a Python application answers. */
export interface PythonApplication extends Application, AsyncDisposable {
  /** Resolves when the application is loaded in all processes; rejects with PythonError. Requests wait for it. */
  readonly ready: Promise<void>;
  /** The interpreter, and why it is this one. */
  readonly python: { readonly path: string; readonly origin: string };
  readonly processes: readonly PythonProcess[];
  /**
   * Starts processes with the code as it is now; those before end after their requests.
   *
   * @throws {PythonError} when the application cannot be loaded: those before go on
   */
  reload(): Promise<void>;
  /** The files that the application was read from, those of Python and of installed packages left out: what to watch. */
  files(): Promise<readonly string[]>;
  /** Answers the requests that there are and ends the processes; after the option `gracefulTimeout` at the latest. */
  close(): Promise<void>;
}

/**
 * Runs a Python WSGI application (PEP 3333) in processes of its own. They start at once.
 *
 * A failure to load the application rejects `ready`; where nobody waits for it, this process ends with it: there is never a server
 * that silently does not serve. The processes end with this one, and do not keep it alive.
 *
 * @throws {PythonError} BAD_OPTION, NO_PYTHON
 */
export function pythonApplication(options: PythonOptions): PythonApplication {
  const given = resolveOptions(options);
  const resolved = { ...given, log: guardedLog(given.log) };
  if (!statSync(resolved.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PythonError("BAD_OPTION", `cwd: expected a folder, but ${resolved.cwd} is none`);
  }
  const python = findPython(resolved.python, resolved.cwd);
  const crew = new Crew(python.path, resolved);
  const ready = crew.start();
  let nextId = 1;

  const submit = async (environ: Environ, startResponse: StartResponse): Promise<Body> => {
    const body = new RequestBody(environ);
    if (environ.HTTP_EXPECT === undefined) await body.collect(resolved.requestBuffer);
    return give(environ, startResponse, body);
  };
  const give = (environ: Environ, startResponse: StartResponse, body: RequestBody | undefined): Promise<Body> => {
    const exchange = new PythonExchange(nextId, environ, startResponse, body);
    nextId = nextId === MAX_ID ? 1 : nextId + 1;
    crew.submit(exchange);
    return exchange.response;
  };
  const application = (environ: Environ, startResponse: StartResponse): Promise<Body> =>
    hasBody(environ) ? submit(environ, startResponse) : give(environ, startResponse, undefined);

  const close = (): Promise<void> => {
    ready.catch(() => {}); // that it is not ready is what was asked for
    return crew.close(resolved.gracefulTimeout);
  };
  Object.defineProperty(application, "processes", { get: () => crew.workers.map(describe), enumerable: true });
  const files = async (): Promise<readonly string[]> => (await crew.workers[0]?.files()) ?? [];
  const members = { ready, python, files, reload: () => crew.reload(), close, [Symbol.asyncDispose]: close };
  return Object.assign(application, members) as unknown as PythonApplication;
}

const MAX_ID = 0xffff_ffff;

function describe({ pid, state, load, ahead, served }: Crew["workers"][number]): PythonProcess {
  return { pid, state, inFlight: load, ahead, served };
}
