// Signals, as an operator, a terminal, systemd and a container send them.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  COMMAND,
  folderWith,
  HELLO,
  type RunningCommand,
  type ServingCommand,
  serve,
  serving,
  startCommand,
  textOf,
} from "./support/command.ts";
import { ask } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { childrenOf, ended, eventually, isAlive, RELEASED, release, servedCount, stateOf } from "./support/workers.ts";

/** Says `begun` at once and `over` when it is released. */
const SLOW = `${RELEASED}
export default async function* (environ, startResponse) {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/for-ever") { yield "begun"; await new Promise(() => {}); }
  if (environ.PATH_INFO !== "/slow") { yield "hello"; return; }
  yield "begun ";
  await released();
  yield "over";
}`;
const MODES = ["0", "2"];

/** Resolves when the first part of a slow response is here; `whole` with all of it. */
async function slowRequest({ url }: ServingCommand, path = "/slow"): Promise<{ whole: Promise<string> }> {
  const response = await fetch(`${url}${path}`);
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  const rest = async (): Promise<string> => {
    let text = first.value as string;
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    return text;
  };
  const whole = rest();
  whole.catch(() => {}); // whoever looks at it sees
  return { whole };
}

for (const workers of MODES) {
  describe(`--workers ${workers}`, () => {
    const run = (...args: string[]): Promise<ServingCommand> =>
      serve(["-w", workers, ...args, "app.mjs"], { "app.mjs": SLOW });

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      test(`${signal} finishes what is being answered`, async () => {
        const command = await run();
        const { whole } = await slowRequest(command);
        const processes = [command.pid, ...childrenOf(command.pid)];
        command.kill(signal);
        await command.printed(new RegExp(`${signal}: finishing the requests there are`));
        release(command);
        expect(await whole).toBe("begun over");
        expect((await command.ended).code).toBe(0);
        expect(processes.filter(isAlive)).toEqual([]);
      });
    }

    for (const [first, second] of [
      ["SIGINT", "SIGINT"],
      ["SIGTERM", "SIGINT"],
      [undefined, "SIGQUIT"],
    ] as const) {
      test(`${first === undefined ? second : `${second} after ${first}`} ends at once`, async () => {
        const command = await run("--drain-delay", "20");
        const { whole } = await slowRequest(command, "/for-ever");
        const processes = [command.pid, ...childrenOf(command.pid)];
        if (first !== undefined) {
          command.kill(first);
          await command.printed(/finishing the requests there are/);
        }
        const started = performance.now();
        command.kill(second);
        await expect(whole).rejects.toThrow();
        expect((await command.ended).code).toBe(1);
        expect(performance.now() - started).toBeLessThan(2500);
        expect(command.output).toContain(`${second}: ending now`);
        expect(processes.filter(isAlive)).toEqual([]);
      });
    }

    test("a signal to the whole process group, as Ctrl-C is, ends gracefully and once", async () => {
      const command = await run();
      const { whole } = await slowRequest(command);
      process.kill(-command.pid, "SIGINT");
      await command.printed(/SIGINT: finishing/);
      release(command);
      expect(await whole).toBe("begun over");
      expect((await command.ended).code).toBe(0);
      expect(command.output.match(/SIGINT: finishing/g)).toHaveLength(1);
      expect(command.output).not.toMatch(/ended unexpectedly|ending now/);
    });

    test("TERM to every process, as systemd sends it, keeps to the drain delay", async () => {
      const command = await run("--drain-delay", "1");
      process.kill(-command.pid, "SIGTERM");
      await command.printed(/SIGTERM: finishing/);
      for (let i = 0; i < 5; i++) expect((await ask(command.url)).body).toBe("hello");
      expect((await command.ended).code).toBe(0);
      expect(command.output).not.toContain("ended unexpectedly");
    });

    test("USR1 opens log files anew", async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const cwd = folderWith({ "app.mjs": SLOW });
      const logs = ["--access-log", "access.log", "--error-log", "error.log"];
      const command = startCommand(["-w", workers, "-b", `127.0.0.1:${port}`, ...logs, "app.mjs"], { cwd });
      const text = (name: string): string => {
        const path = join(cwd, name);
        return existsSync(path) ? readFileSync(path, "utf8") : "";
      };
      const askOften = (path: string): Promise<unknown> =>
        Promise.all(Array.from({ length: 20 }, () => ask(url, path)));
      await eventually(() => text("error.log").includes("is served on"));
      await askOften("/before");
      await eventually(() => text("access.log").match(/\/before/g)?.length === 20);
      for (const name of ["access.log", "error.log"]) {
        renameSync(join(cwd, name), join(cwd, `${name}.1`));
      }
      command.kill("SIGUSR1");
      await eventually(async () => {
        await askOften("/meanwhile"); // each worker opens them when it hears of it
        return openFiles(command.pid).every((path) => !path.endsWith(".log.1"));
      });
      await askOften("/later");
      await command.stop();
      expect(text("error.log")).toMatch(/SIGTERM: finishing[\s\S]*wsgi exited/);
      expect(text("error.log.1")).toContain("is served on");
      expect(text("access.log").match(/\/later/g)).toHaveLength(20);
      expect(text("access.log.1")).not.toContain("/later");
    });
  });
}

