// The machine, and the programs on it that can take part. Files and the versions that programs print in; facts out. Nothing
// that is missing is an error: it is said to be absent, with the reason.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { Machine } from "./results.ts";

/** A program that was found, or why it is absent. */
export type Found = { readonly path: string; readonly version: string } | { readonly absent: string };

export type PeerName = "bun" | "deno" | "eventlet" | "gunicorn" | "waitress" | "uwsgi" | "flask";
export type Peers = Readonly<Record<PeerName, Found>>;

/** Where to look for programs that are not on the path. */
export interface Places {
  readonly bun?: string | undefined;
  readonly deno?: string | undefined;
  readonly python?: string | undefined;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: /^PRETTY_NAME="?([^"\n]+)/m.exec(readOr("/etc/os-release", ""))?.[1] ?? type(),
    kernel: release(),
  };
}

export function findPeers({ bun = "bun", deno = "deno", python }: Places): Peers {
  const pythons = python === undefined ? ["/usr/bin/python3", "python3"] : [python];
  return {
    bun: find(bun, ["--version"]),
    deno: find(deno, ["--version"]),
    eventlet: findModule(pythons, "eventlet"),
    gunicorn: findModule(pythons, "gunicorn"),
    waitress: findModule(pythons, "waitress"),
    flask: findModule(pythons, "flask", "gunicorn"), // it is served by gunicorn in comparison
    uwsgi: find("uwsgi", ["--version"]),
  };
}

/** The version of a package of this workspace's dependencies. */
export function installedVersion(name: string): string {
  const manifest = readFileSync(join(import.meta.dirname, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** How many files a process may have open, sockets too; Node and what it starts use all that is allowed. */
export function maxOpenFiles(): number {
  const limit = Number(output("sh", ["-c", "ulimit -Hn"]));
  return limit > 0 ? limit : Infinity; // "unlimited"
}

/** Whether a command can be run. */
export function isInstalled(command: string): boolean {
  return output("sh", ["-c", `command -v ${command}`]) !== undefined;
}

/** A version that a program prints in its first line. */
export function versionOf(command: string, args: readonly string[] = ["--version"]): string | undefined {
  return /\d+\.\d+(?:\.\d+)*/.exec(output(command, args) ?? "")?.[0];
}

function find(command: string, args: readonly string[]): Found {
  const version = versionOf(command, args);
  return version === undefined ? { absent: "not installed" } : { path: command, version };
}

/** @param others modules that have to be there with it */
function findModule(pythons: readonly string[], module: string, ...others: readonly string[]): Found {
  const program = `import importlib.metadata as m, ${[module, ...others].join(", ")}; print(m.version("${module}"))`;
  for (const path of pythons) {
    const version = versionOf(path, ["-c", program]);
    if (version !== undefined) return { path, version };
  }
  return { absent: "not installed" };
}

/** What it prints; undefined when it fails. */
function output(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 20_000 });
  } catch {
    return undefined;
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
