// Who takes part, and how each is started. A workload and settings in; a specification out, which is started when a row needs
// it. Knows command lines; what a server must answer and how it is loaded is the rows' business.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import type { PeerName } from "./machine.ts";
import type { Launch } from "./server-process.ts";
import type { Settings, Workload } from "./servers/workload.ts";

export interface ServerSpec {
  /** Specifications with equal keys are one server. */
  readonly key: string;
  /** Without it, nobody takes part: a program that need not be installed. */
  readonly needs?: PeerName;
  /** Whether it may run on every core; else it has one. */
  readonly wholeMachine: boolean;
  launch(bench: Bench, port: number): Launch;
}

/** A program of bench/servers on Node. */
function onNode(file: string, args: readonly string[] = [], flags: readonly string[] = []): ServerSpec {
  return {
    key: JSON.stringify([flags, file, args]),
    wholeMachine: false,
    launch: ({ node, home, folder }, port) => {
      const program = join("servers", file);
      return { command: node, args: [...flags, "--import", "tsx", program, `${port}`, folder, ...args], cwd: home };
    },
  };
}

export function wsgi(workload: Workload, settings: Settings = {}): ServerSpec {
  return onNode("wsgi.ts", [workload, JSON.stringify(settings)]);
}

export function nodeHttp(workload: Workload, settings: Settings = {}): ServerSpec {
  return onNode("node-http.ts", [workload, JSON.stringify(settings)]);
}

/** It answers with a fixed hello, whatever the workload. */
export function bareSocket(settings: Settings = {}): ServerSpec {
  return onNode("bare-socket.ts", ["hello", JSON.stringify(settings)]);
}

export function withPostHooks(way: "without" | "unused" | "used"): ServerSpec {
  return onNode("posthooks.ts", [way]);
}

/** Express, on this server through @wsgi/node, or on node:http. */
export function express(on: "@wsgi/node" | "node:http"): ServerSpec {
  return onNode("express.ts", [on]);
}

/** Hono on this server through @wsgi/fetch; with the runtime's own Request and Response, or with light ones in their place. */
export function honoHere(globals: "fast" | "own"): ServerSpec {
  return onNode("fetch.ts", [globals]);
}

export const fastify = onNode("fastify.ts");
export const hono = onNode("hono.ts");

/** Two servers that collect their garbage when asked, before their memory is read. */
export function forMemory(file: "wsgi.ts" | "node-http.ts", settings: Settings): ServerSpec {
  return onNode(file, ["hello", JSON.stringify(settings)], ["--expose-gc"]);
}

/** A peer on its own runtime. */
function onPeer(needs: PeerName, key: string, args: (port: number) => readonly string[]): ServerSpec {
  return {
    key,
    needs,
    wholeMachine: false,
    launch: (bench, port) => {
      const found = bench.peers[needs];
      if ("absent" in found) throw new Error(`${needs} is ${found.absent}`);
      return { command: found.path, args: args(port), cwd: join(bench.home, "servers") };
    },
  };
}

export const bun = onPeer("bun", "bun", (port) => ["bun.ts", `${port}`]);
export const deno = onPeer("deno", "deno", (port) => ["run", "--no-config", "--allow-net", "deno.ts", `${port}`]);
export const eventlet = onPeer("eventlet", "eventlet", (port) => ["python/serve_eventlet.py", `${port}`]);
export const waitress = onPeer("waitress", "waitress", (port) => ["python/serve_waitress.py", `${port}`]);
/** An application of bench/servers/python. */
export type PythonModule = "application" | "flask_application" | "sleeper" | "transfer";

export const gunicorn = gunicornWith("application");

export function gunicornWith(module: PythonModule, threads = 1): ServerSpec {
  return onPeer(module === "flask_application" ? "flask" : "gunicorn", `gunicorn ${module} ${threads}`, (port) => [
    ...["-m", "gunicorn", "--chdir", "python", "--bind", `127.0.0.1:${port}`, "--log-level", "error"],
    ...(threads > 1 ? ["--threads", `${threads}`] : []),
    `${module}:application`,
  ]);
}

/** The same by @wsgi/python, in the interpreter that gunicorn is installed for. */
export function python(module: PythonModule, { threads = 1, wholeMachine = false } = {}): ServerSpec {
  const needs = module === "flask_application" ? "flask" : "gunicorn";
  return {
    key: JSON.stringify(["python", module, threads, wholeMachine]),
    needs,
    wholeMachine,
    launch: ({ node, home, folder, peers }, port) => {
      const found = peers[needs];
      if ("absent" in found) throw new Error(`${needs} is ${found.absent}`);
      const args = [join("servers", "python.ts"), `${port}`, folder, module, found.path, `${threads}`];
      return { command: node, args: ["--import", "tsx", ...args], cwd: home };
    },
  };
}

export const uwsgi = onPeer("uwsgi", "uwsgi", (port) => [
  ...["--plugin", "python3", "--http11-socket", `127.0.0.1:${port}`, "--master", "--disable-logging"],
  ...["--chdir", "python", "--module", "application:application", "--need-app"],
]);

/** The command `wsgi` with a program of bench/servers/programs. */
export function command(
  program: "hello.mjs" | "busy.mjs",
  options: readonly string[],
  wholeMachine = false,
): ServerSpec {
  return {
    key: JSON.stringify(["command", program, options]),
    wholeMachine,
    launch: (bench, port) => ({
      command: bench.node,
      args: [
        ...[join(bench.home, "../packages/cli/dist/wsgi.js"), "--bind", `127.0.0.1:${port}`],
        ...options,
        join(bench.home, "servers/programs", program),
      ],
      cwd: bench.folder,
      ...(program === "busy.mjs" && { env: { BUSY_TIMES: bench.once("busy", () => hashesInMillisecond(bench)) } }),
    }),
  };
}

function hashesInMillisecond(bench: Bench): string {
  const program = join(bench.home, "servers/programs/busy.mjs");
  return execFileSync(bench.node, [program], { encoding: "utf8", timeout: 30_000 }).trim();
}

/** A program that does nothing but answer hello on node:http. */
export const bareProgram: ServerSpec = {
  key: "bare.mjs",
  wholeMachine: true,
  launch: (bench, port) => ({
    command: bench.node,
    args: [join(bench.home, "servers/programs/bare.mjs"), `${port}`],
    cwd: bench.folder,
  }),
};
