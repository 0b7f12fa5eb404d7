import { describe, expect, test } from "vitest";
import { isAlive } from "./support/processes.ts";
import { type ServedPython, type ServeOptions, servePython } from "./support/python-server.ts";

const SOURCE = `
import os
kept = []

def pid(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]

def grow(environ, start_response):
    kept.append(b"x" * (60 * 1024 * 1024))
    return pid(environ, start_response)
`;

/** Sends so many requests on some connections, or fewer when it has seen enough; how often each process answered. */
async function load(
  served: ServedPython,
  requests: number,
  connections: number,
  isEnough = (_counts: ReadonlyMap<number, number>): boolean => false,
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  let left = requests;
  const one = async (): Promise<void> => {
    while (left-- > 0 && !isEnough(counts)) {
      const response = await fetch(`${served.url}/pid`, { method: "POST" });
      expect(response.status, served.log.text).toBe(200);
      const pid = Number(await response.text());
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return counts;
}

const serve = (options: ServeOptions): Promise<ServedPython> =>
  servePython(SOURCE, { gracefulTimeout: 20, ...options });

describe("a process that has served enough", () => {
  test.each([
    { workers: 1, threads: 1 },
    { workers: 2, threads: 3 },
  ])("is replaced after maxRequests, and no request is lost (%o)", async (options) => {
    const served = await serve({ ...options, maxRequests: 60 });
    // The next process takes the time that Python takes to start, whatever is served meanwhile.
    const counts = await load(served, 100_000, 6, ({ size }) => size > options.workers);
    expect(counts.size).toBeGreaterThan(options.workers);
    expect(served.log.text).toMatch(/process \d+ has served its requests: it is replaced/);
    await expect
      .poll(() => served.python.processes.map(({ state }) => state))
      .toEqual(Array(options.workers).fill("ready"));
    const living = served.python.processes.map(({ pid }) => pid);
    const replaced = [...counts].filter(([pid]) => !living.includes(pid));
    expect(replaced).not.toEqual([]);
    for (const [pid, count] of replaced) {
      expect(count).toBeGreaterThanOrEqual(60); // it goes on until the next one is ready
      await expect.poll(() => isAlive(pid)).toBe(false);
    }
    expect(served.log.text).not.toMatch(/Traceback|answered 50[23]| 50[23]$/m);
  });

  test("is replaced a little later, by chance", async () => {
    const served = await serve({ maxRequests: 1, maxRequestsJitter: 1_000_000 });
    const counts = await load(served, 40, 2);
    expect(counts.size).toBe(1); // 1 in 25,000 that this fails
  });

  test("is replaced when it has grown", async () => {
    const served = await serve({ maxMemory: 70 * 1024 * 1024 });
    const before = Number(await (await fetch(`${served.url}/pid`)).text());
    await fetch(`${served.url}/grow`);
    await served.log.logged(/process \d+ has grown to \d+ MiB: it is replaced/);
    await expect.poll(() => isAlive(before), { timeout: 10_000 }).toBe(false);
    expect(Number(await (await fetch(`${served.url}/pid`)).text())).not.toBe(before);
  });
});
