// The command wsgi: two workers against one with an application that costs 1 ms of processor time; the time from its start to
// the first answer against a bare node:http program's; and what an access log to a file costs. Paired in alternating
// rounds; ratios, never a verdict, out. Processor time comes from /proc, so this runs on Linux alone.
//
//   npx pnpm@10 build && node --import tsx bench/cli.ts [workers|start|log|all] [rounds] [seconds]

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { findLoadGenerator } from "./load.ts";
import { median, summary } from "./summary.ts";

const COMMAND = join(import.meta.dirname, "../packages/cli/dist/wsgi.js");
const CONNECTIONS = 32;
/** Of a tick of the system's clock, in which /proc counts. */
const TICK_MILLISECONDS = 10;

const [what = "all", roundsText, secondsText] = process.argv.slice(2);
const rounds = Number(roundsText ?? 7);
const seconds = Number(secondsText ?? 2);
const load = findLoadGenerator();

const folder = mkdtempSync(join(tmpdir(), "wsgi-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const files = {
  "hello.mjs": `export default (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\\r\\n"];
};
`,
  "busy.mjs": `import { createHash } from "node:crypto";
const work = Buffer.alloc(4096, 1);
function run(times) {
  for (let i = 0; i < times; i++) createHash("sha256").update(work).digest();
}
const times = Number(process.env.BUSY_TIMES);
export default (environ, startResponse) => {
  run(times);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["done\\r\\n"];
};
if (process.argv[1].endsWith("busy.mjs")) {
  run(2000); // warm up
  const { user, system } = process.cpuUsage();
  run(20000);
  const after = process.cpuUsage();
  console.log(Math.round(20000 / ((after.user + after.system - user - system) / 1000)));
}
`,
  "bare.mjs": `import { createServer } from "node:http";
createServer((request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("Hello, World!\\r\\n");
}).listen(Number(process.argv[2]), "127.0.0.1");
`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts a program in a process group of its own; `{port}` in its arguments is a free one. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    args.map((arg) => arg.replace("{port}", String(port))),
    { cwd: folder, env: { ...process.env, ...env }, stdio: "ignore", detached: true },
  );
  return { child, port };
}

async function stop({ child }: Started): Promise<void> {
  const ended = once(child, "exit");
  process.kill(-(child.pid as number), "SIGKILL");
  await ended;
}

async function freePort(): Promise<number> {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as net.AddressInfo;
  taken.close();
  await once(taken, "close");
  return port;
}

/** Resolves when a request is answered. */
async function answered(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    const answer = new Promise<boolean>((resolve) => {
      socket.on("data", () => resolve(true));
      socket.on("close", () => resolve(false));
      socket.on("error", () => resolve(false));
    });
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    if (await answer) return;
    await wait(1);
  }
}

/** Milliseconds of processor time that a process group has had. */
function cpuTime({ child }: Started): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    } catch {
      continue; // it has ended
    }
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[2]) === child.pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_MILLISECONDS;
}

interface Measured {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds of processor time a request. */
  readonly cpu: number;
}

async function measure(one: Started, duration: number): Promise<Measured> {
  const before = cpuTime(one);
  const result = await load.run({ scheme: "http", reconnect: false }, one.port, duration, CONNECTIONS, []);
  return {
    rate: result.requests / result.seconds,
    cpu: ((cpuTime(one) - before) * 1000) / result.requests,
  };
}

/** Both serve all the time; rounds of load alternate between them. */
async function compareUnderLoad(
  title: string,
  [one, other]: readonly [readonly string[], readonly string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  console.log(`\n${title}: ${load.name}, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
  const both = [await start(one, env), await start(other, env)] as const;
  for (const each of both) {
    await answered(each.port);
    await measure(each, 1); // warm up
  }
  const pairs: [Measured, Measured][] = [];
  for (let round = 0; round < rounds; round++) {
    const pair: Measured[] = [];
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) pair[index] = await measure(both[index] as Started, seconds);
    const [a, b] = pair as [Measured, Measured];
    pairs.push([a, b]);
    console.log(
      `round ${round + 1}: ${Math.round(a.rate)}/s ${a.cpu.toFixed(1)} µs, ${Math.round(b.rate)}/s ${b.cpu.toFixed(1)} µs`,
    );
  }
  console.log(`requests a second × ${summary(pairs.map(([a, b]) => a.rate / b.rate))}`);
  console.log(`processor time a request × ${summary(pairs.map(([a, b]) => a.cpu / b.cpu))}`);
  for (const each of both) await stop(each);
}

async function compareWorkers(): Promise<void> {
  const calibration = spawn(process.execPath, ["busy.mjs"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const [text] = (await once(calibration.stdout, "data")) as [Buffer];
  const command = (count: string): string[] => [
    ...[COMMAND, "-w", count, "-b", "127.0.0.1:{port}", "--access-log", "off", "busy.mjs"],
  ];
  await compareUnderLoad(`Two workers over one, 1 ms a request`, [command("2"), command("1")], {
    BUSY_TIMES: text.toString().trim(),
  });
}

async function compareLog(): Promise<void> {
  const command = (target: string): string[] => [
    ...[COMMAND, "-b", "127.0.0.1:{port}", "--access-log", target, "hello.mjs"],
  ];
  await compareUnderLoad("Access log to a file over none", [command("access.log"), command("off")]);
}

async function compareStart(): Promise<void> {
  const count = rounds * 3;
  console.log(`\nStart to the first answer, ${count} rounds`);
  const once = async (args: readonly string[]): Promise<{ wall: number; cpu: number }> => {
    const begun = performance.now();
    const started = await start(args);
    await answered(started.port);
    const wall = performance.now() - begun;
    const cpu = cpuTime(started);
    await stop(started);
    return { wall, cpu };
  };
  const command = [COMMAND, "-b", "127.0.0.1:{port}", "hello.mjs"];
  const bare = ["bare.mjs", "{port}"];
  await once(command);
  await once(bare);
  const pairs: { wall: number; cpu: number }[][] = [];
  for (let round = 0; round < count; round++) {
    const pair: { wall: number; cpu: number }[] = [];
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) pair[index] = await once(index === 0 ? command : bare);
    pairs.push(pair);
  }
  const middle = (index: number, key: "wall" | "cpu"): string =>
    median(pairs.map((pair) => pair[index]?.[key] as number)).toFixed(0);
  console.log(`wsgi ${middle(0, "wall")} ms, ${middle(0, "cpu")} ms of processor time`);
  console.log(`node:http ${middle(1, "wall")} ms, ${middle(1, "cpu")} ms of processor time`);
  console.log(`time × ${summary(pairs.map(([a, b]) => (a?.wall as number) / (b?.wall as number)))}`);
  console.log(`processor time × ${summary(pairs.map(([a, b]) => (a?.cpu as number) / (b?.cpu as number)))}`);
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  workers: compareWorkers,
  start: compareStart,
  log: compareLog,
};
console.log(`Node ${process.version}`);
for (const [name, compare] of Object.entries(parts)) if (what === "all" || what === name) await compare();
