// A log that fails harms no request: standard error on a full disk or without a reader, a stream, a logger that rejects.
// Told elsewhere: a log that throws (log.test.ts), the files of the command (packages/cli/test/log-failure.test.ts).

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { answerIn, ask } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { serve } from "./support/serve.ts";
import { turn } from "./support/until.ts";
import { request } from "./wire/wire.ts";

const PROGRAM = join(import.meta.dirname, "fixtures/faulty-process.ts");

async function startProcess(stderr: "pipe" | number, log = "stderr"): Promise<{ child: ChildProcess; port: number }> {
  const args = ["--import", "tsx", PROGRAM, log];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "ignore", stderr, "ipc"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [{ port }] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`it ended with ${code}`);
    }),
  ]);
  return { child, port };
}

/** Every request is answered, and the process ends in order. */
async function expectServing({ child, port }: { child: ChildProcess; port: number }): Promise<void> {
  for (const path of ["/", "/throws", "/", "/throws"]) {
    const client = await Client.connect(port);
    client.send(`GET ${path} HTTP/1.0\r\n\r\n`);
    expect(answerIn(await client.end()).status).toBe(path === "/" ? 200 : 500);
  }
  child.send("end");
  const [{ requests }] = await once(child, "message");
  expect(requests).toBe(4);
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
}

test.skipIf(!existsSync("/dev/full"))("standard error on a full disk", async () => {
  const full = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(full));
  await expectServing(await startProcess(full));
});

test.skipIf(!existsSync("/dev/full"))("a stream into a file on a full disk", async () => {
  const started = await startProcess("pipe", "/dev/full");
  let text = "";
  started.child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  await expectServing(started);
  expect(text.match(/the log threw: /g)).toHaveLength(1);
  expect(text).toMatch(/WSGI_LOG_THREW.*ENOSPC/);
});

test("standard error whose reader has gone", async () => {
  const started = await startProcess("pipe");
  started.child.stderr?.destroy();
  await expectServing(started);
});

test("a logger that rejects, of which is warned once", async () => {
  const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  const fail = (): Promise<never> => Promise.reject(new Error("no room"));
  const served = await serve(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["hello"];
    },
    { log: { info: fail, debug: fail } },
  );
  for (let times = 0; times < 3; times++)
    expect(await ask(served, request("GET / HTTP/1.0"))).toMatchObject({ body: "hello" });
  await turn();
  expect(warnings).toHaveBeenCalledTimes(1);
  expect(warnings).toHaveBeenCalledWith("the log threw: Error: no room", expect.objectContaining({}));
});

test("a stream that breaks, and one that was broken before", async () => {
  const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  const breaking = new Writable({ write: (_chunk, _encoding, done) => done(new Error("reader gone")) });
  for (const log of [breaking, new PassThrough().destroy()]) {
    const served = await serve(() => ["never started"], { log });
    expect((await ask(served, request("GET / HTTP/1.0"))).status).toBe(500);
  }
  expect(warnings).toHaveBeenCalledWith("the log threw: Error: reader gone", expect.objectContaining({}));
});

test("a stream that several servers write to is listened to once", async () => {
  const log = new PassThrough();
  for (let servers = 0; servers < 12; servers++) await serve(() => [], { log });
  expect(log.listenerCount("error")).toBe(1);
});
