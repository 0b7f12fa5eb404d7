import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { GATE, Gate } from "./support/gate.ts";
import { isAlive } from "./support/processes.ts";
import { moduleOf, type ServedPython, type ServeOptions, servePython } from "./support/python-server.ts";

const source = (version: string): string => `${GATE}
import sys

def version(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"${version}"]

def wait(environ, start_response):
    gate("wait")
    return version(environ, start_response)

class Body:
    def __init__(self):
        self.items = iter([b"${version}"])
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.items)
    def close(self):
        gate("close")
        sys.stderr.write("body closed\\n")

def slow_close(environ, start_response):
    environ["wsgi.input"].read(4)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "${version.length}")])
    return Body()
`;

/** Requests, one after the other on some connections, until stopped; the answers. */
function load(served: ServedPython, connections: number): { stop(): Promise<string[]> } {
  let isStopped = false;
  const answers: string[] = [];
  const one = async (): Promise<void> => {
    while (!isStopped) {
      const response = await fetch(`${served.url}/version`).catch(String);
      answers.push(typeof response === "string" ? response : `${response.status} ${await response.text()}`);
    }
  };
  const all = Promise.all(Array.from({ length: connections }, one));
  return {
    stop: async () => {
      isStopped = true;
      await all;
      return answers;
    },
  };
}

async function serveGated(options: ServeOptions = {}): Promise<{ gate: Gate; served: ServedPython }> {
  const gate = await Gate.make();
  return { gate, served: await servePython(source("one"), { gracefulTimeout: 20, ...options, env: gate.env }) };
}

const pids = (served: ServedPython): number[] => served.python.processes.map(({ pid }) => pid as number);

describe("reload()", () => {
  test.each([
    { workers: 1, threads: 1 },
    { workers: 2, threads: 2 },
  ])("takes the new code and loses no request (%o)", async (options) => {
    const { served } = await serveGated(options);
    const before = pids(served);
    const running = load(served, 4);
    served.folder.write("module.py", moduleOf(source("two")));
    await served.python.reload();
    expect(await (await fetch(`${served.url}/version`)).text()).toBe("two");
    const answers = await running.stop();
    expect(new Set(answers)).toEqual(new Set(["200 one", "200 two"]));
    await expect.poll(() => before.filter(isAlive)).toEqual([]);
    await expect.poll(() => served.python.processes.length).toBe(options.workers);
  });

  test("lets the processes before finish their requests", async () => {
    const { gate, served } = await serveGated();
    const answer = fetch(`${served.url}/wait`);
    await gate.entered();
    served.folder.write("module.py", moduleOf(source("two")));
    await served.python.reload();
    expect(served.python.processes.map(({ state }) => state).sort()).toEqual(["draining", "ready"]);
    expect(await (await fetch(`${served.url}/version`)).text()).toBe("two");
    gate.open();
    expect(await (await answer).text()).toBe("one");
    await expect.poll(() => served.python.processes.map(({ state }) => state)).toEqual(["ready"]);
  });

  test.each<[string, string, { code: string; message?: RegExp }]>([
    ["a syntax error", "def application(:\n", { code: "LOAD_FAILED" }],
    [
      "an exception",
      "raise RuntimeError('on purpose')\n",
      { code: "LOAD_FAILED", message: /RuntimeError: on purpose/ },
    ],
    ["no callable", "x = 1\n", { code: "NO_CALLABLE" }],
    ["an end of the process", "import os; os._exit(3)\n", { code: "LOAD_FAILED", message: /ended with code 3/ }],
  ])("goes on with the old code after %s", async (_, text, { code, message = /./ }) => {
    const { served } = await serveGated({ workers: 2 });
    const before = pids(served);
    served.folder.write("module.py", text);
    const running = load(served, 2);
    await expect(served.python.reload()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(new Set(await running.stop())).toEqual(new Set(["200 one"]));
    await expect.poll(() => pids(served)).toEqual(before);
    served.folder.write("module.py", moduleOf(source("two")));
    await served.python.reload();
    expect(await (await fetch(`${served.url}/version`)).text()).toBe("two");
  });

  test("within reload() ends with as many processes as there should be", async () => {
    const { served } = await serveGated({ workers: 2 });
    const running = load(served, 2);
    await Promise.all([served.python.reload(), served.python.reload(), served.python.reload()]);
    const answers = await running.stop();
    expect(new Set(answers)).toEqual(new Set(["200 one"]));
    await expect.poll(() => served.python.processes.map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  test("while a process is being replaced ends with as many as there should be", async () => {
    const { served } = await serveGated({ workers: 2 });
    process.kill(pids(served)[0] as number, "SIGKILL");
    await served.log.logged(/it is replaced/); // after a pause
    await served.python.reload();
    await expect.poll(() => served.python.processes.length).toBe(2);
    await served.python.reload();
    await expect.poll(() => served.python.processes.map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  test("that fails while a process is being replaced leaves as many as there should be", async () => {
    const { served } = await serveGated({ workers: 2 });
    const [first] = pids(served);
    served.folder.write("module.py", "import time\ntime.sleep(0.3)\nraise RuntimeError('on purpose')\n");
    const reloading = served.python.reload();
    process.kill(first as number, "SIGKILL");
    await expect(reloading).rejects.toMatchObject({ code: "LOAD_FAILED" });
    served.folder.write("module.py", moduleOf(source("two")));
    await expect
      .poll(() => served.python.processes.map(({ state }) => state), { timeout: 15_000 })
      .toEqual(["ready", "ready"]);
  });

  test("waits for threads that still close a body", async () => {
    const { gate, served } = await serveGated({ threads: 2, requestBuffer: 0 });
    const [before] = pids(served);
    const sent = request(`${served.url}/slow_close`, { method: "POST" });
    const answered = new Promise<string>((resolve) => {
      sent.on("response", async (response) => resolve((await response.setEncoding("utf8").toArray()).join("")));
    });
    sent.end("four");
    expect(await answered).toBe("one");
    await gate.entered(1);
    await served.python.reload();
    for (let i = 0; i < 50; i++) await fetch(`${served.url}/version`); // time enough for it to end too early
    expect(isAlive(before as number)).toBe(true);
    gate.open();
    await expect.poll(() => isAlive(before as number)).toBe(false);
    await served.log.logged(/^body closed$/m);
    expect(served.log.text).not.toMatch(/Traceback|SIGKILL/);
  });
});
