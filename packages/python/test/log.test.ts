// A log that cannot be written: requests and processes go on.

import { expect, onTestFinished, test, vi } from "vitest";
import { listen, server } from "../../core/src/index.ts";
import { pythonApplication } from "../src/index.ts";
import { folderForTest, Log, moduleOf, optionsFor } from "./support/python-server.ts";

const SOURCE = `
import os, sys, threading

def pid(environ, start_response):
    sys.stderr.write("from the standard error\\n")
    errors = environ["wsgi.errors"]
    errors.write("while the request is there\\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield str(os.getpid()).encode()

def late(environ, start_response):
    errors = environ["wsgi.errors"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    class Body(list):
        def close(self):
            errors.write("after the request\\n")
    return Body([b"x"])
`;

test("a log that throws ends no process, and what it should have held is on the standard error", async () => {
  const folder = folderForTest();
  folder.write("module.py", moduleOf(SOURCE));
  let count = 0;
  const log = {
    write(): void {
      count++;
      throw new Error("no space left");
    },
  };
  const said = new Log();
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said.write(String(text));
    return true;
  });
  onTestFinished(() => stderr.mockRestore());
  const python = pythonApplication({ ...optionsFor(folder, said), log });
  const running = server(listen(["127.0.0.1", 0]), python as never, { log: said, accessLog: false });
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
    await python.close();
  });
  await Promise.all([running.ready, python.ready]);
  const ask = async (path: string): Promise<string> =>
    await (await fetch(`http://127.0.0.1:${running.addresses[0]?.port}${path}`)).text();
  const before = await ask("/pid");
  await said.logged(/from the standard error/);
  expect(await ask("/late")).toBe("x");
  await said.logged(/after the request/);
  expect(await ask("/pid")).toBe(before);
  expect(count).toBeGreaterThan(1);
  expect(said.text.match(/the log could not be written: Error: no space left/g)).toHaveLength(1);
});
