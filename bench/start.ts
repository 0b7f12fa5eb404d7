// What needs no load from outside: the start of a program until its first answer, importing the core, how large the core is, and
// requests that a process makes to itself without a socket. Every round starts a process of its own.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import type { ServerSpec } from "./contestants.ts";
import type { LoneEntrant } from "./row.ts";
import { PLAIN } from "./under-load.ts";
import { verify } from "./verify.ts";

const run = promisify(execFile);
const CORE = join(import.meta.dirname, "../packages/core/dist");

/** From the start of a process to its first answer. */
export function untilFirstAnswer(name: string, spec: ServerSpec): LoneEntrant {
  return {
    name,
    async measure({ bench }) {
      const begun = performance.now();
      const server = await bench.start((port) => spec.launch(bench, port), spec.wholeMachine);
      try {
        await server.listening();
        await verify(PLAIN, server.port);
        const [time, cpu] = [performance.now() - begun, server.cpuTime];
        return { time, ...(cpu !== undefined && { cpuTime: cpu / 1000 }) };
      } finally {
        await bench.stop(server);
      }
    },
  };
}

/** Loading a built file of the core into a new process. */
export function importOfCore(name: string, way: "import" | "require"): LoneEntrant {
  return {
    name,
    async measure({ bench }) {
      const program = join(bench.home, "servers/programs/import-time.mjs");
      const file = join(CORE, way === "import" ? "index.js" : "index.cjs");
      const { stdout } = await run(bench.node, [program, way, file], { timeout: 30_000 });
      return { time: Number(stdout) };
    },
  };
}

/** Requests without a socket, in a process of their own. */
export function withoutSocket(name: string, who: "wsgi" | "hono"): LoneEntrant {
  return {
    name,
    async measure({ bench, seconds }) {
      const program = join(bench.home, "servers/programs/without-socket.mjs");
      const { stdout } = await run(bench.node, [program, who, `${seconds}`], { timeout: seconds * 1000 + 30_000 });
      return JSON.parse(stdout);
    },
  };
}

export function minifiedCore(name: string): LoneEntrant {
  return {
    name,
    async measure() {
      const { code } = transformSync(readFileSync(join(CORE, "index.js"), "utf8"), { minify: true, format: "esm" });
      return { size: Buffer.byteLength(code) / 1024 };
    },
  };
}
