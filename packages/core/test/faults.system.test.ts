// Calls of the system that really fail, in processes of their own: strace makes them, or a limit does. Where strace is missing or
// may not trace, those tests are skipped, and say so.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { answersIn } from "./support/answers.ts";
import { Client } from "./support/client.ts";

const PROGRAM = join(import.meta.dirname, "fixtures/faulty-process.ts");
const isLinux = process.platform === "linux" && existsSync("/proc/self/limits");
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!hasStrace) console.warn("strace is missing or may not trace: faults of the system are not tried");

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it has printed to standard error. */
  text(): string;
  /** Resolves once that is printed. */
  printed(pattern: RegExp): Promise<void>;
}

/** Starts the server through a command before it. */
async function start(...through: readonly string[]): Promise<Started> {
  const [first = process.execPath, ...rest] = [...through, process.execPath, "--import", "tsx", PROGRAM, "stderr"];
  const stdio: ("ignore" | "pipe" | "ipc")[] = ["ignore", "ignore", "pipe", "ipc"];
  const child = spawn(first, rest, { cwd: import.meta.dirname, stdio, detached: true });
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(text)) await once(child.stderr as NodeJS.EventEmitter, "data");
  };
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`it ended with ${code}: ${text}`);
  });
  const [{ port }] = await Promise.race([once(child, "message"), ended]);
  ended.catch(() => {});
  return { child, port, text: () => text, printed };
}

async function ask(port: number, path: string): Promise<string> {
  const client = await Client.connect(port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const text = await client.end();
  client.leave();
  return text;
}

/** It answers, and ends in order with so many requests; returns all that it printed. */
async function expectSound({ child, port, text }: Started, requests: number): Promise<string> {
  expect(await ask(port, "/")).toMatch(/\r\n\r\nhello$/);
  const exit = once(child, "close");
  child.send("end");
  const [told] = await once(child, "message");
  expect(told).toEqual({ requests });
  expect((await exit)[0]).toBe(0);
  const accessLines = text()
    .split("\n")
    .filter((line) => /"GET /.test(line));
  expect(accessLines).toHaveLength(requests);
  return text();
}

describe.skipIf(!hasStrace)("a call of the system that fails", { timeout: 60_000 }, () => {
  const inject = (call: string, error: string, when: string): string[] => {
    return [
      "strace",
      "-f",
      "-o",
      "/dev/null",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:error=${error}:when=${when}`,
    ];
  };

  test("writev with ENOBUFS: it is tried again", async () => {
    const started = await start(...inject("writev", "ENOBUFS", "1"));
    expect(answersIn(await ask(started.port, "/parts"))).toMatchObject([{ status: 200, complete: true }]);
    expect(await expectSound(started, 2)).not.toContain("failed");
  });

  test.each(["ECONNRESET", "EPIPE"])("writev with %s: the client cannot take it for whole", async (error) => {
    const started = await start(...inject("writev", error, "1"));
    const [answer] = answersIn((await ask(started.port, "/parts")) || "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    expect(answer?.complete).toBe(false);
    expect(answersIn(await ask(started.port, "/parts"))).toMatchObject([{ status: 200, complete: true }]);
    expect(await expectSound(started, 3)).not.toContain("failed");
  });

  test("shutdown with ENOTCONN: nobody notices", async () => {
    const started = await start(...inject("shutdown", "ENOTCONN", "1+"));
    expect(await ask(started.port, "/")).toMatch(/\r\n\r\nhello$/);
    expect(await expectSound(started, 2)).not.toContain("failed");
  });

  test.each(["EMFILE", "ECONNABORTED", "ENFILE"])(
    "accept4 with %s: those that come after are served",
    async (error) => {
      const started = await start(...inject("accept4", error, "1"));
      let text = "";
      while (text === "") {
        // After EMFILE libuv closes, without a word, all that wait: also who comes back before it has found nobody.
        text = await ask(started.port, "/").catch(() => "");
        if (text === "") await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(text).toMatch(/\r\n\r\nhello$/);
      started.child.send("end");
      const [{ requests }] = await once(started.child, "message");
      expect(requests).toBeGreaterThan(0);
    },
  );
});

test.skipIf(!isLinux)(
  "a process that runs out of descriptors says so once, and serves when there are some again",
  {
    timeout: 60_000,
  },
  async () => {
    const started = await start("sh", "-c", 'ulimit -n 96 && exec "$@"', "sh");
    const clients: Client[] = [];
    while (clients.every(({ ended, closed }) => !ended && !closed) && clients.length < 150) {
      const client = await Client.connect(started.port);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.receive("hello").catch(() => {});
      clients.push(client);
    }
    expect(clients.at(-1)).toMatchObject({ received: "" }); // none was left: it was closed unanswered
    expect(clients.length).toBeLessThan(96);
    await started.printed(/\(\d+\) \d+ of 96 descriptors are in use: when none is left, new connections are closed/);
    for (const client of clients) client.leave();
    const text = await expectSound(started, clients.length);
    expect(text.match(/descriptors are in use/g)).toHaveLength(1);
  },
);
