// Runs a black-box exam of HTTP/1.1, `run.py` in the folder given as argument, against the echo server of the tests.
// Passes when every `must` case does and 95 % of the `should` cases. The exam is not part of this repository: where the
// folder is absent, the step says so and is skipped.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ECHO_SERVER = "packages/core/test/conformance/echo-server.ts";
const REPORT = "reports/conformance.json";
const SHOULD_RATIO = 0.95;

const exam = join(process.argv[2] ?? "", "run.py");
const missing = [exam, ECHO_SERVER].find((path) => !existsSync(path));
if (missing) {
  console.log(`skipped: there is no ${missing}`);
  process.exit(0);
}

const server = spawn(process.execPath, ["--import", "tsx", ECHO_SERVER], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const lines = createInterface({ input: server.stdout, signal: AbortSignal.timeout(30_000) });
  const { value: port } = await lines[Symbol.asyncIterator]().next();
  if (!/^[0-9]+$/.test(port)) throw new Error(`${ECHO_SERVER}: expected the port as its first line, got ${port}`);
  const { error } = spawnSync("python3", [exam, "--port", port, "--json", REPORT], { stdio: "inherit" });
  if (error) throw error;
} finally {
  server.kill();
}

const { must, should } = JSON.parse(readFileSync(REPORT, "utf8")).summary;
process.exitCode = must.fail === 0 && should.pass >= SHOULD_RATIO * (should.pass + should.fail) ? 0 : 1;
