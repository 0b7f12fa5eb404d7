import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { GATE, Gate } from "./support/gate.ts";
import { childrenOf } from "./support/processes.ts";
import { type ServedPython, type ServeOptions, servePython } from "./support/python-server.ts";

const SOURCE = `${GATE}
import sys, time

def ok(start_response, *headers):
    return start_response("200 OK", [("Content-Type", "text/plain"), *headers])

def pid(environ, start_response):
    ok(start_response)
    return [str(os.getpid()).encode()]

def wait(environ, start_response):
    gate(environ["REQUEST_METHOD"] + " " + environ["QUERY_STRING"])
    ok(start_response)
    return [str(os.getpid()).encode()]

def die(environ, start_response):
    environ["wsgi.errors"].write("dying\\n")
    os._exit(9)

def die_later(environ, start_response):
    ok(start_response)
    yield b"one "
    os._exit(9)

def hinted(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</a>; rel=preload")])
    gate("hinted")
    ok(start_response)
    return [b""]
`;

const kill = (pid: number): boolean => process.kill(pid, "SIGKILL");

/** The only process. */
function pidOf(served: ServedPython): number {
  return served.python.processes[0]?.pid as number;
}

async function serveGated(options: ServeOptions = {}): Promise<{ gate: Gate; served: ServedPython }> {
  const gate = await Gate.make();
  return { gate, served: await servePython(SOURCE, { ...options, env: gate.env }) };
}

describe("a Python process that ends", () => {
  test("is replaced when it was idle", async () => {
    const { served } = await serveGated();
    const before = pidOf(served);
    kill(before);
    await served.log.logged(/process \d+ was ended by SIGKILL: it is replaced/);
    const after = Number(await (await fetch(`${served.url}/pid`)).text()); // waits for the new one
    expect(after).not.toBe(before);
    expect(served.python.processes).toMatchObject([{ pid: after, state: "ready" }]);
  });

  test("gives a safe request to another, once", async () => {
    const { gate, served } = await serveGated({ workers: 2 });
    const answer = fetch(`${served.url}/wait?a`);
    await gate.entered(1);
    const [busy] = served.python.processes.filter(({ inFlight }) => inFlight > 0);
    kill(busy?.pid as number);
    await gate.entered(2);
    gate.open();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(Number(await response.text())).not.toBe(busy?.pid);
    expect(gate.names).toEqual(["GET a", "GET a"]);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("answers 502 to %s, which may have had its effect", async (method) => {
    const { gate, served } = await serveGated();
    const answer = fetch(`${served.url}/wait?b`, { method, ...(method === "POST" ? { body: "some" } : {}) });
    await gate.entered();
    kill(pidOf(served));
    expect((await answer).status).toBe(502);
    await served.log.logged(new RegExp(`was ended by SIGKILL in ${method} /wait: answered 502`));
    expect(gate.names).toEqual([`${method} b`]);
  });

  test("answers 502 to a request that ends every process, after two", async () => {
    const { served } = await serveGated({ workers: 2 });
    expect((await fetch(`${served.url}/die`)).status).toBe(502);
    expect(served.log.text.match(/^dying$/gm)).toHaveLength(2);
    expect((await fetch(`${served.url}/pid`)).status).toBe(200);
    expect(served.log.text.match(/^dying$/gm)).toHaveLength(2);
  });

  test("breaks off the response that it had begun", async () => {
    const { served } = await serveGated();
    const client = await Client.connect(served.port);
    client.send("GET /die_later HTTP/1.1\r\nHost: a\r\n\r\n");
    const text = await client.end();
    expect(text).toMatch(/one /);
    expect(text).not.toMatch(/0\r\n\r\n$/);
    expect(served.exchanges[0]).toMatchObject({ status: 200, completed: false });
  });

  test("does not repeat a request that had said something", async () => {
    const { gate, served } = await serveGated();
    const client = await Client.connect(served.port);
    client.send("GET /hinted HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await gate.entered();
    kill(pidOf(served));
    expect(await client.end()).toMatch(/^HTTP\/1\.1 103 [\s\S]*HTTP\/1\.1 502 /);
    expect(gate.names).toEqual(["hinted"]);
  });

  test("gives all that waits to the next", async () => {
    const { gate, served } = await serveGated();
    const answers = Array.from({ length: 5 }, (_, i) =>
      fetch(`${served.url}/wait?${i}`, { method: i === 0 ? "GET" : "POST" }),
    );
    await gate.entered();
    await expect.poll(() => served.server.counters.active).toBe(5);
    kill(pidOf(served));
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test("is found by those that share it: each of its requests is answered", async () => {
    const { gate, served } = await serveGated({ threads: 4 });
    const answers = ["GET", "POST", "GET", "POST"].map((method) => fetch(`${served.url}/wait`, { method }));
    await gate.entered(4);
    kill(pidOf(served));
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 502, 200, 502]);
  });

  test("is tried again with growing pauses, one at a time, while it cannot start", async () => {
    const source = `
import os
if os.path.exists("broken"):
    os._exit(5)
${SOURCE}`;
    const served = await servePython(source, { workers: 2 });
    served.folder.write("broken", "");
    const before = childrenOf(process.pid).length;
    for (const { pid } of served.python.processes) kill(pid as number);
    const failures = (): number => served.log.text.match(/the Python process ended with code 5/g)?.length ?? 0;
    let most = 0;
    await expect
      .poll(
        () => {
          most = Math.max(most, childrenOf(process.pid).length);
          return failures();
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBeGreaterThanOrEqual(3);
    expect(most).toBeLessThanOrEqual(before);
    rmSync(`${served.folder.path}/broken`);
    expect((await fetch(`${served.url}/pid`)).status).toBe(200);
    await expect
      .poll(() => served.python.processes.map(({ state }) => state), { timeout: 20_000 })
      .toEqual(["ready", "ready"]);
  });
});
