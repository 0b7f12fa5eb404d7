// Ends well: on SIGINT or SIGTERM the server accepts nothing new, lets running requests finish, and cuts what has not
// finished after ten seconds. A second signal cuts at once.
//
//   node --import tsx examples/graceful-shutdown.ts
//   head -c 5M /dev/zero | curl --limit-rate 1M -T - http://localhost:8090/        and Ctrl-C the server meanwhile

import { type Application, listen, server } from "@wsgi/core";

const application: Application = async (environ, startResponse) => {
  let received = 0;
  for await (const piece of environ["wsgi.input"]) received += piece.length;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`Received ${received} bytes\r\n`];
};

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);

let timeout = 10;
async function shutDown(signal: string): Promise<void> {
  console.log(`${signal}: ${running.counters.active} requests have ${timeout} seconds to finish`);
  const closed = running.close({ timeout });
  timeout = 0;
  const { cut } = await closed;
  process.exitCode = cut === 0 ? 0 : 1;
}
process.on("SIGINT", shutDown);
process.on("SIGTERM", shutDown);

await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);

const { cut } = await running.closed;
console.log(`Closed: ${running.counters.requests} requests served, ${cut} connections cut`);