test("TERM ends the command while workers load the application, and while they never do", async () => {
  const cwd = folderWith({
    "app.mjs": `import { writeFileSync } from "node:fs";
writeFileSync("loading-" + process.pid, "");
await new Promise(() => setInterval(() => {}, 1000));`,
  });
  const command = startCommand(["-w", "2", "-b", "127.0.0.1:0", "app.mjs"], { cwd });
  await eventually(() => readdirSync(cwd).filter((name) => name.startsWith("loading-")).length === 2);
  const started = performance.now();
  expect((await command.stop()).code).toBe(0);
  expect(performance.now() - started).toBeLessThan(2500);
});

/** Holds a worker back before it knows any signal, which it says by a file. */
const EARLY = `import { writeFileSync } from "node:fs";
if (process.argv[1]?.endsWith("worker.js")) {
  writeFileSync("early-" + process.pid, "");
  await new Promise(() => setInterval(() => {}, 1000));
}`;

describe.each(["SIGINT", "SIGTERM"] as const)("%s to all processes while workers start", (signal) => {
  const starting = async (...args: string[]): Promise<{ command: RunningCommand; workers: number[] }> => {
    const cwd = folderWith({ "app.mjs": HELLO, "early.mjs": EARLY });
    const env = { NODE_OPTIONS: `--import ${join(cwd, "early.mjs")}` };
    const command = startCommand([...args, "-b", "127.0.0.1:0", "app.mjs"], { cwd, env });
    const count = args.includes("--reload") ? 1 : 2;
    await eventually(() => readdirSync(cwd).filter((name) => name.startsWith("early-")).length === count);
    return { command, workers: childrenOf(command.pid) };
  };
  const expectNoCrash = async (command: RunningCommand): Promise<void> => {
    expect((await command.ended).code).toBe(0);
    expect(command.output.match(/finishing the requests there are/g)).toHaveLength(1);
    expect(command.output).not.toMatch(/unexpectedly|next worker|giving up/);
  };

  test.each([[["-w", "2"]], [["--reload"]]])("is no crash of theirs: %j", async (args) => {
    const { command } = await starting(...args);
    process.kill(-command.pid, signal);
    await expectNoCrash(command);
  });

  test("is none either when they die of it before the supervisor hears it", async () => {
    const { command, workers } = await starting("-w", "2");
    for (const worker of workers) process.kill(worker, signal);
    while (workers.some((pid) => stateOf(pid) !== "")); // it has collected them; the signal comes at once, as the system does it
    command.kill(signal);
    await expectNoCrash(command);
  });
});

test("signals for workers tell one process that there are none", async () => {
  const command = await serve(["app.mjs"]);
  for (const signal of ["SIGTTIN", "SIGTTOU", "SIGUSR2"] as const) {
    command.kill(signal);
    await command.printed(new RegExp(`${signal}: needs --workers 1 or more`));
  }
  expect(await textOf(command.url)).toBe("hello");
});

test("a worker that is sent TERM alone finishes, and another one takes its place", async () => {
  const command = await serve(["-w", "1", "app.mjs"], { "app.mjs": SLOW });
  const [worker] = await servedCount(command, 1);
  const { whole } = await slowRequest(command);
  process.kill(worker as number, "SIGTERM");
  await command.printed(/wsgi exiting/);
  release(command);
  expect(await whole).toBe("begun over");
  await ended(worker as number);
  expect(await servedCount(command, 2)).toHaveLength(2);
});

