// A server as a child process in a group of its own, on a free port: started until it answers, watched, ended. Knows neither
// what it serves nor why; what it prints goes to a file, which is shown when it fails.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { cpuTimeOf, memoryOf } from "./process-group.ts";

/** How a server is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A start takes some hundred milliseconds. */
const START_SECONDS = 20;

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #output: string;
  #restingMemory: number | undefined;

  private constructor(child: ChildProcess, port: number, output: string) {
    this.#child = child;
    this.port = port;
    this.#output = output;
  }

  /**
   * Starts it and does not wait until it answers.
   *
   * @param pin a command before the command, which ties it to a core
   * @param output the file for what it prints
   */
  static start(
    { command, args, env, cwd }: Launch,
    port: number,
    pin: readonly string[],
    output: string,
  ): ServerProcess {
    const [first = command, ...rest] = [...pin, command, ...args];
    const file = openSync(output, "a");
    const child = spawn(first, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", file, file],
      detached: true,
    });
    closeSync(file);
    child.on("error", () => {}); // `exit` or `answered` tell
    return new ServerProcess(child, port, output);
  }

  /** Its process group. */
  get group(): number {
    return this.#child.pid as number;
  }

  get #hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it has printed. */
  get printed(): string {
    return readFileSync(this.#output, "utf8");
  }

  /** Resolves when the port takes connections. */
  async listening(): Promise<void> {
    const deadline = Date.now() + START_SECONDS * 1000;
    while (!(await takesConnections(this.port))) {
      const why = this.#hasEnded ? "ended before it listened" : Date.now() > deadline ? "does not listen" : undefined;
      if (why !== undefined) throw new Error(`the server ${why}: ${this.printed.trim().slice(-300)}`);
      await wait(1);
    }
    this.#restingMemory = memoryOf(this.group)?.now;
  }

  /** Microseconds of processor time so far, where the system tells it. */
  get cpuTime(): number | undefined {
    return cpuTimeOf(this.group);
  }

  /** By how many bytes its memory has grown at most since it listens, where the system tells it. */
  get memoryGrowth(): number | undefined {
    const peak = memoryOf(this.group)?.peak;
    return peak === undefined || this.#restingMemory === undefined ? undefined : peak - this.#restingMemory;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#child.kill(name);
  }

  /** Ends it and all that it has started, at once. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // the whole group has ended
    }
  }

  async stop(): Promise<void> {
    const exit = this.#hasEnded ? undefined : once(this.#child, "exit");
    this.kill();
    await exit;
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function freePort(): Promise<number> {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as net.AddressInfo;
  taken.close();
  await once(taken, "close");
  return port;
}
