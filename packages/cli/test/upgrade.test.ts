// USR2: a new program takes over the sockets of the one that runs.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { type ServingCommand, serve, textOf } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { successorOf, takeOver } from "./support/takeover.ts";
import { answeringVersion, ended, eventually, isAlive } from "./support/workers.ts";

const run = (...args: string[]): Promise<ServingCommand> =>
  serve(["-w", "1", "--access-log", "off", ...args, "app.mjs"], { "app.mjs": answeringVersion("old") });

function change({ folder }: ServingCommand, text: string): void {
  writeFileSync(join(folder, "app.mjs"), text);
}

test("the new program answers with the new code, and TERM ends it", async () => {
  const command = await run();
  change(command, answeringVersion("new"));
  const successor = await takeOver(command);
  await ended(command.pid);
  expect(await textOf(command.url)).toMatch(/^new /);
  process.kill(successor, "SIGTERM");
  await ended(successor);
  await expect(ask(command.url)).rejects.toThrow("ECONNREFUSED");
});

test("the one after that takes over from it", async () => {
  const command = await run();
  const second = await takeOver(command);
  await ended(command.pid);
  change(command, answeringVersion("third"));
  const seen = command.output.length;
  process.kill(second, "SIGUSR2");
  await successorOf(command, seen);
  await ended(second);
  expect(await textOf(command.url)).toMatch(/^third /);
});

test("the pid file is the new program's", async () => {
  const command = await run("--pid", "wsgi.pid");
  const pid = (): string => readFileSync(join(command.folder, "wsgi.pid"), "utf8").trim();
  expect(pid()).toBe(String(command.pid));
  const successor = await takeOver(command);
  await ended(command.pid);
  expect(pid()).toBe(String(successor));
  process.kill(successor, "SIGTERM");
  await ended(successor);
  expect(existsSync(join(command.folder, "wsgi.pid"))).toBe(false);
});

test("a unix socket stays where it is, and goes with the last program", async () => {
  const command = await run("-b", "unix:app.sock");
  const path = join(command.folder, "app.sock");
  const answer = async (): Promise<string> => {
    const client = await Client.connect(path);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const [, body] = (await client.end()).split("\r\n\r\n");
    client.leave();
    return body as string;
  };
  expect(await answer()).toMatch(/^old /);
  change(command, answeringVersion("new"));
  const successor = await takeOver(command);
  await ended(command.pid);
  expect(await answer()).toMatch(/^new /);
  process.kill(successor, "SIGTERM");
  await ended(successor);
  expect(existsSync(path)).toBe(false);
});

test("the admin server is handed over, and is ready all the while", async () => {
  const port = await freePort();
  const command = await run("--admin", String(port));
  const admin = `http://127.0.0.1:${port}`;
  change(command, `await new Promise((resolve) => setTimeout(resolve, 300));\n${answeringVersion("new")}`);
  const probes = await underLoad(
    admin,
    async () => {
      await takeOver(command);
      await ended(command.pid);
    },
    { keepAlive: 0, fresh: 1, path: "/ready" },
  );
  expect(probes.failures).toEqual([]);
  expect(JSON.parse((await ask(admin, "/status")).body)).not.toMatchObject({ pid: command.pid });
});

describe("the old program goes on", () => {
  test("when the new one cannot begin, and a mended one takes over later", async () => {
    const command = await run();
    change(command, `throw new Error("no database");`);
    const load = await underLoad(command.url, async () => {
      command.kill("SIGUSR2");
      const successor = await successorOf(command);
      await command.printed(new RegExp(`${successor} ended \\(code 1\\) before it served: going on here`));
    });
    expect(load.failures).toEqual([]);
    expect(command.output).toContain("no database");
    change(command, answeringVersion("mended"));
    await takeOver(command);
    await ended(command.pid);
    expect(await textOf(command.url)).toMatch(/^mended /);
  });

  test("but when it is told to end meanwhile, the new one ends too", async () => {
    const command = await run();
    change(
      command,
      `import { writeFileSync } from "node:fs";
writeFileSync("loading", "");
await new Promise(() => setInterval(() => {}, 1000));`,
    );
    command.kill("SIGUSR2");
    const successor = await successorOf(command);
    await eventually(() => existsSync(join(command.folder, "loading")));
    command.kill("SIGTERM");
    await ended(command.pid, successor);
    expect(isAlive(successor)).toBe(false);
    await expect(ask(command.url)).rejects.toThrow("ECONNREFUSED");
  });
});