test("being stopped and continued, as by Ctrl-Z and fg, kills no worker", async () => {
  const command = await serve(["-w", "2", "--worker-timeout", "0.5", "app.mjs"]);
  const workers = childrenOf(command.pid);
  for (const group of [-command.pid]) process.kill(group, "SIGSTOP");
  await eventually(() => [command.pid, ...workers].every((pid) => stateOf(pid) === "T"));
  await delay(3700); // longer than a worker may be silent
  process.kill(-command.pid, "SIGCONT");
  for (let i = 0; i < 20; i++) expect(await textOf(command.url)).toBe("hello");
  await delay(600); // a look at the workers later
  expect(childrenOf(command.pid).sort()).toEqual(workers.sort());
  expect(command.output).not.toMatch(/silent|stuck|unexpectedly/);
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

describe.runIf(hasScript)("the terminal is closed", () => {
  const onTerminal = async (
    workers: string,
    redirected = "",
  ): Promise<{ pid: number; url: string; log: () => string; closed: () => void }> => {
    const line = `${process.execPath} ${COMMAND} -w ${workers} -b 127.0.0.1:0 --pid pid --error-log e.log app.mjs ${redirected}`;
    const cwd = folderWith({ "app.mjs": SLOW });
    const script = startCommand([line, "/dev/null"], { cwd, through: ["script", "-qec"] });
    const log = (): string => (existsSync(join(cwd, "e.log")) ? readFileSync(join(cwd, "e.log"), "utf8") : "");
    await eventually(() => log().includes("is served on"));
    const pid = Number(readFileSync(join(cwd, "pid"), "utf8"));
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, "SIGKILL"); // it is in a session of its own
    });
    const [, url = ""] = /served on (\S+)/.exec(log()) ?? [];
    return { pid, url, log, closed: () => script.kill("SIGKILL") };
  };

  test.for(MODES)("ends the command with --workers %s", async (workers) => {
    const { pid, url, closed } = await onTerminal(workers);
    const processes = [pid, ...childrenOf(pid)];
    process.kill(pid, "SIGHUP"); // of an operator: it goes on
    expect(await textOf(url)).toBe("hello");
    closed();
    await ended(...processes);
    await expect(ask(url)).rejects.toThrow("ECONNREFUSED");
  });

  test("ends none whose standard error is elsewhere, as with nohup", async () => {
    const { pid, url, log, closed } = await onTerminal("0", "> out 2>&1 < /dev/null");
    const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
    closed();
    await ended(parent);
    const seen = log().length;
    process.kill(pid, "SIGHUP");
    await eventually(() => log().slice(seen).includes("SIGHUP: certificates were read again"));
    expect(await textOf(url)).toBe("hello");
  });
});

const canUnshare = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

describe.skipIf(!canUnshare)("as the first process of a container", () => {
  const ORPHANS = `
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
export default (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/orphan") spawnSync("sh", ["-c", "sleep 0.01 & exit"]);
  const processes = readdirSync("/proc").filter((name) => /^\\d+$/.test(name));
  const stats = processes.map((pid) => { try { return readFileSync("/proc/" + pid + "/stat", "utf8"); } catch { return ""; } });
  return [JSON.stringify({ parent: process.ppid, zombies: stats.filter((stat) => /\\) Z 1 /.test(stat)).length })];
};`;

  test.for(MODES)("TERM ends it, with --workers %s", async (workers) => {
    const through = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, COMMAND];
    const cwd = folderWith({ "app.mjs": ORPHANS });
    const command = await serving(startCommand(["-w", workers, "-b", "127.0.0.1:0", "app.mjs"], { cwd, through }));
    expect(command.output).toContain("(1) ");
    const [first] = childrenOf(command.pid);
    process.kill(first as number, "SIGTERM");
    expect((await command.ended).code).toBe(0);
    expect(isAlive(first as number)).toBe(false);
  });

  test("collects its own workers", async () => {
    const through = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, COMMAND];
    const cwd = folderWith({ "app.mjs": ORPHANS });
    const command = await serving(startCommand(["-w", "1", "-b", "127.0.0.1:0", "app.mjs"], { cwd, through }));
    const [first] = childrenOf(command.pid);
    const [worker] = childrenOf(first as number);
    process.kill(worker as number, "SIGKILL");
    await servedCount(command, 2);
    expect(JSON.parse(await textOf(command.url))).toEqual({ parent: 1, zombies: 0 });
  });
});

/** Paths of what the processes of a command have open. */
function openFiles(pid: number): string[] {
  return [pid, ...childrenOf(pid)].flatMap((one) =>
    readdirSync(`/proc/${one}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${one}/fd/${fd}`);
      } catch {
        return ""; // closed meanwhile
      }
    }),
  );
}
