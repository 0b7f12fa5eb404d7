// Runs a black-box exam of HTTP/1.1, `run.py` in the folder given as argument, against the echo server of the tests.
// Whatever comes behind the folder is the command that runs the server, e.g. `bun`; it is this Node unless given.
// Passes when every case does but those that argued.json argues. The exam is not part of this repository: where the folder
// is absent, the step says so and is skipped.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ECHO_SERVER = "packages/core/test/conformance/echo-server.ts";
const ARGUED = "packages/core/test/conformance/argued.json";
const REPORT = "reports/conformance.json";

const [folder = "", file = process.execPath, ...args] = process.argv.slice(2);
const forTypes = file === process.execPath ? ["--import", "tsx"] : [];
const exam = join(folder, "run.py");
const missing = [exam, ECHO_SERVER].find((path) => !existsSync(path));
if (missing) {
  console.log(`skipped: there is no ${missing}`);
  process.exit(0);
}

const server = spawn(file, [...forTypes, ...args, ECHO_SERVER], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const lines = createInterface({ input: server.stdout, signal: AbortSignal.timeout(30_000) });
  const { value: port } = await lines[Symbol.asyncIterator]().next();
  if (!/^[0-9]+$/.test(port)) throw new Error(`${ECHO_SERVER}: expected the port as its first line, got ${port}`);
  const { error } = spawnSync("python3", [exam, "--port", port, "--json", REPORT], { stdio: "inherit" });
  if (error) throw error;
} finally {
  server.kill();
}

// A case may fail only when it says less than `must` and argued.json says why; one that is argued and passes is stale.
const { results } = JSON.parse(readFileSync(REPORT, "utf8"));
const argued = JSON.parse(readFileSync(ARGUED, "utf8"));
const isArgued = ({ id, class: level }) => id in argued && level !== "must";
const unexplained = results.filter((result) => !result.pass && !isArgued(result));
const stale = results.filter((result) => result.pass && result.id in argued);
for (const { id } of unexplained) console.log(`not argued: ${id}`);
for (const { id } of stale) console.log(`passes, yet ${ARGUED} argues it: ${id}`);
const passed = results.filter((result) => result.pass).length;
const failed = unexplained.length + stale.length;
console.log(`${passed} passed, ${failed} failed, ${results.length - passed - unexplained.length} argued`);
writeFileSync("reports/conformance-counts.json", JSON.stringify({ passed, failed }));
process.exitCode = failed === 0 ? 0 : 1;
