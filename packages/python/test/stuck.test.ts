import { postHooks } from "@wsgi/posthooks";
import { describe, expect, test } from "vitest";
import type { Extension } from "../../core/src/index.ts";
import { Client } from "../../core/test/support/client.ts";
import { GATE, Gate } from "./support/gate.ts";
import { type ServedPython, type ServeOptions, servePython } from "./support/python-server.ts";

const SOURCE = `${GATE}
import threading

def ok(start_response, *headers):
    return start_response("200 OK", [("Content-Type", "text/plain"), *headers])

def pid(environ, start_response):
    ok(start_response)
    return [str(os.getpid()).encode()]

def wait(environ, start_response):
    gate("wait")
    ok(start_response)
    return [b"waited"]

def looking_for_a_needle(lock):
    lock.acquire()
    lock.acquire()  # for ever

def deadlock(environ, start_response):
    gate("deadlock")
    looking_for_a_needle(threading.Lock())

def lock(environ, start_response):
    looking_for_a_needle(threading.Lock())

def spin(environ, start_response):
    """Nothing that a signal handler in Python could interrupt soon."""
    ok(start_response)
    yield b"begun"
    environ["wsgi.errors"].write("spinning\\n")
    while True:
        looking_for_nothing = 1

def body(environ, start_response):
    count = len(environ["wsgi.input"].read(5)) + len(environ["wsgi.input"].read(-1))
    ok(start_response)
    return [str(count).encode()]

def slow_stream(environ, start_response):
    ok(start_response)
    yield b"one "
    gate("slow_stream")
    yield b"two"

def stuck_hook(environ, start_response):
    environ["eventlet.posthooks"].append((lambda environ: looking_for_a_needle(threading.Lock()), (), {}))
    ok(start_response)
    return [b"ok"]
`;

async function serveGated(options: ServeOptions = {}): Promise<{ gate: Gate; served: ServedPython }> {
  const gate = await Gate.make();
  return { gate, served: await servePython(SOURCE, { timeout: 0.5, ...options, env: gate.env }) };
}

async function pidOf({ url }: ServedPython): Promise<number> {
  return Number(await (await fetch(`${url}/pid`)).text());
}

/** Lets the timeout pass: it has, when a request of the other process has met it. */
async function passTimeout({ url }: ServedPython): Promise<void> {
  await fetch(`${url}/lock`);
}

describe("a request that does not come back", () => {
  test("is answered 504; its process says where it is stuck, and is replaced", async () => {
    const { gate, served } = await serveGated();
    const before = await pidOf(served);
    gate.open();
    const answer = await fetch(`${served.url}/deadlock?secret`, { method: "POST" });
    expect([answer.status, await answer.text()]).toEqual([504, "504 Gateway Timeout\r\n"]);
    const said = served.log.text;
    expect(said).toMatch(new RegExp(`process ${before} is stuck in POST /deadlock for \\d\\.\\d s; its stacks:\n`));
    expect(said).toMatch(/File ".*module\.py", line \d+ in looking_for_a_needle\n/);
    expect(said).toMatch(/line \d+ in deadlock\n/);
    expect(await pidOf(served)).not.toBe(before);
  });

  test("leaves others in its process their time", async () => {
    const { gate, served } = await serveGated({ threads: 2, timeout: 1, gracefulTimeout: 3 });
    const before = await pidOf(served);
    const streaming = await Client.connect(served.port);
    streaming.send("GET /slow_stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await gate.entered(1);
    const stuck = fetch(`${served.url}/deadlock`);
    await gate.entered(2);
    expect((await stuck).status).toBe(504);
    expect(await pidOf(served)).not.toBe(before);
    gate.open();
    expect(await streaming.end()).toMatch(/one [\s\S]*two[\s\S]*0\r\n\r\n$/);
  });

  test("is given up when its client has left within the response", async () => {
    const { served } = await serveGated();
    const before = await pidOf(served);
    const client = await Client.connect(served.port);
    client.send("GET /spin HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive("begun");
    await served.log.logged(/spinning/);
    client.reset();
    expect(await pidOf(served)).not.toBe(before);
    expect(served.log.text).toMatch(/in spin\n/);
  });

  test("may take its time once the response has begun", async () => {
    const { gate, served } = await serveGated({ workers: 2 });
    const client = await Client.connect(served.port);
    client.send("GET /slow_stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await gate.entered();
    await passTimeout(served);
    gate.open();
    expect(await client.end()).toMatch(/two[\s\S]*0\r\n\r\n$/);
  });

  test("is not one that waits for its client", async () => {
    const { served, gate } = await serveGated({ workers: 2, requestBuffer: 0 });
    gate.open();
    const client = await Client.connect(served.port);
    await client.sendAll("POST /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345");
    await expect.poll(() => served.python.processes.filter(({ inFlight }) => inFlight > 0).length).toBe(1);
    await passTimeout(served);
    client.send("67890");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n10\r\n0\r\n\r\n$/);
  });

  test("may be a post hook", async () => {
    const hooks = postHooks() as unknown as Extension;
    const { served } = await serveGated({ core: { extensions: [hooks] } });
    const before = await pidOf(served);
    expect((await fetch(`${served.url}/stuck_hook`)).status).toBe(200);
    expect(await pidOf(served)).not.toBe(before);
    expect(served.log.text).toMatch(
      /is stuck in post hooks of 1 requests; its stacks:\n[\s\S]*in looking_for_a_needle\n/,
    );
  });

  test("leaves what waited behind it to the next process", async () => {
    const { gate, served } = await serveGated();
    for (let i = 0; i < 200; i++) await fetch(`${served.url}/pid`); // quick: requests are given ahead
    const stuck = fetch(`${served.url}/deadlock`);
    await gate.entered();
    const behind = Array.from({ length: 5 }, () => fetch(`${served.url}/pid`, { method: "POST" }));
    gate.open();
    expect((await stuck).status).toBe(504);
    expect((await Promise.all(behind)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test("makes others wait no longer than queueTimeout", async () => {
    const { gate, served } = await serveGated({ timeout: 0, queueTimeout: 0.5 });
    const first = fetch(`${served.url}/wait`);
    await gate.entered();
    const late = await fetch(`${served.url}/pid`);
    expect([late.status, await late.text()]).toEqual([503, "503 Service Unavailable\r\n"]);
    expect(served.log.text).toMatch(/1 requests? waited 0\.5 s for a free process: answered 503/);
    gate.open();
    expect(await (await first).text()).toBe("waited");
  });
});
