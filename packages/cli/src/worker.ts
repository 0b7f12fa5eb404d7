// A worker process: told by its supervisor what to serve and when to end. Messages in, messages out; in between, serving.ts.
// It drops what the supervisor's rights were before the application is loaded.

import { Worker } from "node:worker_threads";
import { loadAll } from "./applications.ts";
import { Printed, parseCommandLine } from "./command-line.ts";
import { errorPage, withErrorPages } from "./development-pages.ts";
import { messageOf } from "./errors.ts";
import { importedFiles } from "./import-module.ts";
import { InFlightTable } from "./in-flight-table.ts";
import { listenLate } from "./late-listener.ts";
import type { LoadedApplication } from "./load-application.ts";
import { LogOutput } from "./log-output.ts";
import type { SupervisorMessage, WorkerAssignment, WorkerMessage } from "./messages.ts";
import { dropPrivileges } from "./privileges.ts";
import { makeListeners, Serving } from "./serving.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import type { Watched } from "./watchdog.ts";

const STATUS_INTERVAL_MILLISECONDS = 1000;
/** Seconds in which the supervisor, if it is still there, would have ended us. */
const ORPHAN_TIMEOUT = 5;

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}

/** Signals of a terminal go to all its processes; what to do about them, the supervisor says. */
for (const signal of ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU"] as const)
  process.on(signal, () => {});

try {
  await begin(await assigned());
} catch (error) {
  giveUp(error);
}

/** What the supervisor sends first. Later messages wait in Node's channel until somebody listens to them. */
function assigned(): Promise<WorkerAssignment> {
  return new Promise((resolve, reject) => {
    const onGone = (): void => reject(new Error("the supervisor is gone"));
    process.once("disconnect", onGone);
    process.once("message", (message: SupervisorMessage) => {
      process.removeListener("disconnect", onGone); // it would keep a process that waits for nothing
      if (message.type === "begin") resolve(message.assignment);
      else reject(new Error(`a worker was told to ${message.type} first`));
    });
  });
}

/** Its sockets and what the application has begun would keep the process: it ends when the reason is told. */
function giveUp(error: unknown): void {
  const message: WorkerMessage = { type: "failed", message: messageOf(error) };
  if (process.connected) process.send?.(message, undefined, undefined, () => process.exit(1));
  else process.exit(1);
}

async function begin(assignment: WorkerAssignment): Promise<void> {
  const commandLine = parseCommandLine(assignment.args, "");
  if (commandLine instanceof Printed) throw new Error("a worker was asked for help");
  const resolved = await resolveSettings(commandLine, process.env);
  const settings = assignment.reload ? withoutIdling(resolved) : resolved;
  const logs = new LogOutput(settings);
  const addresses = assignment.sockets.map(({ fd, plain }) => ({ address: `fd://${fd}`, plain }));
  const listeners = await makeListeners(settings, addresses, assignment.secrets, listenLate);
  dropPrivileges(settings);
  const loaded = await load(settings, logs, assignment.reload);
  // That the supervisor has gone is heard at a look at its channel: there is one between two turns.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (!process.connected) process.exit(1); // the supervisor went while the application was loaded
  serve(new Serving(settings, listeners, loaded.application, logs), loaded, settings, logs, assignment.reload);
}

/** Development: a connection that idles would bring its next request to old code; one that was just opened has a moment. */
function withoutIdling(settings: Settings): Settings {
  return { ...settings, idleGrace: 0.25, server: { ...settings.server, keepalive: false } };
}

async function load(resolved: Settings, { logger }: LogOutput, reload: boolean): Promise<LoadedApplication> {
  const settings = { ...resolved, app: resolved.app ?? "" };
  if (!reload) return await loadAll(settings, logger);
  let files = async (): Promise<readonly string[]> => [];
  try {
    const loaded = await loadAll(settings, logger, true);
    files = loaded.files;
    return { ...loaded, application: withErrorPages(loaded.application) };
  } catch (error) {
    process.stderr.write(`wsgi: ${messageOf(error)}\n`);
    files = async () => filesOf(error);
    return { application: errorPage(error), kind: "wsgi", files, close: async () => {} };
  } finally {
    await tellFiles(files);
  }
}

/** For `--reload`: what this process imported, and what others, such as Python, have read. */
async function tellFiles(files: () => Promise<readonly string[]>): Promise<void> {
  const [own, others] = await Promise.all([importedFiles(), files()]);
  tell({ type: "imported", files: [...own, ...others] });
}

/** The files that a Python application was read from until it failed. */
function filesOf(error: unknown): readonly string[] {
  return ((error as Error).cause as { files?: readonly string[] } | undefined)?.files ?? [];
}

function serve(
  serving: Serving,
  loaded: LoadedApplication,
  settings: Settings,
  logs: LogOutput,
  reload: boolean,
): void {
  const status = setInterval(() => {
    tell({ type: "status", status: serving.status() });
    if (reload) void tellFiles(loaded.files); // late ones too
  }, STATUS_INTERVAL_MILLISECONDS);
  const watchdog = settings.workerTimeout > 0 ? watch(serving, settings) : undefined;
  process.on("message", (message: SupervisorMessage) => {
    if (message.type === "drain") void serving.drain(message.delay);
    else if (message.type === "stop") void serving.stop();
    else if (message.type === "reopen") logs.reopen();
    else if (message.type === "secrets") serving.setTicketKeys(message.secrets);
    else if (message.type === "tell") tell({ type: "status", status: serving.status(), answers: message.question });
  });
  process.once("SIGTERM", () => void serving.drain()); // systemd sends it to every process of a service
  process.once("disconnect", () => {
    logs.logger.error(`(${process.pid}) the supervisor is gone: finishing the requests there are`);
    void serving.drain(0);
    setTimeout(() => process.exit(1), (settings.gracefulTimeout + ORPHAN_TIMEOUT) * 1000).unref();
  });
  void serving.server.ready.then(() => {
    tell({ type: "serving", addresses: serving.server.addresses.map(({ url }) => url), kind: loaded.kind });
    tell({ type: "status", status: serving.status() });
  }, giveUp);
  void serving.server.closed.then(async ({ cut }) => {
    await loaded.close();
    process.exitCode = cut > 0 ? 1 : 0;
    clearInterval(status);
    void watchdog?.terminate();
    process.removeAllListeners("disconnect");
    logs.flush();
    if (process.connected) process.disconnect();
    // The application may hold timers and connections of its own; its requests are over.
    setTimeout(() => process.exit(), 1000).unref();
  });
}

/** A thread that notices when this one does not move any more, and says what it holds. */
function watch(serving: Serving, { workerTimeout: timeout, errorLog, logJson }: Settings): Worker {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const table = new InFlightTable();
  serving.inFlight.publish(table);
  const watched: Watched = { beats, requests: table.memory, timeout, pid: process.pid, errorLog, logJson };
  const thread = new Worker(new URL("./watchdog.js", import.meta.url), { workerData: watched });
  thread.unref();
  thread.on("error", (error) => process.stderr.write(`wsgi: the watchdog failed: ${error.message}\n`));
  setInterval(() => Atomics.add(beats, 0, 1), Math.min(1000, (timeout * 1000) / 4)).unref();
  return thread;
}
