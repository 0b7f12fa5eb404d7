// Reads an upload piece by piece and tells the client how far it is while the rest still comes. Whatever the size, one
// piece at a time is in memory; what has not been asked for waits with the client. More than 1 GiB is answered with 413.
//
//   node --import tsx examples/upload-with-progress.ts
//   head -c 50M /dev/urandom | curl -N --limit-rate 10M -T - http://localhost:8090/

import { createHash } from "node:crypto";
import { type Application, type Input, listen, server } from "@wsgi/core";

const MEGABYTE = 1024 * 1024;

async function* receive(input: Input, first: Buffer): AsyncGenerator<string> {
  const hash = createHash("sha256");
  let received = 0;
  for (let piece = first; piece.length > 0; piece = await input.read(MEGABYTE)) {
    hash.update(piece);
    received += piece.length;
    yield `received ${received} bytes\n`;
  }
  yield `sha256 ${hash.digest("hex")}\n`;
}

const application: Application = async (environ, startResponse) => {
  const input = environ["wsgi.input"];
  const first = await input.read(MEGABYTE); // before the response starts: it sends `100 Continue` to those who wait for it
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return receive(input, first);
};

const options = { maxBodyBytes: 1024 * MEGABYTE };
const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application, options);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
