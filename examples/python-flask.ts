// A guest book in Flask (python/guestbook.py) behind this server. Its stream of events holds a thread for each listener, so there are
// many; its entries are in memory, so there is one process.
//
//   pip install flask
//   node --import tsx examples/python-flask.ts
//
// The interpreter is that of a virtual environment, or python3; PYTHON names another one.

import { join } from "node:path";
import { listen, server } from "@wsgi/core";
import { pythonApplication } from "@wsgi/python";

const guestbook = pythonApplication({
  app: "guestbook:app",
  cwd: join(import.meta.dirname, "python"),
  python: process.env["PYTHON"],
  threads: 50,
});
await guestbook.ready;

const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), guestbook, { maxBodyBytes: 10_000_000 });
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ by ${guestbook.python.path}`);
