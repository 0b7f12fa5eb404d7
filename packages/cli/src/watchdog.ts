// A thread beside the one that serves. It notices when the event loop has been stuck for too long, writes which requests
// it holds and where it is, and ends the process; the supervisor starts another one.
//
// What is in flight is asked of the stuck thread itself, by the inspector: it pauses JavaScript wherever it is. That costs
// nothing while all is well. Code that is stuck outside of JavaScript (a synchronous call of the system) cannot be
// paused: then only that is said.

import { writeSync } from "node:fs";
import { type Debugger, Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import { IN_FLIGHT_SYMBOL, type RequestInFlight } from "./requests-in-flight.ts";

const { beats, timeout, pid } = workerData as { beats: Int32Array; timeout: number; pid: number };
const PAUSE_MILLISECONDS = 2000;
const MAX_FRAMES = 12;
const MAX_REQUESTS = 20;

// Looks are counted, not seconds: while the whole process is stopped (Ctrl-Z, a paused machine), nobody looks.
const lookMilliseconds = Math.min(500, (timeout * 1000) / 4);
let seen = -1;
let looks = 0;
const looking = setInterval(() => {
  const now = Atomics.load(beats, 0);
  looks = now === seen ? looks + 1 : 0;
  seen = now;
  if (looks * lookMilliseconds <= timeout * 1000) return;
  clearInterval(looking);
  void end();
}, lookMilliseconds);

async function end(): Promise<void> {
  say(`(${pid}) the event loop has been stuck for ${timeout} s: this worker is replaced`);
  try {
    await Promise.race([describe(), new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS))]);
  } catch (error) {
    say(`(${pid}) what it does cannot be told: ${error}`);
  }
  process.kill(pid, "SIGKILL");
}

async function describe(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  const urls = new Map<string, string>();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  const paused = new Promise<Debugger.PausedEventDataType>((resolve) =>
    session.once("Debugger.paused", ({ params }) => resolve(params)),
  );
  session.post("Debugger.enable");
  session.post("Debugger.pause");
  const { callFrames } = await paused;
  const [top] = callFrames;
  if (top !== undefined) {
    const expression = `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(IN_FLIGHT_SYMBOL))})]()`;
    const requests = await new Promise<RequestInFlight[]>((resolve, reject) => {
      session.post("Debugger.evaluateOnCallFrame", { callFrameId: top.callFrameId, expression }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(JSON.parse(String(answer.result.value)) as RequestInFlight[]);
      });
    });
    for (const { method, path, client, ageMilliseconds } of requests.slice(0, MAX_REQUESTS)) {
      say(`(${pid})   in flight: ${method} ${path} of ${client} for ${(ageMilliseconds / 1000).toFixed(1)} s`);
    }
    if (requests.length > MAX_REQUESTS) say(`(${pid})   and ${requests.length - MAX_REQUESTS} more`);
  }
  for (const { functionName, location } of callFrames.slice(0, MAX_FRAMES)) {
    const place = `${urls.get(location.scriptId) ?? "unknown"}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
    say(`(${pid})   at ${functionName === "" ? "(anonymous)" : functionName} (${place})`);
  }
}

/** Past the streams of the stuck thread. */
function say(line: string): void {
  writeSync(2, `${line}\n`);
}
