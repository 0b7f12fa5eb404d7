// A server on another runtime, from here: starts server-program.ts there, asks it, and drives connections to it as live.ts
// does for servers in this process. Knows no runtime by name.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Options } from "../../src/index.ts";
import type { ParserLimits } from "../../src/request-parser.ts";
import { answersIn } from "../support/answers.ts";
import { patiently, turn } from "../wire/lines.ts";
import { FOLLOWER, type Outcome, type Seen } from "../wire/live.ts";

const PROGRAM = join(import.meta.dirname, "server-program.ts");
const CORE = join(import.meta.dirname, "../../dist/index.js");

export interface RemoteEvent {
  readonly event: string;
  readonly line?: string;
  readonly value?: unknown;
}

interface Taken {
  readonly seen: Seen[];
  readonly targets: string[];
}

export class Remote {
  readonly events: RemoteEvent[] = [];
  stderr = "";
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #answers = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #waiting = new Set<() => void>();
  readonly #ports = new Map<ParserLimits, Promise<number>>();
  /** How many exchanges are over on a connection, by the ports of server and client. */
  readonly #exchanges = new Map<string, number>();
  #asked = 0;

  /** @param command the runtime and its arguments, to which the program and the file of the core are added */
  private constructor([file = "", ...args]: readonly string[]) {
    this.#process = spawn(file, [...args, PROGRAM, CORE], { stdio: ["pipe", "pipe", "pipe"] });
    this.#ended = once(this.#process, "close");
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on("line", (line) => this.#take(line));
    this.#ended.then(() => {
      for (const { reject } of this.#answers.values()) reject(new Error(`the runtime ended: ${this.stderr}`));
    });
  }

  static async start(command: readonly string[]): Promise<Remote> {
    const remote = new Remote(command);
    await Promise.race([
      remote.event(({ event }) => event === "ready"),
      remote.#ended.then(() => Promise.reject(new Error(`${command.join(" ")} ended: ${remote.stderr}`))),
    ]);
    return remote;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #take(line: string): void {
    const message = JSON.parse(line) as RemoteEvent & { id?: number; answer: never; error?: string };
    if (message.id === undefined) {
      const { event, line: name = "" } = message;
      if (event === "exchange") this.#exchanges.set(name, (this.#exchanges.get(name) ?? 0) + 1);
      else this.events.push(message);
      for (const look of this.#waiting) look();
      return;
    }
    const { resolve, reject } = this.#answers.get(message.id) ?? {};
    this.#answers.delete(message.id);
    if (message.error === undefined) resolve?.(message.answer);
    else reject?.(new Error(message.error));
  }

  async ask<Answer>(ask: string, argument: unknown): Promise<Answer> {
    const id = ++this.#asked;
    const answer = new Promise<Answer>((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    this.#process.stdin?.write(`${JSON.stringify({ id, ask, argument })}\n`);
    return await answer;
  }

  /** Resolves with the first event that fits, now or when it comes. */
  event(fits: (event: RemoteEvent) => boolean): Promise<RemoteEvent> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.find(fits);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async serve(
    application: "echo" | "behave",
    options: Options,
    address = "127.0.0.1:0",
  ): Promise<{ index: number; port: number }> {
    return await this.ask("serve", { address, application, options });
  }

  /** Sends pieces to a server with these limits, as `CaseServer.run` does. */
  async run(limits: ParserLimits, pieces: Iterable<Uint8Array>, count: number): Promise<Outcome> {
    let port = this.#ports.get(limits);
    if (port === undefined) {
      const timeouts = { headTimeout: 0, socketTimeout: 0, minimumDataRate: 0, lingerTimeout: 60, maxSize: Infinity };
      port = this.serve("echo", { ...limits, ...timeouts }).then((served) => served.port);
      this.#ports.set(limits, port);
    }
    const line = await RemoteLine.connect(await port);
    this.#exchanges.set(line.name, 0); // the system gives a port again
    const exchanges = (): number => this.#exchanges.get(line.name) as number;
    for (const piece of pieces) await line.send(piece);
    const over = (): boolean => line.ended || line.broken;
    await patiently(() => exchanges() >= count || over());
    // An exchange is over before its end is told from there to here.
    const answered = over() ? (await this.ask<Taken>("look", line.name)).targets.length : exchanges();
    await line.send(FOLLOWER);
    await patiently(over);
    const closed = line.ended && !line.broken;
    await line.send(FOLLOWER);
    await line.close();
    const { seen, targets } = await this.ask<Taken>("take", line.name);
    const answers = answersIn(line.received, ...seen.map(({ method }) => method));
    const finals = answers.filter(({ status }) => status >= 200);
    return {
      seen,
      targets,
      got: finals.map(({ status, body, complete, header }) => {
        return { status, body, closes: header("connection") === "close", complete };
      }),
      continues: answers.length - finals.length,
      answered,
      closed,
    };
  }
}

/** A client's end of a TCP connection; the server's end is in another process. */
class RemoteLine {
  received = "";
  ended = false;
  broken = false;
  /** The ports of server and client. */
  readonly name: string;
  readonly #socket: net.Socket;
  readonly #closed: Promise<unknown>;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.name = `${socket.remotePort}:${socket.localPort}`;
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", () => {
      this.broken = true;
    });
  }

  static async connect(port: number): Promise<RemoteLine> {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new RemoteLine(socket);
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise((resolve) => this.#socket.write(bytes, resolve));
    await turn();
  }

  async close(): Promise<void> {
    if (this.ended) this.#socket.end();
    else this.#socket.destroy();
    await this.#closed;
  }
}
