// SIGTERM for Python processes: alone it renews one; sent to all processes of a service, as its end begins, it starts none.

import { expect, test } from "vitest";
import { isAlive } from "./support/processes.ts";
import { servePython } from "./support/python-server.ts";

const SOURCE = `
import os

def pid(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`;

const pidBy = async (url: string): Promise<number> => Number(await (await fetch(`${url}/pid`)).text());

test("a process that is sent SIGTERM is replaced, the next one ready first", async () => {
  const served = await servePython(SOURCE, { gracefulTimeout: 10 });
  const before = await pidBy(served.url);
  process.kill(before, "SIGTERM");
  await served.log.logged(new RegExp(`process ${before} was sent SIGTERM: it is replaced`));
  await expect.poll(() => isAlive(before)).toBe(false);
  expect(await pidBy(served.url)).not.toBe(before);
});

test("no process is started when all are sent SIGTERM", async () => {
  const served = await servePython(SOURCE, { gracefulTimeout: 10, workers: 2 });
  for (const { pid } of served.python.processes) process.kill(pid as number, "SIGTERM");
  for (let i = 0; i < 20; i++) await pidBy(served.url); // what they have to say of it has come
  expect(served.python.processes).toHaveLength(2);
  await served.python.close();
  expect(served.log.text).not.toContain("replaced");
});
