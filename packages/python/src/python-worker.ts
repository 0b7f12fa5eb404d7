// One Python process: started, given requests, asked to end, and ended. It knows the process and which requests are in it; which
// process gets which request, and what comes after its end, is the crew's business.

import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PythonError } from "./errors.ts";
import type { FrameSink, PythonExchange } from "./exchange.ts";
import { FROM_WORKER, TO_WORKER } from "./frames.ts";
import { Link } from "./link.ts";
import type { ResolvedOptions, TextSink } from "./options.ts";

/** What a worker tells its crew. */
export interface WorkerOwner {
  /** It is done with a request, or with post hooks: it may be given another. */
  onFree(worker: PythonWorker): void;
  /** Somebody has sent it SIGTERM. */
  onAskedToEnd(worker: PythonWorker): void;
  /** The process is gone; `how` for people. What it was working on is still among its exchanges. */
  onEnded(worker: PythonWorker, how: string): void;
}

interface NotLoaded {
  readonly kind: "module" | "callable" | "error";
  readonly message: string;
  readonly traceback: string;
  readonly files: readonly string[];
}

export type WorkerState = "starting" | "ready" | "draining" | "ended";

/** Beside dist/ and src/ alike. */
const PROGRAM = fileURLToPath(new URL("../python/_wsgi_worker/__main__.py", import.meta.url));
/** What a worker writes where stacks go. */
const ASKED_TO_END = "\0";
/** File descriptors of the child. */
const SOCKET = 3;
const STACKS = 4;
/** Requests that a worker with a quick application is given ahead: it reads them at once, so both sides have fewer turns. */
const MAX_AHEAD = 16;
/** So many quick responses for each request given ahead; one slow response, and it starts anew. */
const QUICK_FOR_ONE = 64;
const MAX_LINE_LENGTH = 16 * 1024;
const STACKS_MILLISECONDS = 300;
const LAST_WORDS_MILLISECONDS = 200;

export class PythonWorker implements FrameSink {
  /** Resolves when the application is loaded. */
  readonly ready: Promise<void>;
  /**
   * Those that it has, in the order in which it begins them. Few, so that to look through them is quick; and no Map: one whose
   * entries come and go leaves its old tables behind, each with what it held and with the table that came after it. Once one of
   * them is old, it keeps all after it until the next full collection: two thirds of what was allocated survived (measured).
   */
  readonly exchanges: PythonExchange[] = [];
  state: WorkerState = "starting";
  /** Whether its application was loaded. */
  hasBeenReady = false;
  /** Requests that it has answered. */
  served = 0;
  readonly #options: ResolvedOptions;
  readonly #owner: WorkerOwner;
  readonly #child: ChildProcess;
  readonly #link: Link;
  readonly #hooks = new Map<number, { readonly startedAt: number; done(payload: Buffer): void }>();
  /** Requests whose post hooks wait for the receipt. */
  readonly #receiptsDue = new Set<number>();
  #onFiles: ((files: readonly string[]) => void)[] = [];
  #quickInRow = 0;
  #stacks = "";
  #onReady: () => void = () => {};
  #onNotLoaded: (error: PythonError) => void = () => {};
  #startTimer: NodeJS.Timeout | undefined = undefined;
  #killTimer: NodeJS.Timeout | undefined = undefined;

