// The command with two workers under load, recycled after so many requests and reloaded by HUP again and again: no request may
// fail. Minutes in, the account of the clients out.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMMAND = join(import.meta.dirname, "../../packages/cli/dist/wsgi.js");
const APPLICATION = `
export default (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["app " + process.pid];
};`;
const RELOAD_SECONDS = 5;
const KEEPING_CLIENTS = 8;
const FRESH_CLIENTS = 4;

export interface CommandReport {
  readonly answered: number;
  /** Answers with `Connection: close` to clients that would have gone on. */
  readonly farewells: number;
  readonly reloads: number;
  /** How many processes answered. */
  readonly workers: number;
  readonly failures: readonly string[];
}

export async function soakCommand(minutes: number, say: (line: string) => void): Promise<CommandReport> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-soak-"));
  writeFileSync(join(folder, "app.mjs"), APPLICATION);
  const recycling = ["--max-requests", "2000", "--max-requests-jitter", "500"];
  const args = [COMMAND, "-b", "127.0.0.1:0", "-w", "2", "--access-log", "off", ...recycling, "app.mjs"];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  try {
    const url = await servedAt(() => output, child.stderr);
    return await load(url, minutes, () => child.kill("SIGHUP"), say);
  } finally {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

async function servedAt(output: () => string, stream: NodeJS.ReadableStream): Promise<string> {
  for (;;) {
    const [, url] = / is served on (\S+) \(.*ready/.exec(output()) ?? [];
    if (url !== undefined) return url;
    await once(stream, "data");
  }
}

async function load(
  url: string,
  minutes: number,
  reload: () => void,
  say: (line: string) => void,
): Promise<CommandReport> {
  const until = performance.now() + minutes * 60_000;
  const workers = new Set<string>();
  const failures: string[] = [];
  let [answered, farewells, reloads] = [0, 0, 0];
  const client = async (keepAlive: boolean): Promise<void> => {
    const agent = new http.Agent({ keepAlive, maxSockets: 1 });
    while (performance.now() < until) {
      try {
        const { status, connection, body } = await ask(url, agent);
        if (status !== 200 || !body.startsWith("app ")) failures.push(`${status}: ${body}`);
        else answered++;
        if (keepAlive && connection === "close") farewells++;
        workers.add(body);
      } catch (error) {
        failures.push(String(error));
      }
    }
    agent.destroy();
  };
  const timer = setInterval(() => {
    reload();
    reloads++;
    if (reloads % 6 === 0)
      say(`${answered} answered, ${failures.length} failed, ${workers.size} workers, ${reloads} reloads`);
  }, RELOAD_SECONDS * 1000);
  const kinds = [...Array<boolean>(KEEPING_CLIENTS).fill(true), ...Array<boolean>(FRESH_CLIENTS).fill(false)];
  await Promise.all(kinds.map(client));
  clearInterval(timer);
  return { answered, farewells, reloads, workers: workers.size, failures };
}

function ask(
  url: string,
  agent: http.Agent,
): Promise<{ status: number; connection: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body }),
      );
    });
    request.on("error", reject);
  });
}
