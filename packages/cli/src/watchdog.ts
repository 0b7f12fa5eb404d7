// A thread beside the one that serves. It notices when the event loop has been stuck for too long, writes which requests
// it holds and where it is, and ends the process; the supervisor starts another one.
//
// Which requests, it reads in memory that both threads share. Where, the inspector says: it pauses JavaScript wherever it is.
// Code that is stuck outside of JavaScript (a synchronous call of the system) cannot be paused: then its place is not told.

import { appendFileSync, writeSync } from "node:fs";
import { type Debugger, Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import { InFlightTable } from "./in-flight-table.ts";
import { type Script, sourcePlace } from "./source-place.ts";

/** What this thread is given. */
export interface Watched {
  /** Counted up by the thread that serves. */
  readonly beats: Int32Array;
  /** Of its table of requests. */
  readonly requests: SharedArrayBuffer;
  /** Seconds. */
  readonly timeout: number;
  readonly pid: number;
  /** Where lines go, as the settings say it. */
  readonly errorLog: string;
  readonly logJson: boolean;
}

const { beats, requests, timeout, pid, errorLog, logJson } = workerData as Watched;
const PAUSE_MILLISECONDS = 1000;
const MAX_FRAMES = 12;
const MAX_REQUESTS = 20;
const UNKNOWN: Script = { url: "unknown", sourceMapURL: "" };

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
  tellRequests();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("it is not in JavaScript"), PAUSE_MILLISECONDS);
  });
  const fault = await Promise.race([tellPlace().catch(String), late]);
  clearTimeout(timer);
  if (fault !== undefined) say(`(${pid})   where it is cannot be told: ${fault}`);
  process.kill(pid, "SIGKILL");
}

function tellRequests(): void {
  const table = new InFlightTable(requests);
  const shown = table.list().slice(0, MAX_REQUESTS);
  for (const { text, ageMilliseconds } of shown) {
    const [, request, client] = /^(.*) (\S*)$/s.exec(text) ?? [];
    const from = client === "" ? "" : ` of ${client}`; // nobody has an address on a unix socket
    say(`(${pid})   in flight: ${request}${from} for ${(ageMilliseconds / 1000).toFixed(1)} s`);
  }
  if (table.count > shown.length) say(`(${pid})   and ${table.count - shown.length} more`);
}

async function tellPlace(): Promise<undefined> {
  const session = new Session();
  session.connectToMainThread();
  const scripts = new Map<string, Script>();
  session.on("Debugger.scriptParsed", ({ params: { scriptId, url, sourceMapURL = "" } }) =>
    scripts.set(scriptId, { url, sourceMapURL }),
  );
  const paused = new Promise<Debugger.PausedEventDataType>((resolve) =>
    session.once("Debugger.paused", ({ params }) => resolve(params)),
  );
  session.post("Debugger.enable");
  session.post("Debugger.pause");
  const { callFrames } = await paused;
  for (const { functionName, location } of callFrames.slice(0, MAX_FRAMES)) {
    const { scriptId, lineNumber, columnNumber = 0 } = location;
    const place = sourcePlace(scripts.get(scriptId) ?? UNKNOWN, lineNumber, columnNumber);
    say(`(${pid})   at ${functionName === "" ? "(anonymous)" : functionName} (${place})`);
  }
}

/** Past the streams of the stuck thread. */
function say(message: string): void {
  if (errorLog === "off") return;
  const record = { time: new Date().toISOString(), level: "error", pid, message };
  const line = logJson ? `${JSON.stringify(record)}\n` : `${message}\n`;
  try {
    if (errorLog !== "-") return appendFileSync(errorLog, line);
  } catch {
    // a worker that gave up its rights may not open it
  }
  try {
    writeSync(2, line);
  } catch {
    // nobody reads it, or not fast enough: the worker is ended all the same
  }
}