  constructor(python: string, options: ResolvedOptions, owner: WorkerOwner) {
    this.#options = options;
    this.#owner = owner;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onNotLoaded = reject;
    });
    this.ready.catch(() => {}); // the crew looks at it; a worker that ends first is nobody's unhandled rejection
    this.#child = start(python, options);
    const socket = this.#child.stdio[SOCKET] as Duplex;
    this.#link = new Link(socket, (kind, id, payload) => this.#take(kind, id, payload));
    socket.on("close", () => this.#child.kill("SIGKILL")); // it has ended, or is out of step
    (this.#child.stdio[STACKS] as Readable).setEncoding("latin1").on("data", (text: string) => {
      if (text === ASKED_TO_END) owner.onAskedToEnd(this);
      else this.#stacks += text;
    });
    writeLines(this.#child.stderr as Readable, options.log);
    this.#child.once("error", (error) => {
      this.#onNotLoaded(new PythonError("BAD_PYTHON", `${python}: ${error.message}`));
      this.#ended(`could not be started: ${error.message}`);
    });
    this.#child.once("exit", (code, signal) => this.#exited(socket, code, signal));
    if (options.startTimeout > 0) {
      this.#startTimer = setTimeout(() => this.#startedTooLate(), options.startTimeout * 1000);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Requests and post hooks that it has. */
  get load(): number {
    return this.exchanges.length + this.#hooks.size;
  }

  /** Whether it can be given a request: one for each thread, and some ahead while its application is quick. */
  canTake(isAheadAllowed: boolean): boolean {
    if (this.state !== "ready") return false;
    return this.load < this.#options.threads + (isAheadAllowed ? this.ahead : 0);
  }

  /** How many it may be given ahead. */
  get ahead(): number {
    return Math.min(Math.floor(this.#quickInRow / QUICK_FOR_ONE), MAX_AHEAD);
  }

  give(exchange: PythonExchange): void {
    this.exchanges.push(exchange);
    if (this.exchanges.length <= this.#options.threads) exchange.startedAt = performance.now();
    exchange.begin(this);
  }

  /** The exchanges that it may have begun. */
  begun(): PythonExchange[] {
    return this.exchanges.slice(0, this.#options.threads);
  }

  send(kind: number, id: number, payload: string): void {
    this.#link.send(kind, id, payload);
  }

  sendBytes(kind: number, id: number, text: string, bytes: Buffer): void {
    this.#link.sendBytes(kind, id, text, bytes);
  }

  /** Sends the receipt of a request; resolves when its post hooks have run, with what went wrong in them. */
  runHooks(id: number, receipt: object): Promise<string> {
    if (this.state === "ended") return Promise.resolve("the Python process ended before they ran");
    this.#receiptsDue.delete(id);
    return new Promise((resolve) => {
      this.#hooks.set(id, { startedAt: performance.now(), done: (payload) => resolve(payload.toString()) });
      this.#link.sendBytes(TO_WORKER.RECEIPT, id, "", Buffer.from(JSON.stringify(receipt)));
    });
  }

  /** Of how many requests the post hooks have been running since before then. */
  hooksSince(since: number): number {
    return [...this.#hooks.values()].filter(({ startedAt }) => startedAt < since).length;
  }

  /** The files that the application was read from, once it has time to say so. */
  files(): Promise<readonly string[]> {
    if (this.state === "ended") return Promise.resolve([]);
    const keepAlive = setInterval(() => {}, 1000); // a process that has nothing else to do waits for the answer
    return new Promise((resolve) => {
      this.#onFiles.push((files) => {
        clearInterval(keepAlive);
        resolve(files);
      });
      this.#link.send(TO_WORKER.LIST_FILES, 0, "");
    });
  }

  /** Ends it once its requests are answered, at the latest after `seconds`. */
  drain(seconds: number): void {
    if (this.state === "ended" || this.state === "draining") return;
    this.state = "draining";
    this.#quitIfIdle();
    this.#killTimer ??= setTimeout(() => this.kill(), seconds * 1000);
    this.#killTimer.unref();
  }

  /** Ends it now. It may be stuck: nothing that it would have to do itself would help. */
  kill(): void {
    if (this.state === "ended") return;
    this.state = "draining";
    this.#child.kill("SIGKILL");
  }

  /** The stacks of all its Python threads, as text; what it is doing need not let go of anything for it. */
  stacks(): Promise<string> {
    this.#stacks = "";
    this.#child.kill("SIGUSR2");
    return new Promise((resolve) => {
      setTimeout(() => resolve(this.#stacks), STACKS_MILLISECONDS);
    });
  }

  /** This process may end although the worker lives: the worker then ends too. */
  unref(): void {
    this.#child.unref();
    for (const stream of this.#child.stdio) (stream as { unref?: () => void } | null)?.unref?.();
  }

  // ---- frames --------------------------------------------------------------------------------------------------

  #take(kind: number, id: number, payload: Buffer): void {
    const { exchanges } = this;
    for (let i = 0; i < exchanges.length; i++) {
      const exchange = exchanges[i] as PythonExchange;
      if (exchange.id !== id) continue;
      if (exchange.take(kind, payload)) this.#finished(exchange, i);
      return;
    }
    if (kind === FROM_WORKER.READY) return this.#loaded();
    if (kind === FROM_WORKER.NOT_LOADED) return this.#notLoaded(payload);
    if (kind === FROM_WORKER.ERRORS) return void this.#options.log.write(payload.toString()); // its request is over
    if (kind === FROM_WORKER.FILES) return this.#onFiles.shift()?.(JSON.parse(payload.toString()) as string[]);
    if (kind !== FROM_WORKER.HOOKS_DONE) return; // of an exchange that ended without the worker
    this.#hooks.get(id)?.done(payload);
    this.#hooks.delete(id);
    this.#free();
  }

  #finished(exchange: PythonExchange, index: number): void {
    this.exchanges.splice(index, 1);
    if (exchange.hooksWait) this.#receiptsDue.add(exchange.id);
    this.served++;
    this.#quickInRow = exchange.isSlow ? 0 : this.#quickInRow + 1;
    const { threads } = this.#options;
    const next = this.exchanges[threads - 1]; // the one that has become the last of those that can run
    if (next !== undefined) next.startedAt ??= performance.now();
    this.#free();
  }

  #free(): void {
    this.#quitIfIdle();
    this.#owner.onFree(this);
  }

  #quitIfIdle(): void {
    if (this.state !== "draining" || this.load > 0 || this.#receiptsDue.size > 0) return;
    this.#link.send(TO_WORKER.QUIT, 0, "");
    this.#link.end();
  }

  // ---- the process ---------------------------------------------------------------------------------------------

  #loaded(): void {
    clearTimeout(this.#startTimer);
    this.hasBeenReady = true;
    if (this.state === "starting") this.state = "ready";
    this.#onReady();
  }

  #notLoaded(payload: Buffer): void {
    const { kind, message, traceback, files } = JSON.parse(payload.toString()) as NotLoaded;
    const code = ({ module: "NO_MODULE", callable: "NO_CALLABLE", error: "LOAD_FAILED" } as const)[kind];
    this.#onNotLoaded(new PythonError(code, `${this.#options.app}: ${message}`, traceback || undefined, files));
  }

  #startedTooLate(): void {
    const seconds = this.#options.startTimeout;
    this.#onNotLoaded(new PythonError("START_TIMEOUT", `${this.#options.app}: ${seconds} s have passed`));
    this.kill();
  }

  /** Its last words may still be on their way; a child of its own that lives on may keep the socket open. */
  #exited(socket: Duplex, code: number | null, signal: string | null): void {
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    clearTimeout(this.#startTimer);
    clearTimeout(this.#killTimer);
    this.#onNotLoaded(new PythonError("LOAD_FAILED", `${this.#options.app}: the Python process ${how}`));
    if (socket.closed || socket.readableEnded) return this.#ended(how);
    const timer = setTimeout(() => this.#ended(how), LAST_WORDS_MILLISECONDS);
    socket.once("end", () => {
      clearTimeout(timer);
      this.#ended(how);
    });
  }

  #ended(how: string): void {
    if (this.state === "ended") return;
    this.state = "ended";
    for (const { done } of this.#hooks.values()) done(Buffer.from(`the Python process ${how} while they ran`));
    this.#hooks.clear();
    for (const resolve of this.#onFiles) resolve([]);
    this.#owner.onEnded(this, how);
  }
}

/** Whole lines, so that those of several processes do not mix; a line that does not end is given away at its length. */
function writeLines(stream: Readable, log: TextSink): void {
  let held = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    held += text;
    const end = held.length > MAX_LINE_LENGTH ? held.length : held.lastIndexOf("\n") + 1;
    if (end > 0) log.write(held.slice(0, end));
    held = held.slice(end);
  });
  stream.on("end", () => {
    if (held !== "") log.write(`${held}\n`);
  });
}

function start(python: string, options: ResolvedOptions): ChildProcess {
  const { app, cwd, env, threads, workers, minimumChunkSize } = options;
  const settings = { socket: SOCKET, stacks: STACKS, threads, multiprocess: workers > 1, minimumChunkSize };
  const child = spawn(python, ["-u", PROGRAM, app, JSON.stringify(settings)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe", "pipe", "pipe"],
  });
  if (child.stdio !== undefined) return child;
  child.on("error", () => {});
  throw new PythonError("BAD_PYTHON", `${python} could not be started: this process has too many open files`);
}
