// A Python application of bench/servers/python by @wsgi/python. Called as `python.ts PORT FOLDER MODULE INTERPRETER THREADS`.

import { join } from "node:path";
import { listen, server } from "@wsgi/core";
import { pythonApplication } from "@wsgi/python";

const [, , port, , module = "application", python, threads] = process.argv;
const application = pythonApplication({
  app: `${module}:application`,
  cwd: join(import.meta.dirname, "python"),
  python,
  threads: Number(threads),
});
await application.ready;
server(listen(["127.0.0.1", Number(port)]), application, { accessLog: false });
