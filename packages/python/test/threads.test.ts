import { describe, expect, test } from "vitest";
import { answerIn } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { GATE, Gate } from "./support/gate.ts";
import { type ServedPython, type ServeOptions, servePython } from "./support/python-server.ts";

const SOURCE = `${GATE}
import json, time

def ok(start_response, *headers):
    return start_response("200 OK", [("Content-Type", "text/plain"), *headers])

def flags(environ, start_response):
    ok(start_response)
    return [json.dumps([environ["wsgi.multithread"], environ["wsgi.multiprocess"]]).encode()]

def sleep(environ, start_response):
    time.sleep(0.05)
    ok(start_response)
    return [b"slept"]

def wait(environ, start_response):
    gate("wait")
    return flags(environ, start_response)

def large(environ, start_response):
    """16 MiB for a client that does not read."""
    ok(start_response)
    gate("large")
    for _ in range(256):
        yield b"x" * 65536
    environ["wsgi.errors"].write("all is given away\\n")

def echo(environ, start_response):
    """What belongs to this request, from its beginning to its end."""
    body = environ["wsgi.input"].read(1000)
    ok(start_response, ("X-Query", environ["QUERY_STRING"]))
    yield environ["QUERY_STRING"].encode()
    yield b" "
    yield body
`;

async function serveGated(options: ServeOptions): Promise<{ gate: Gate; served: ServedPython }> {
  const gate = await Gate.make();
  return { gate, served: await servePython(SOURCE, { ...options, env: gate.env }) };
}

describe("threads", () => {
  test.each([
    [1, 1, [false, false]],
    [1, 4, [true, false]],
    [2, 1, [false, true]],
    [2, 2, [true, true]],
  ])(
    "%i processes of %i threads say so in the environ, and run so many requests at once",
    async (workers, threads, flags) => {
      const { gate, served } = await serveGated({ workers, threads });
      const count = workers * threads;
      const answers = Array.from({ length: count + 1 }, () => fetch(`${served.url}/wait`));
      await gate.entered(count);
      await expect.poll(() => served.server.counters.active).toBe(count + 1);
      expect(gate.names).toHaveLength(count);
      gate.open();
      for (const answer of answers) expect(await (await answer).json()).toEqual(flags);
    },
  );

  test("sleep at the same time", async () => {
    const { served } = await serveGated({ threads: 8 });
    const sleepAll = async (): Promise<number> => {
      const started = performance.now();
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${served.url}/sleep`)));
      for (const answer of answers) expect(await answer.text()).toBe("slept");
      return performance.now() - started;
    };
    const times = [await sleepAll(), await sleepAll(), await sleepAll()];
    expect(Math.min(...times)).toBeLessThan(300); // one after the other: 400 at least
  });

  test("keep requests apart", async () => {
    const { served } = await serveGated({ threads: 4, workers: 2, requestBuffer: 10 });
    const ask = async (i: number): Promise<void> => {
      const body = `${i}`.repeat(i % 7);
      const answer = await fetch(`${served.url}/echo?${i}`, { method: "POST", body });
      expect(answer.headers.get("X-Query")).toBe(String(i));
      expect(await answer.text()).toBe(`${i} ${body}`);
    };
    await Promise.all(Array.from({ length: 300 }, (_, i) => ask(i)));
  });

  test("go on while a client does not take its response; what it has not taken is bounded", async () => {
    const { gate, served } = await serveGated({ threads: 2 });
    const client = await Client.connect(served.port);
    client.socket.pause();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await gate.entered();
    gate.open();
    for (let i = 0; i < 20; i++) expect((await fetch(`${served.url}/flags`)).status).toBe(200);
    expect(served.log.text).not.toMatch(/all is given away/); // it waits for the client
    client.socket.resume();
    expect(answerIn(await client.end()).body).toHaveLength(16 * 1024 * 1024);
    expect(served.log.text).toMatch(/all is given away/);
  });
});
