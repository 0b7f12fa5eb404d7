// One server on two listeners: a port for everybody and a unix socket for this user alone.
//
//   node --import tsx examples/two-listeners.ts
//   curl http://localhost:8090/
//   curl --unix-socket <the path it prints> http://localhost/

import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Application, listen, server } from "@wsgi/core";

const application: Application = ({ REMOTE_ADDR }, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`You came by ${REMOTE_ADDR === "unix" ? "the unix socket" : `TCP from ${REMOTE_ADDR}`}.\r\n`];
};

const port = Number(process.argv[2] ?? 8090);
const path = join(tmpdir(), `two-listeners-${process.pid}.sock`);
const running = server([listen(["", port]), listen(`unix:${path}`, { mode: 0o600 })], application);

// Closing removes the socket's file too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void running.close());

await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
console.log(`Serving on unix:${path}`);
