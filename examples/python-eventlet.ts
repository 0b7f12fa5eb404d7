// A program that was written for eventlet, python/bandwidth.py, as it is: what it gives to wsgi.server() is served here. It needs no
// eventlet for that. The address, TLS and the options of the server are this program's.
//
//   node --import tsx examples/python-eventlet.ts
//   curl -o download http://localhost:8090/10000        the whole, or Ctrl-C in the middle of it

import { join } from "node:path";
import { listen, server } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";
import { pythonApplication } from "@wsgi/python";

const bandwidth = pythonApplication({
  app: "bandwidth.py",
  cwd: join(import.meta.dirname, "python"),
  python: process.env["PYTHON"],
  threads: 10,
});
await bandwidth.ready;

const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), bandwidth, { extensions: [postHooks()] });
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
