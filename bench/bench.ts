// What a run of the suite has at hand: the Node that serves, the peers, the load generator, a folder for its files; and every
// server that it has started, so that none outlives it. Knows no row.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "@wsgi/tls";
import type { LoadGenerator } from "./load-types.ts";
import { isInstalled, maxOpenFiles, type Peers } from "./machine.ts";
import { freePort, type Launch, ServerProcess } from "./server-process.ts";
import { CERT_NAME, FILE_NAME, FILE_SIZE, KEY_NAME } from "./servers/workload.ts";

const SERVER_CORE = ["taskset", "-c", "0"];
const CLIENT_CORE = "1";

export class Bench {
  /** The folder of this package: servers run in it. */
  readonly home = import.meta.dirname;
  readonly node: string;
  readonly peers: Peers;
  readonly load: LoadGenerator;
  /** Whether server and client have a core each. */
  readonly pinned: boolean;
  readonly folder = mkdtempSync(join(tmpdir(), "wsgi-bench-"));
  readonly maxOpenFiles = maxOpenFiles();
  readonly #running = new Set<ServerProcess>();
  readonly #facts = new Map<string, string>();
  #files = 0;

  private constructor(node: string, peers: Peers, load: LoadGenerator) {
    this.node = node;
    this.peers = peers;
    this.load = load;
    this.pinned = cpus().length > 1 && isInstalled("taskset");
  }

  /** Moves this process, and with it all clients, to their core, and makes the files that servers need. */
  static async create(node: string, peers: Peers, load: LoadGenerator): Promise<Bench> {
    const bench = new Bench(node, peers, load);
    bench.pinClient(true);
    const { cert, key } = await selfSigned();
    writeFileSync(bench.file(CERT_NAME), cert);
    writeFileSync(bench.file(KEY_NAME), key);
    writeFileSync(bench.file(FILE_NAME), Buffer.alloc(FILE_SIZE, "x"));
    return bench;
  }

  /** A path in the folder of this run. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** A path that nothing else has. */
  newFile(extension: string): string {
    return this.file(`${this.#files++}.${extension}`);
  }

  /** Ties the clients to their core, or lets them run on every one. */
  pinClient(isTied: boolean): void {
    if (!this.pinned) return;
    const cores = isTied ? CLIENT_CORE : `0-${cpus().length - 1}`;
    execFileSync("taskset", ["-apc", cores, `${process.pid}`], { stdio: "ignore" });
  }

  /** What was found out the first time that it was asked for. */
  once(name: string, find: () => string): string {
    const value = this.#facts.get(name) ?? find();
    this.#facts.set(name, value);
    return value;
  }

  /** Starts a server; `wholeMachine` lets it run on every core. */
  async start(launch: (port: number) => Launch, wholeMachine = false): Promise<ServerProcess> {
    const port = await freePort();
    const pin = !this.pinned ? [] : wholeMachine ? ["taskset", "-c", `0-${cpus().length - 1}`] : SERVER_CORE;
    const server = ServerProcess.start(launch(port), port, pin, this.newFile("log"));
    this.#running.add(server);
    return server;
  }

  async stop(server: ServerProcess): Promise<void> {
    await server.stop();
    this.#running.delete(server);
  }

  /** Ends whatever still runs, and leaves no file. Called at exit, so all of it happens at once. */
  dispose(): void {
    for (const server of this.#running) server.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
