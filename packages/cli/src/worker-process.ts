// One worker as its supervisor sees it: starts the process, hears its messages, and knows how long it has been silent. It
// decides nothing: who starts and who ends is the business of others.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SharedSocket } from "./bound-socket.ts";
import type { Interface } from "./interfaces.ts";
import type { Invocation, SupervisorMessage, WorkerAssignment, WorkerMessage } from "./messages.ts";
import type { ServingStatus } from "./serving.ts";

export interface WorkerEvents {
  onServing(worker: WorkerProcess): void;
  onImported(worker: WorkerProcess, files: readonly string[]): void;
  onStatus(worker: WorkerProcess): void;
  onExit(worker: WorkerProcess): void;
}

/** The first descriptor after standard input, output, error and Node's channel. */
const FIRST_SOCKET = 4;

export class WorkerProcess {
  readonly generation: number;
  readonly pid: number;
  readonly startedAt = performance.now();
  state: "starting" | "serving" | "draining" | "ended" = "starting";
  /** What its application is, once it serves. */
  kind: Interface = "wsgi";
  /** Why it could not begin, in its own words. */
  failure: string | undefined;
  status: ServingStatus | undefined;
  /** The number of the last question that it answered by its status. */
  answered = 0;
  /** How it ended: an exit code or a signal. */
  end = "";
  /** Whether it ever served. */
  hasServed = false;
  /** It is to take another one's place, and whoever asked for it watches it. */
  isReplacement = false;
  /** It was told to end. */
  endsOnPurpose = false;
  /** At how many requests it is replaced. */
  readonly requestLimit: number;
  #heardAt = performance.now();
  readonly #child: ChildProcess;
  readonly #events: WorkerEvents;

  constructor(
    generation: number,
    requestLimit: number,
    sockets: readonly SharedSocket[],
    { args, cwd, env }: Invocation,
    { reload, secrets }: Pick<WorkerAssignment, "reload" | "secrets">,
    events: WorkerEvents,
  ) {
    this.generation = generation;
    this.requestLimit = requestLimit;
    this.#events = events;
    this.#child = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), [], {
      env,
      cwd,
      stdio: ["ignore", "inherit", "inherit", "ipc", ...sockets.map(({ fd }) => fd)],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.on("message", (message: WorkerMessage) => this.#onMessage(message));
    this.#child.on("error", (error) => {
      this.failure ??= error.message;
      if (this.#child.pid === undefined) this.#ended(error.message);
    });
    this.#child.once("exit", (code, signal) => this.#ended(signal ?? `code ${code}`));
    const given = sockets.map(({ plain }, index) => ({ fd: FIRST_SOCKET + index, plain }));
    this.send({ type: "begin", assignment: { args, reload, sockets: given, secrets } });
  }

  /** Seconds since it was last heard of. */
  get silentSeconds(): number {
    return (performance.now() - this.#heardAt) / 1000;
  }

  /** Its silence so far was not its own fault. */
  excuse(): void {
    this.#heardAt = performance.now();
  }

  get ageSeconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  send(message: SupervisorMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {}); // one that has gone tells so by its exit
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #onMessage(message: WorkerMessage): void {
    this.#heardAt = performance.now();
    switch (message.type) {
      case "serving":
        if (this.state === "starting") this.state = "serving";
        this.hasServed = true;
        this.kind = message.kind;
        this.#events.onServing(this);
        break;
      case "failed":
        this.failure = message.message;
        break;
      case "status":
        this.status = message.status;
        this.answered = message.answers ?? this.answered;
        this.#events.onStatus(this);
        break;
      case "imported":
        this.#events.onImported(this, message.files);
    }
  }

  #ended(end: string): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.end = end;
    this.#events.onExit(this);
  }
}
