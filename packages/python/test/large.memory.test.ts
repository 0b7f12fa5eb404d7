// Bodies that are much larger than what either process may keep of them. The server is a process of its own here: what it keeps
// would not be seen among what the tests themselves hold.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { peakMemory } from "./support/processes.ts";
import { folderForTest, moduleOf } from "./support/python-server.ts";

const BYTES = 1024 * 1024 * 1024;
const ALLOWED = 96 * 1024 * 1024;

const SOURCE = `
def upload(environ, start_response):
    count = 0
    while True:
        block = environ["wsgi.input"].read(100000)
        if not block:
            break
        count += len(block)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(count).encode()]

def download(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(${BYTES / 65536}):
        yield b"x" * 65536
`;

const PROGRAM = `
import { listen, server } from "${join(import.meta.dirname, "../../core/src/index.ts")}";
import { pythonApplication } from "${join(import.meta.dirname, "../src/index.ts")}";
const python = pythonApplication({ app: "module", cwd: process.argv[1], env: { PYTHONPATH: "${join(import.meta.dirname, "support")}" } });
const running = server(listen(["127.0.0.1", 0]), python, { logOutput: false });
await Promise.all([running.ready, python.ready]);
console.log(JSON.stringify({ port: running.addresses[0].port, pid: python.processes[0].pid }));
`;

const PIECE = Buffer.alloc(256 * 1024, "x");

function* pieces(): Generator<Buffer> {
  for (let sent = 0; sent < BYTES; sent += PIECE.length) yield PIECE;
}

test("an upload and a download of 1 GiB are in no memory", async () => {
  const folder = folderForTest();
  folder.write("module.py", moduleOf(SOURCE));
  const program = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", PROGRAM, folder.path], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void program.kill("SIGKILL"));
  const [line] = await once(program.stdout.setEncoding("utf8"), "data");
  const { port, pid } = JSON.parse(line) as { port: number; pid: number };
  const memory = (): number[] => [peakMemory(program.pid as number), peakMemory(pid)];
  const before = memory();
  const grown = (): number => Math.max(...memory().map((bytes, i) => bytes - (before[i] as number)));

  const sent = request({ port, path: "/upload", method: "POST" });
  const answered = once(sent, "response");
  Readable.from(pieces()).pipe(sent);
  const [answer] = await answered;
  expect((await answer.setEncoding("utf8").toArray()).join("")).toBe(String(BYTES));
  expect(grown()).toBeLessThan(ALLOWED);

  const response = await fetch(`http://127.0.0.1:${port}/download`);
  let received = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) received += piece.length;
  expect(received).toBe(BYTES);
  expect(grown()).toBeLessThan(ALLOWED);
});
