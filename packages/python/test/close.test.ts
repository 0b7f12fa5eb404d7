import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { pythonApplication } from "../src/index.ts";
import { GATE, Gate } from "./support/gate.ts";
import { childrenOf, isAlive } from "./support/processes.ts";
import {
  folderForTest,
  Log,
  moduleOf,
  optionsFor,
  type ServedPython,
  type ServeOptions,
  servePython,
} from "./support/python-server.ts";

const SOURCE = `${GATE}
def pid(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]

def wait(environ, start_response):
    gate("wait")
    return pid(environ, start_response)

def spin(environ, start_response):
    gate("spin")
    while True:
        pass
`;

async function serveGated(options: ServeOptions = {}): Promise<{ gate: Gate; served: ServedPython }> {
  const gate = await Gate.make();
  return { gate, served: await servePython(SOURCE, { ...options, env: gate.env }) };
}

const pids = (served: ServedPython): number[] => served.python.processes.map(({ pid }) => pid as number);

describe("close()", () => {
  test("answers what is there, also what waits, and nothing more", async () => {
    const { gate, served } = await serveGated({ gracefulTimeout: 20, workers: 2 });
    const processes = pids(served);
    const answers = Array.from({ length: 6 }, () => fetch(`${served.url}/wait`));
    await gate.entered(2);
    await expect.poll(() => served.server.counters.active).toBe(6);
    const closed = served.python.close();
    expect((await fetch(`${served.url}/pid`)).status).toBe(503);
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    await closed;
    expect(processes.filter(isAlive)).toEqual([]);
    expect(served.python.processes).toEqual([]);
    expect((await fetch(`${served.url}/pid`)).status).toBe(503);
  });

  test("gives up after gracefulTimeout", async () => {
    const { gate, served } = await serveGated({ gracefulTimeout: 0.3, threads: 2 });
    const answers = ["GET", "POST"].map((method) => fetch(`${served.url}/wait`, { method }));
    await gate.entered(2);
    await served.python.close();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([502, 502]);
  });

  test("may be called again and again", async () => {
    const { served } = await serveGated();
    await Promise.all([served.python.close(), served.python.close(), served.python[Symbol.asyncDispose]()]);
    await served.python.close();
    await expect(served.python.reload()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("while the application is loaded ends at once, and rejects ready", async () => {
    const folder = folderForTest();
    folder.write("module.py", "import time\ntime.sleep(60)\n");
    const python = pythonApplication(optionsFor(folder, new Log(), { workers: 2 }));
    const processes = python.processes.map(({ pid }) => pid as number);
    const notReady = expect(python.ready).rejects.toMatchObject({ code: "CLOSED" });
    await python.close();
    await notReady;
    expect(processes.filter(isAlive)).toEqual([]);
  });

  test("within reload() ends both", async () => {
    const { served } = await serveGated({ workers: 2 });
    const reloading = served.python.reload().catch((error) => error.code);
    await served.python.close();
    expect(await reloading).toBe("CLOSED");
    expect(served.python.processes).toEqual([]);
  });

  test("within the pause before a restart ends it", async () => {
    const { served } = await serveGated();
    process.kill(pids(served)[0] as number, "SIGKILL");
    await served.log.logged(/it is replaced/);
    await served.python.close();
    expect(served.python.processes).toEqual([]);
  });
});

test("leaves no descriptor, no zombie and no process after many restarts", async () => {
  const { served } = await serveGated();
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  await served.python.reload();
  await expect.poll(() => served.python.processes.length).toBe(1);
  const before = { descriptors: descriptors(), children: childrenOf(process.pid).length };
  for (let i = 0; i < 5; i++) await served.python.reload();
  await expect.poll(() => served.python.processes.length).toBe(1);
  await expect.poll(() => ({ descriptors: descriptors(), children: childrenOf(process.pid).length })).toEqual(before);
});

/** A program of its own that serves; what it prints. */
const PROGRAM = `
import { listen, server } from "${join(import.meta.dirname, "../../core/src/index.ts")}";
import { pythonApplication } from "${join(import.meta.dirname, "../src/index.ts")}";
const [folder, mode] = process.argv.slice(1);
const python = pythonApplication({ app: "module", cwd: folder, workers: 2, env: { PYTHONPATH: "${join(import.meta.dirname, "support")}" } });
if (mode === "close before ready") await python.close();
else if (mode === "fail and catch") await python.ready.catch(() => {});
else if (mode !== "fail") await python.ready;
const running = server(listen(["127.0.0.1", 0]), python, { log: { info() {}, debug() {} } });
await running.ready;
console.log(JSON.stringify({ url: "http://127.0.0.1:" + running.addresses[0].port, pids: python.processes.map((p) => p.pid) }));
if (mode === "ask") console.log((await fetch("http://127.0.0.1:" + running.addresses[0].port + "/pid")).status);
if (mode === "fail and catch") console.log((await fetch("http://127.0.0.1:" + running.addresses[0].port + "/pid")).status);
if (mode !== "stay") await running.close();
`;
const NODE = ["--import", "tsx", "--input-type=module", "-e", PROGRAM];

describe("the program that it serves in", () => {
  const run = promisify(execFile);
  const atHome = { cwd: import.meta.dirname, timeout: 20_000 };

  test("ends by itself after its server, and the processes with it", async () => {
    const folder = folderForTest();
    folder.write("module.py", moduleOf(SOURCE));
    const { stdout } = await run(process.execPath, [...NODE, folder.path, "ask"], atHome);
    const [first, second] = stdout.split("\n");
    expect(second).toBe("200");
    const { pids } = JSON.parse(first as string) as { pids: number[] };
    await expect.poll(() => pids.filter(isAlive), { timeout: 8000 }).toEqual([]);
  });

  test("may close it before it is ready", async () => {
    const folder = folderForTest();
    folder.write("module.py", moduleOf(SOURCE));
    await run(process.execPath, [...NODE, folder.path, "close before ready"], atHome);
  });

  test("ends when it cannot be loaded and nobody catches that", async () => {
    const folder = folderForTest();
    folder.write("module.py", "import nowhere_to_be_found\n");
    const failed = await run(process.execPath, [...NODE, folder.path, "fail"], atHome).catch((error) => error);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/ModuleNotFoundError: No module named 'nowhere_to_be_found'/);
  });

  test("answers 503 when it cannot be loaded and somebody does", async () => {
    const folder = folderForTest();
    folder.write("module.py", "raise SystemExit(4)\n");
    const { stdout } = await run(process.execPath, [...NODE, folder.path, "fail and catch"], atHome);
    expect(stdout).toMatch(/\n503\n$/);
  });

  test("takes the processes with it when it is killed, a busy one too", async () => {
    const gate = await Gate.make();
    const folder = folderForTest();
    folder.write("module.py", moduleOf(SOURCE));
    const program = spawn(process.execPath, [...NODE, folder.path, "stay"], {
      cwd: import.meta.dirname,
      env: { ...process.env, ...gate.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void program.kill("SIGKILL"));
    const [line] = await once(program.stdout.setEncoding("utf8"), "data");
    const { url, pids } = JSON.parse(line) as { url: string; pids: number[] };
    fetch(`${url}/spin`).catch(() => {});
    await gate.entered();
    gate.open();
    program.kill("SIGKILL");
    await expect.poll(() => pids.filter(isAlive), { timeout: 15_000 }).toEqual([]);
  });
});
