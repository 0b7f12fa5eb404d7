// Streams a response of any length in constant memory: the generator runs only as fast as the client reads.
//
//   node --import tsx examples/streaming.ts
//   curl 'http://localhost:8090/?lines=5'
//   curl --limit-rate 10K 'http://localhost:8090/?lines=1000000000' >/dev/null     then Ctrl-C, and look at the count

import { type Application, listen, server } from "@wsgi/core";

async function* lines(count: number): AsyncGenerator<string> {
  let made = 0;
  try {
    while (made < count) yield `line ${++made}\n`;
  } finally {
    // Reached in every case: the server closes the generator when the client leaves.
    console.log(`made ${made} of ${count} lines`);
  }
}

const application: Application = (environ, startResponse) => {
  const count = Number(new URLSearchParams(environ.QUERY_STRING).get("lines") ?? 10);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return lines(count);
};

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
