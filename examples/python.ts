// A Python application and one in JavaScript side by side: /clock is answered by Python, everything else here. Both are functions
// (environ, startResponse); post hooks of both run after their responses.
//
//   node --import tsx examples/python.ts
//   curl http://localhost:8090/clock http://localhost:8090/

import { join } from "node:path";
import { type Application, listen, server } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";
import { pythonApplication } from "@wsgi/python";

const clock = pythonApplication({ app: "clock.py", cwd: join(import.meta.dirname, "python") });

const here: Application = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [`JavaScript says: it is ${new Date().toTimeString().slice(0, 8)}\r\n`];
};

/** Gives what is under a path to an application, which is told so by SCRIPT_NAME. */
const application: Application = (environ, startResponse) => {
  if (environ.PATH_INFO !== "/clock" && !environ.PATH_INFO.startsWith("/clock/")) return here(environ, startResponse);
  environ.SCRIPT_NAME = "/clock";
  environ.PATH_INFO = environ.PATH_INFO.slice("/clock".length);
  return clock(environ, startResponse);
};

await clock.ready;
const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), application, { extensions: [postHooks()] });
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);

process.once("SIGTERM", async () => {
  await running.close({ timeout: 10 });
  await clock.close();
});
