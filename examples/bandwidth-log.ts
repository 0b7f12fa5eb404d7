// Accounts bandwidth by what was really sent. Content-Length tells what a client asked for; a post hook finds on its receipt
// what went to the socket until the client had it all, or had enough. On SIGTERM the last accounts are written first.
//
//   node --import tsx examples/bandwidth-log.ts
//   curl -o download http://localhost:8090/        the whole, or Ctrl-C in the middle of it

import { type Application, listen, server } from "@wsgi/core";
import { addPostHook, type PostHookEnviron, postHooks } from "@wsgi/posthooks";

const DOWNLOAD_BYTES = 100_000_000;
const PIECE = Buffer.alloc(64 * 1024, "download ");

let totalBytes = 0;

/** What one response has cost. */
function account(environ: PostHookEnviron, promisedBytes: number): void {
  const {
    bodyBytes,
    totalBytes: sentBytes,
    completed,
    disconnectPhase,
    startTime,
    finishTime,
  } = environ["wsgi.exchange"];
  totalBytes += sentBytes;
  const end = completed ? "completed" : `broken off (${disconnectPhase ?? "by the server"})`;
  const seconds = ((finishTime - startTime) / 1000).toFixed(3);
  console.log(`${environ.REMOTE_ADDR}: ${bodyBytes} of ${promisedBytes} bytes, ${end} after ${seconds} s`);
}

function* download(): Generator<Uint8Array> {
  for (let left = DOWNLOAD_BYTES; left > 0; left -= PIECE.length) yield PIECE.subarray(0, left);
}

const application: Application = (environ, startResponse) => {
  addPostHook(environ, account, [DOWNLOAD_BYTES]);
  startResponse("200 OK", [
    ["Content-Type", "application/octet-stream"],
    ["Content-Length", String(DOWNLOAD_BYTES)],
  ]);
  return download();
};

const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), application, { extensions: [postHooks()] });
process.once("SIGTERM", () => running.close({ timeout: 10 }));
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);

await running.closed;
console.log(`${totalBytes} bytes in all`);
